//! Tests of the limits of a call and of a run.

use super::server::{ScriptedServer, answer};
use super::*;

#[test]
fn the_host_keeps_a_body_up_to_the_maximum() {
    let server = ScriptedServer::doing(answer(&[b'x'; 100_000]));
    let url = format!("http://127.0.0.1:{}/", server.port());
    let mut web = run(local(), &[]);
    for (max, length, cut) in [(0, 0, true), (1, 1, true), (99_999, 99_999, true), (100_000, 100_000, false)]
    {
        let response = answered(&mut web, &url, get(5000, max, &[]));
        assert_eq!((response.body.len(), response.truncated), (length, cut), "{max}");
    }
    let empty = ScriptedServer::doing(answer(b""));
    assert!(!answered(&mut web, &format!("http://127.0.0.1:{}/", empty.port()), get(5000, 0, &[])).truncated);
}

#[test]
fn a_body_without_end_is_cut() {
    let mut steps = vec![server::say("HTTP/1.1 200 OK\r\n\r\n")];
    steps.extend((0..1000).map(|_| server::ServerStep::Say(vec![b'x'; 100_000])));
    let server = ScriptedServer::doing(steps);
    let response = answered(
        &mut run(local(), &[]),
        &format!("http://127.0.0.1:{}/", server.port()),
        get(9000, 5000, &[]),
    );
    assert_eq!((response.body.len(), response.truncated), (5000, true));
}

#[test]
fn a_run_sends_a_bounded_number_of_bytes() {
    let server = ScriptedServer::doing(answer(b""));
    let base = format!("http://127.0.0.1:{}/", server.port());
    let mut web = run(local(), &[]);
    web.limits.request_bytes = 10_000;
    let url = format!("{base}?{}", "x".repeat(3000));
    for _ in 0..2 {
        answered(&mut web, &url, get(2000, 10, &[("x-a", &"y".repeat(1500))]));
    }
    assert!(matches!(send_one(&mut web, &url, get(2000, 10, &[])), Err(CallError::LimitExceeded(_))));
    assert!(matches!(send_one(&mut web, &base, get(2000, 10, &[])), Err(CallError::LimitExceeded(_))));
    assert_eq!(server.heads().len(), 2);
}

#[test]
fn timeouts_sizes_and_counts_have_bounds() {
    let server = ScriptedServer::doing(answer(b""));
    let url = format!("http://127.0.0.1:{}/", server.port());
    let mut web = run(local(), &[]);
    for (timeout_ms, max) in
        [(0, 10), (300_001, 10), (u32::MAX, 10), (10, 16 * 1024 * 1024 + 1), (10, u32::MAX)]
    {
        let ended = send_one(&mut web, &url, get(timeout_ms, max, &[]));
        assert!(matches!(ended, Err(CallError::Invalid(_))), "{timeout_ms} {max}: {ended:?}");
    }
    let grants = [("get", url.as_str())];
    let many = |count: usize, max| (0..count).map(|_| (url.as_str(), get(2000, max, &[]))).collect();
    let ended = send_granted(&mut web, &grants, many(101, 1)).unwrap();
    assert!(
        ended.len() == 101 && ended.iter().all(|ended| matches!(ended, Err(CallError::LimitExceeded(_))))
    );
    let ended = send_granted(&mut web, &grants, many(5, 16 * 1024 * 1024)).unwrap();
    assert!(ended.iter().all(|ended| matches!(ended, Err(CallError::Invalid(_)))));
    assert!(server.heads().is_empty());
}

#[test]
fn results_are_in_order_and_an_invalid_request_stops_no_other() {
    let server = ScriptedServer::answering(|head| {
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let number: u64 = path.trim_start_matches('/').parse().unwrap_or_default();
        let mut steps = vec![server::ServerStep::Wait((100 - number) / 4)];
        steps.extend(answer(path.as_bytes()));
        steps
    });
    let base = format!("http://127.0.0.1:{}", server.port());
    let urls: Vec<String> = (0..100).map(|number| format!("{base}/{number}")).collect();
    let request = |index| get(9000, 10, if index == 50 { &[("host", "x")] } else { &[] });
    let requests = urls.iter().enumerate().map(|(index, url)| (url.as_str(), request(index))).collect();
    let ended = send_granted(&mut run(local(), &[]), &[("get", &format!("{base}/"))], requests).unwrap();
    for (index, ended) in ended.into_iter().enumerate() {
        match ended {
            Err(CallError::Invalid(_)) if index == 50 => {}
            Ok(Ok(response)) => assert_eq!(response.body, format!("/{index}").as_bytes()),
            other => panic!("{index}: {other:?}"),
        }
    }
    assert_eq!(server.heads().len(), 99);
}
