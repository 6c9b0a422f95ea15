//! A hostile component that is granted some files and one kind of branch of one repository. Whatever it names, others are
//! not read, and nothing of them changes.

use lockstep_tests::git::git;
use lockstep_tests::support::{ProgramOutput, Scene, assert_no_secret, hostile};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

/// Two repositories of the same content, one of which is granted.
struct Place {
    scene: Scene,
}

impl Place {
    fn new() -> Self {
        let place = Self { scene: Scene::new() };
        let outside = place.scene.path("outside");
        git(&outside, &["init", "--quiet", "--bare", "--initial-branch=main", "bare"]);
        let work = outside.join("work");
        git(&outside, &["clone", "--quiet", "bare", "work"]);
        for (path, text) in
            [("envs/prod/web.yaml", "prod\n"), ("envs/dev/web.yaml", "dev\n"), ("secret.txt", "canary\n")]
        {
            fs::create_dir_all(work.join(path).parent().unwrap()).unwrap();
            fs::write(work.join(path), text).unwrap();
        }
        std::os::unix::fs::symlink("../../secret.txt", work.join("envs/prod/link.yaml")).unwrap();
        git(&work, &["add", "--all"]);
        git(&work, &["commit", "--quiet", "--message", "first"]);
        git(&work, &["push", "--quiet", "origin", "HEAD:main"]);
        git(&outside, &["clone", "--quiet", "--bare", "bare", "other"]);
        fs::remove_dir_all(&work).unwrap();
        place
    }

    fn bare(&self) -> PathBuf {
        self.scene.path("outside/bare")
    }

    fn head(&self) -> String {
        git(&self.bare(), &["rev-parse", "main"])
    }

    /// All branches of both repositories.
    fn branches(&self) -> String {
        let all = |name: &str| git(&self.scene.path("outside").join(name), &["for-each-ref"]);
        all("bare") + "\n--\n" + &all("other")
    }

    /// Runs an attack; `REPO` in a word stands for the repository that is granted, `HEAD` for its newest commit.
    fn attack(&self, act: &str, word: &str) -> ProgramOutput {
        let repository = format!("file://{}", self.bare().display());
        let rights = json!({"repository": [
            format!("read {repository}//envs/prod/**"), format!("commit {repository}//envs/prod/**"),
            format!("push {repository}#promote/**"),
        ]});
        let word = word.replace("REPO", &repository).replace("HEAD", &self.head());
        let run =
            self.scene.allowed(&hostile("repositories"), &rights, "").args(["--act", act, "--words", &word]);
        let ended = run.end();
        assert_no_secret(&self.scene, &ended);
        ended
    }
}

fn said(ended: &ProgramOutput) -> Value {
    ended.expect(0, "done")["outputs"]["said"].clone()
}

#[test]
fn the_host_executes_granted_calls() {
    let place = Place::new();
    assert_eq!(said(&place.attack("read", "REPO|HEAD|envs/prod/web.yaml")), json!(["5"]));
    assert!(
        said(&place.attack("files", "REPO|HEAD|envs/prod/**"))[0]
            .as_str()
            .unwrap()
            .contains("envs/prod/web.yaml")
    );
    assert_eq!(said(&place.attack("push", "REPO|promote/web|")), json!(["Outcome::Applied"]));
    assert_eq!(git(&place.bare(), &["show", "promote/web:envs/prod/web.yaml"]), "mine");
}

#[test]
fn attack_20_a_run_reads_and_changes_only_what_its_grant_names() {
    for (act, word) in [
        ("head", ".|main"),
        ("head", "REPO/|main"),
        ("head", "REPO/../other|main"),
        ("head", "https://example.com/shop/deploy|main"),
        ("head", "ext::sh -c id|main"),
        ("head", "--upload-pack=id|main"),
        ("head", "ssh://-oProxyCommand=id/x|main"),
        ("head", "file:///etc|main"),
        ("tag", ".|v1"),
        ("tag", "REPO/../other|v1"),
        ("tag", "ext::sh -c id|v1"),
        ("files", "REPO|HEAD|**"),
        ("files", "REPO|HEAD|envs/**"),
        ("read", "REPO|HEAD|secret.txt"),
        ("read", "REPO|HEAD|envs/dev/web.yaml"),
        ("read", "REPO|HEAD|envs/prod/../../secret.txt"),
        ("read", "REPO|HEAD|/etc/passwd"),
        ("commit", "REPO|envs/dev/web.yaml|x"),
        ("commit", "REPO|.github/workflows/ci.yml|x"),
        ("commit", "REPO|envs/prod/../dev/web.yaml|x"),
        ("commit", "REPO|envs/prod/.git/config|x"),
        ("push", "REPO|main|head"),
        ("push", "REPO|refs/heads/main|head"),
        ("push", "REPO|promote/../main|head"),
        ("push", "REPO|promote/x:refs/heads/main|"),
        ("push", "REPO|+promote/x|"),
        ("push", "REPO|--force|"),
        ("replace", "REPO|main|head"),
        ("replace", "REPO|promote/../main|HEAD"),
        ("replace", "REPO|promote/x:refs/heads/main|HEAD"),
    ] {
        let place = Place::new();
        let before = place.branches();
        place.attack(act, word).expect(3, "denied");
        assert_eq!(place.branches(), before, "{act} {word}");
    }
}

#[test]
fn attack_20_no_argument_becomes_an_option_or_another_name() {
    for (act, word) in [
        ("read", "REPO|main|envs/prod/web.yaml"),
        ("read", "REPO|--output=x|envs/prod/web.yaml"),
        ("read", "REPO|HEAD^{tree}|envs/prod/web.yaml"),
        ("read", "REPO|HEAD|envs/prod/link.yaml"),
        ("files", "REPO|HEAD~0|envs/prod/**"),
        ("log", "REPO|--all"),
        ("head", "REPO|--all"),
        ("head", "REPO|*"),
        ("tag", "REPO|--all"),
        ("tag", "REPO|*"),
        ("tag", "REPO|../heads/main"),
        ("commit", "REPO|envs/prod/link.yaml|x"),
        ("commit", "REPO|envs/prod/web.yaml/below|x"),
        ("commit", "REPO|envs/prod/web.yaml|prod\n"),
        ("push", "REPO|promote/web|0000000000000000000000000000000000000000"),
        ("theirs", "REPO|promote/web|HEAD"),
    ] {
        let place = Place::new();
        let before = place.branches();
        let said = said(&place.attack(act, word));
        assert!(matches!(said[0].as_str(), Some("invalid" | "not-found")), "{act} {word}: {said}");
        assert_eq!(place.branches(), before, "{act} {word}");
    }
}

#[test]
fn attack_20_commits_that_others_pushed_stay() {
    let place = Place::new();
    let head = place.head();
    git(&place.bare(), &["branch", "promote/web", &head]);
    let before = place.branches();
    // As if it were new.
    let said = said(&place.attack("push", "REPO|promote/web|"));
    assert_eq!(said, json!(["conflict"]));
    assert_eq!(place.branches(), before);
}

#[test]
fn attack_20_a_push_drops_no_commit_of_others() {
    let place = Place::new();
    // The seal lets it take the place of what a run has made.
    assert_eq!(said(&place.attack("push", "REPO|promote/web|")), json!(["Outcome::Applied"]));
    let made = git(&place.bare(), &["rev-parse", "promote/web"]);
    // Within the same second, the run creates the very same commit.
    let replaced = said(&place.attack("replace", "REPO|promote/web|head"));
    assert!([json!(["Outcome::Applied"]), json!(["Outcome::Unchanged"])].contains(&replaced), "{replaced}");
    // Others: on top of it, in its place with its message, and with its content below another parent.
    let tree = git(&place.bare(), &["rev-parse", "main^{tree}"]);
    let message = git(&place.bare(), &["log", "-1", "--format=%B", &made]);
    let on_top = git(&place.bare(), &["commit-tree", &tree, "-p", &made, "-m", "theirs"]);
    let amended = git(&place.bare(), &["commit-tree", &tree, "-p", "main", "-m", &message]);
    let moved =
        git(&place.bare(), &["commit-tree", &format!("{made}^{{tree}}"), "-p", &on_top, "-m", &message]);
    for theirs in [on_top, amended, moved] {
        git(&place.bare(), &["update-ref", "refs/heads/promote/web", &theirs]);
        let before = place.branches();
        let said = said(&place.attack("replace", "REPO|promote/web|head"));
        assert_eq!(said, json!(["invalid"]), "{theirs}");
        // Nor by the name of what was there before, or of several.
        for expected in [&*made, "promote/web", "--all"] {
            let word = format!("REPO|promote/web|{expected}");
            assert_eq!(self::said(&place.attack("replace", &word)), json!(["conflict"]));
        }
        assert_eq!(place.branches(), before);
    }
}
