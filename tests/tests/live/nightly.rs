//! The examples that put an environment to sleep at night, as each platform runs them, against a real control plane.

use lockstep_tests::kube::Cluster;
use lockstep_tests::kube::verify::deployment;
use lockstep_tests::platforms::{Scratch, act, gitlab_ci_local, pipeline, run};
use lockstep_tests::shim::root;
use serde_json::{Value, json};
use std::fs;

const RELEASE: &str = "@0000000000000000000000000000000000000000";

/// The namespace of the examples, with a Deployment of two pods. Each test has a cluster of its own.
fn dev() -> Cluster {
    let cluster = Cluster::start().unwrap();
    cluster.kubectl(&["create", "namespace", "dev"]).unwrap();
    cluster.apply("dev", &deployment("web", 2, "", &json!({})).to_string()).unwrap();
    cluster
}

fn replicas(cluster: &Cluster) -> Value {
    cluster.get("/apis/apps/v1/namespaces/dev/deployments/web").unwrap()["spec"]["replicas"].clone()
}

fn example(path: &str) -> String {
    fs::read_to_string(root().join("examples").join(path)).unwrap()
}

#[test]
fn github_runs_workload_scale_on_its_schedules() {
    let cluster = dev();
    let scratch = Scratch::new();
    scratch.copy(&["action.yml", "actions", "ci"]);
    let workflow = example("github/nightly-sleep.yml").replace("OWNER/lockstep/", "./").replace(RELEASE, "");
    // The actions are those of the workspace here, which has to be there for that.
    let checkout =
        "    steps:\n      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2\n";
    let workflow = workflow.replace("    steps:\n", checkout);
    assert!(workflow.contains("uses: ./actions/workload-scale #"), "{workflow}");
    scratch.put("work/.github/workflows/nightly.yml", &workflow);
    scratch.commit();
    let kubeconfig = fs::read_to_string(cluster.kubeconfig()).unwrap();
    for (schedule, count) in [("0 19 * * 1-5", 0), ("0 6 * * 1-5", 2)] {
        let mut act = act(&scratch, "schedule", &json!({"schedule": schedule}));
        let log = run(act.args(["-s", "DEV_KUBECONFIG"]).env("DEV_KUBECONFIG", &kubeconfig));
        assert_eq!(replicas(&cluster), count, "{log}");
        assert!(!log.contains(&cluster.context().token), "{log}");
    }
}

#[test]
fn gitlab_runs_one_of_two_jobs_for_each_schedule() {
    let cluster = dev();
    let scratch = Scratch::new();
    scratch.copy(&["templates"]);
    let commit = scratch.commit();
    let project = format!("gitlab.example.com/group/project/workload-scale@{commit}");
    let pipeline = example("gitlab/nightly-sleep.yml")
        .replace(&format!("$CI_SERVER_FQDN/OWNER/lockstep/workload-scale{RELEASE}"), &project);
    scratch.put("work/.gitlab-ci.yml", &pipeline);
    for (night, count) in [("begins", 0), ("ends", 2)] {
        let mut local = gitlab_ci_local(&scratch);
        local.args(["--variable", &format!("NIGHT={night}")]);
        local.arg("--variable").arg(format!("KUBECONFIG={}", cluster.kubeconfig().display()));
        let log = run(&mut local);
        assert_eq!(replicas(&cluster), count, "{log}");
    }
}

#[test]
fn jenkins_runs_workload_scale_with_the_parameters_of_its_trigger() {
    let cluster = dev();
    let scratch = Scratch::new();
    let text = example("jenkins/nightly-sleep.Jenkinsfile");
    assert!(text.contains("workloadScale(targets: ['--all'], namespace: ['dev'], to: params.TO)"), "{text}");
    for (to, count) in [("0", 0), ("restore", 2)] {
        let arguments = json!({"targets": ["--all"], "namespace": ["dev"], "to": to});
        run(pipeline(&scratch, "workloadScale", &arguments).env("KUBECONFIG", cluster.kubeconfig()));
        assert_eq!(replicas(&cluster), count);
        let result: Value = serde_json::from_str(&scratch.read("out/result.json")).unwrap();
        assert_eq!(result["outputs"]["changed"], 1, "{result}");
    }
}
