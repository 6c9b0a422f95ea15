//! What a run may receive and follow, against a server that says what a test wants. It looks at no object.

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

/// What each object takes at least, in bytes.
const EACH: usize = 1000;
const PATIENT: u32 = 10_000;
/// What each object holds of the job's.
const SECRET: &str = "hunter2-of-the-job";

/// A server with so many Pods. Watches of them say nothing and do not end.
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
        json!({"metadata": metadata, "spec": {"text": "x".repeat(EACH), "env": [variable]}})
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
    // As `connect` has it.
    config.default_retry = false;
    let client = {
        let _inside = runtime.enter();
        bound::client(config).unwrap()
    };
    let connected = Connected {
        client,
        namespace: "shop".to_owned(),
        known: Arc::default(),
        warnings: Vec::new(),
        plugin: None,
    };
    connected.known.add(SECRET);
    let mut cluster = Cluster::new(Connection::default(), &limits, false);
    cluster.reached = Some(Reached { runtime, connected, kinds: Kinds::default() });
    cluster
}

/// A call with the permit for this.
fn permitted<T>(
    target: RawTarget<'_>,
    act: impl FnOnce(&Permit) -> Result<Answer<T>, CallError>,
) -> Result<T, CallError> {
    let capability = Capability::Cluster;
    let permission = Permission::parse(capability, "read shop/*").unwrap();
    let grant = Grant { requested: vec![permission], ceilings: vec![] };
    let request = CallRequest::new(capability, "get", target);
    Gate::new(grant, Limits::default()).call(request, act)
}

fn watch(cluster: &mut Cluster, selections: usize) -> Result<Following, CallError> {
    let targets = vec!["shop/Pod/*".to_owned(); selections];
    let selectors = vec![Selector::default(); selections];
    permitted(RawTarget::Resources(&targets), |permit| cluster.watch(permit, &selectors))
}

/// How many objects come until all have.
fn objects(cluster: &mut Cluster, following: &mut Following) -> Result<usize, CallError> {
    let mut count = 0;
    loop {
        for change in cluster.next(following, PATIENT)? {
            match change.event {
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

fn few_bytes(most: usize) -> Limits {
    Limits { watched_bytes: most as u64, ..Limits::default() }
}

fn few_objects(most: usize) -> Limits {
    Limits { watched_objects: most, ..Limits::default() }
}

#[test]
fn more_bytes_than_a_run_may_receive_end_the_call() {
    let mut all = cluster(3, few_bytes(4 * EACH));
    let mut following = watch(&mut all, 1).unwrap();
    assert_eq!(objects(&mut all, &mut following), Ok(3));

    let mut less = cluster(3, few_bytes(2 * EACH));
    let mut following = watch(&mut less, 1).unwrap();
    assert_eq!(objects(&mut less, &mut following).unwrap_err().word(), "limit-exceeded");
    // And so does every later one.
    assert_eq!(less.next(&mut following, 0).unwrap_err().word(), "limit-exceeded");
}

#[test]
fn what_is_followed_anew_or_looked_at_counts_as_well() {
    let mut cluster = cluster(3, few_bytes(8 * EACH));
    for round in 0..3 {
        let mut following = watch(&mut cluster, 1).unwrap();
        let seen = objects(&mut cluster, &mut following);
        assert_eq!(seen.is_ok(), round < 2, "{round}: {seen:?}");
    }
    let mut cluster = self::cluster(3, few_bytes(2 * EACH + EACH / 2));
    let mut get = || permitted(RawTarget::Resource("shop/Pod/web-0"), |permit| cluster.get(permit));
    assert!(get().is_ok_and(|json| json.contains("TOKEN") && !json.contains(SECRET)) && get().is_ok());
    assert_eq!(get().unwrap_err().word(), "limit-exceeded");
}

#[test]
fn more_objects_than_a_run_may_follow_end_the_call() {
    let mut enough = cluster(6, few_objects(6));
    let mut following = watch(&mut enough, 1).unwrap();
    assert_eq!(objects(&mut enough, &mut following), Ok(6));

    let mut few = cluster(6, few_objects(5));
    let mut following = watch(&mut few, 1).unwrap();
    let started = Instant::now();
    assert_eq!(objects(&mut few, &mut following).unwrap_err().word(), "limit-exceeded");
    assert!(started.elapsed() < Duration::from_secs(5), "it is told at once");
}

#[test]
fn objects_count_over_all_that_is_followed_at_once() {
    let mut cluster = cluster(3, few_objects(6));
    for _ in 0..4 {
        // One after the other they are never more than three.
        let mut following = watch(&mut cluster, 1).unwrap();
        assert_eq!(objects(&mut cluster, &mut following), Ok(3));
    }
    let mut kept: Vec<_> = (0..3).map(|_| watch(&mut cluster, 1).unwrap()).collect();
    let seen: Result<Vec<_>, _> = kept.iter_mut().map(|following| objects(&mut cluster, following)).collect();
    assert_eq!(seen.unwrap_err().word(), "limit-exceeded");
}

#[test]
fn so_many_selections_are_followed_at_once_however_they_were_begun() {
    let mut cluster = cluster(0, Limits::default());
    assert_eq!(watch(&mut cluster, SELECTIONS + 1).err().unwrap().word(), "invalid");
    let some = watch(&mut cluster, SELECTIONS - 1).unwrap();
    let _one = watch(&mut cluster, 1).unwrap();
    assert_eq!(watch(&mut cluster, 1).err().unwrap().word(), "limit-exceeded");
    drop(some);
    assert!(watch(&mut cluster, SELECTIONS - 1).is_ok());
}
