//! The options of the programs of a cluster. All files are in their current folder, all ports on loopback.

const KUBECONFIG: &str = "--kubeconfig=kubeconfig";
/// More than the default, so that a thousand Deployments do not wait for their controllers.
const FAST: [&str; 2] = ["--kube-api-qps=1000", "--kube-api-burst=2000"];

fn all(options: &[&str]) -> Vec<String> {
    options.iter().map(|&option| option.to_owned()).collect()
}

pub(super) fn etcd(port: u16, peers: u16) -> Vec<String> {
    let (url, peers) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{peers}"));
    all(&[
        "--data-dir=etcd",
        // No data has to survive a crash of the machine.
        "--unsafe-no-fsync",
        "--log-level=warn",
        &format!("--listen-client-urls={url}"),
        &format!("--advertise-client-urls={url}"),
        &format!("--listen-peer-urls={peers}"),
        &format!("--initial-advertise-peer-urls={peers}"),
        &format!("--initial-cluster=default={peers}"),
    ])
}

pub(super) fn api_server(port: u16, etcd: u16) -> Vec<String> {
    all(&[
        &format!("--etcd-servers=http://127.0.0.1:{etcd}"),
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        &format!("--secure-port={port}"),
        "--cert-dir=tls",
        // Loopback cannot be an endpoint of the service `kubernetes`, and no test needs this service.
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.32.0.0/16",
        "--service-account-issuer=https://kubernetes.test",
        "--service-account-signing-key-file=sa.key",
        "--service-account-key-file=sa.pub",
        "--token-auth-file=tokens.csv",
        "--authorization-mode=RBAC",
        // No process runs in the pods that could use a token.
        "--disable-admission-plugins=ServiceAccount",
        "--kubelet-preferred-address-types=InternalIP",
        "--audit-policy-file=audit-policy.json",
        "--audit-log-path=audit.log",
        "--audit-log-mode=blocking",
        "--profiling=false",
    ])
}

pub(super) fn controllers() -> Vec<String> {
    let options = [
        KUBECONFIG,
        "--leader-elect=false",
        "--secure-port=0",
        // On a busy machine kwok renews leases late, and then no pod of the node would be ready.
        "--node-monitor-grace-period=1h",
        "--service-account-private-key-file=sa.key",
        "--root-ca-file=tls/apiserver.crt",
        "--concurrent-deployment-syncs=20",
        "--concurrent-replicaset-syncs=20",
    ];
    all(&[&options[..], &FAST].concat())
}

pub(super) fn scheduler() -> Vec<String> {
    all(&[&[KUBECONFIG, "--leader-elect=false", "--secure-port=0"][..], &FAST].concat())
}

pub(super) fn kwok(port: u16) -> Vec<String> {
    all(&[
        KUBECONFIG,
        "--config=kwok.yaml",
        "--v=WARN",
        "--manage-all-nodes=true",
        "--cidr=10.128.0.0/12",
        "--node-ip=127.0.0.1",
        // The port on which kwok answers as the kubelet of every node.
        &format!("--node-port={port}"),
        &format!("--server-address=127.0.0.1:{port}"),
        "--enable-crds=ClusterLogs",
    ])
}
