//! Tests: the limits of a run for bytes, objects and selections, against a small server of a cluster.

use super::*;
use lockstep_model::call::{CallRequest, RawTarget};
use lockstep_model::capability::Capability;
use lockstep_model::gate::Gate;
use lockstep_model::grant::{Grant, Permission};
use serde_json::json;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

mod endless;

/// The least size of an object, in bytes.
const OBJECT_BYTES: usize = 1000;
const TIMEOUT_MS: u32 = 10_000;
/// The secret of the job in each object.
const SECRET: &str = "hunter2-of-the-job";

/// A server with this number of pods. Its watches send nothing and do not end.
fn server(pods: usize) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(&stream, pods));
        }
    });
    address
}

fn serve(mut stream: &TcpStream, pods: usize) -> Option<()> {
    let pod = |number: usize| {
        let metadata =
            json!({"name": format!("web-{number}"), "uid": number.to_string(), "resourceVersion": "1"});
        let variable = json!({"name": "TOKEN", "value": SECRET});
        json!({"metadata": metadata, "spec": {"text": "x".repeat(OBJECT_BYTES), "env": [variable]}})
    };
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    while let Some(first) = lines.next() {
        let _head: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        if first.contains("watch=") {
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).ok()?;
            thread::sleep(Duration::from_secs(60));
            return None;
        }
        let items: Vec<_> = (0..pods).map(pod).collect();
        let one = || json!({"apiVersion": "v1", "kind": "Pod", "metadata": pod(0)["metadata"], "spec": pod(0)["spec"]});
        let list = || json!({"apiVersion": "v1", "kind": "PodList", "metadata": {"resourceVersion": "1"}, "items": items});
        let body = if first.contains("/pods/") { one() } else { list() }.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).ok()?;
    }
    None
}

fn cluster(pods: usize, limits: Limits) -> Cluster {
    reaching(&server(pods), limits)
}

/// A cluster at this address.
fn reaching(address: &str, limits: Limits) -> Cluster {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build().unwrap();
    let mut config = kube::Config::new(address.parse().unwrap());
    // Like `connect`.
    config.default_retry = false;
    let kube = {
        let _inside = runtime.enter();
        answer_limits::client(config).unwrap()
    };
    let client = ClusterClient {
        kube,
        namespace: "shop".to_owned(),
        secrets: Arc::default(),
        warnings: Vec::new(),
        plugin: None,
    };
    client.secrets.add(SECRET);
    let mut cluster = Cluster::new(ClusterConfig::default(), &limits, false);
    cluster.connection = Some(ClusterConnection { runtime, client, kinds: KindCache::default() });
    cluster
}

/// A call with a permit for the target.
fn permitted<T>(
    target: RawTarget<'_>,
    act: impl FnOnce(&Permit) -> Result<Answer<T>, CallError>,
) -> Result<T, CallError> {
    let capability = Capability::Cluster;
    let permission = Permission::parse(capability, "read shop/*").unwrap();
    let grant = Grant { requested: vec![permission], ceilings: vec![], policy: None };
    let request = CallRequest::new(capability, "get", target);
    Gate::new(grant, Limits::default()).call(request, act)
}

fn start_watch(cluster: &mut Cluster, selections: usize) -> Result<ObjectWatch, CallError> {
    let targets = vec!["shop/Pod/*".to_owned(); selections];
    let selectors = vec![Selector::default(); selections];
    permitted(RawTarget::Resources(&targets), |permit| cluster.watch(permit, &selectors))
}

/// The number of objects that come before the watch is complete.
fn objects(cluster: &mut Cluster, watch: &mut ObjectWatch) -> Result<usize, CallError> {
    let mut count = 0;
    loop {
        for event in cluster.next(watch, TIMEOUT_MS)? {
            match event.event {
                Event::Updated(json) => {
                    assert!(json.contains("TOKEN") && !json.contains(SECRET), "{json}");
                    count += 1;
                }
                Event::Synced => return Ok(count),
                other => panic!("{other:?}"),
            }
        }
    }
}

fn few_bytes(max: usize) -> Limits {
    Limits { watched_bytes: max as u64, ..Limits::default() }
}

fn few_objects(max: usize) -> Limits {
    Limits { watched_objects: max, ..Limits::default() }
}

#[test]
fn more_bytes_than_a_run_may_receive_end_the_call() {
    let mut all = cluster(3, few_bytes(4 * OBJECT_BYTES));
    let mut watch = start_watch(&mut all, 1).unwrap();
    assert_eq!(objects(&mut all, &mut watch), Ok(3));

    let mut less = cluster(3, few_bytes(2 * OBJECT_BYTES));
    let mut watch = start_watch(&mut less, 1).unwrap();
    assert_eq!(objects(&mut less, &mut watch).unwrap_err().word(), "limit-exceeded");
    // Every later call fails, too.
    assert_eq!(less.next(&mut watch, 0).unwrap_err().word(), "limit-exceeded");
}

#[test]
fn objects_of_another_watch_and_of_get_count_too() {
    let mut cluster = cluster(3, few_bytes(8 * OBJECT_BYTES));
    for round in 0..3 {
        let mut watch = start_watch(&mut cluster, 1).unwrap();
        let seen = objects(&mut cluster, &mut watch);
        assert_eq!(seen.is_ok(), round < 2, "{round}: {seen:?}");
    }
    let mut cluster = self::cluster(3, few_bytes(2 * OBJECT_BYTES + OBJECT_BYTES / 2));
    let mut get = || permitted(RawTarget::Resource("shop/Pod/web-0"), |permit| cluster.get(permit));
    assert!(get().is_ok_and(|json| json.contains("TOKEN") && !json.contains(SECRET)) && get().is_ok());
    assert_eq!(get().unwrap_err().word(), "limit-exceeded");
}

#[test]
fn more_objects_than_a_run_may_watch_end_the_call() {
    let mut enough = cluster(6, few_objects(6));
    let mut watch = start_watch(&mut enough, 1).unwrap();
    assert_eq!(objects(&mut enough, &mut watch), Ok(6));

    let mut few = cluster(6, few_objects(5));
    let mut watch = start_watch(&mut few, 1).unwrap();
    let started = Instant::now();
    assert_eq!(objects(&mut few, &mut watch).unwrap_err().word(), "limit-exceeded");
    assert!(started.elapsed() < Duration::from_secs(5), "the call fails at once");
}

#[test]
fn objects_count_over_all_watches_at_once() {
    let mut cluster = cluster(3, few_objects(6));
    for _ in 0..4 {
        // One after the other, the watches have three objects at most.
        let mut watch = start_watch(&mut cluster, 1).unwrap();
        assert_eq!(objects(&mut cluster, &mut watch), Ok(3));
    }
    let mut saved: Vec<_> = (0..3).map(|_| start_watch(&mut cluster, 1).unwrap()).collect();
    let seen: Result<Vec<_>, _> = saved.iter_mut().map(|watch| objects(&mut cluster, watch)).collect();
    assert_eq!(seen.unwrap_err().word(), "limit-exceeded");
}

#[test]
fn selections_count_over_all_watches_at_once() {
    let mut cluster = cluster(0, Limits::default());
    assert_eq!(start_watch(&mut cluster, MAX_SELECTIONS + 1).err().unwrap().word(), "invalid");
    let some = start_watch(&mut cluster, MAX_SELECTIONS - 1).unwrap();
    let _one = start_watch(&mut cluster, 1).unwrap();
    assert_eq!(start_watch(&mut cluster, 1).err().unwrap().word(), "limit-exceeded");
    drop(some);
    assert!(start_watch(&mut cluster, MAX_SELECTIONS - 1).is_ok());
}
