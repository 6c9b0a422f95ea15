//! What the host makes of single answers: keys in lists, regions, throttling, answers that nobody can read.

use super::store::{Reply, Server};
use super::{list, objects_at, on};
use crate::{AccessKey, Objects, ObjectsConfig, PartInfo, Precondition};
use lockstep_model::call::CallError;
use lockstep_model::limits::Limits;
use lockstep_workspace::hash::Algorithm;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const NAME: &str = "s3://releases/web/a";

fn names(objects: &mut Objects) -> Vec<String> {
    list(objects, None).unwrap().objects.into_iter().map(|object| object.name).collect()
}

fn listed(encoding: &str, keys: &[&str]) -> Reply {
    let keys: String =
        keys.iter().map(|key| format!("<Contents><Key>{key}</Key><Size>1</Size></Contents>")).collect();
    Reply::of(200, &format!("<ListBucketResult>{encoding}{keys}</ListBucketResult>"))
}

#[test]
fn a_list_has_the_keys_as_they_are() {
    let server = Server::new(|request, _| {
        assert_eq!(request.value("encoding-type"), Some("url"), "{request:?}");
        listed("<EncodingType>url</EncodingType>", &["web/new%0Aline+%2B", "web/%FC", "web/%EF%BF%BD"])
    });
    assert_eq!(
        names(&mut objects_at(&server.origin)),
        ["s3://releases/web/new\nline +", "s3://releases/web/\0", "s3://releases/web/\u{fffd}"]
    );
    // A store that does not encode keys writes something else for what XML cannot have.
    let server = Server::new(|_, _| listed("", &["web/new\u{fffd}line", "web/100%25+"]));
    let found = names(&mut objects_at(&server.origin));
    assert_eq!(found, ["s3://releases/web/new\0line", "s3://releases/web/100%25+"]);
}

#[test]
fn the_next_page_starts_after_a_key_that_the_host_can_read() {
    let server = Server::new(|request, _| {
        let (goes_on, encoding) = ("<IsTruncated>true</IsTruncated>", "<EncodingType>url</EncodingType>");
        match request.has("start-after") {
            false => listed(&format!("{encoding}{goes_on}"), &["web/a%0A", "web/b%FC"]),
            true => listed(encoding, &["web/c"]),
        }
    });
    let mut objects = objects_at(&server.origin);
    let next = list(&mut objects, None).unwrap().next.unwrap();
    assert_eq!(next, "s3://releases/web/a\n");
    assert_eq!(list(&mut objects, Some(&next)).unwrap().objects.len(), 1);
    assert_eq!(server.requests()[1].value("start-after"), Some("web%2Fa%0A"));
}

#[test]
fn open_uploads_have_their_keys_as_they_are() {
    let server = Server::new(|request, number| {
        let upload = "<Upload><Key>web/a+%0A</Key><UploadId>id</UploadId></Upload>";
        let page = |rest: &str| {
            let text = format!("<EncodingType>url</EncodingType>{rest}");
            Reply::of(200, &format!("<ListMultipartUploadsResult>{text}</ListMultipartUploadsResult>"))
        };
        assert_eq!(request.value("encoding-type"), Some("url"));
        match number {
            0 => page(&format!(
                "<IsTruncated>true</IsTruncated><NextKeyMarker>web/a+%0A</NextKeyMarker>{upload}"
            )),
            _ => page(""),
        }
    });
    let mut objects = objects_at(&server.origin);
    let open =
        on("multipart", "s3://releases/web/", |permit| objects.list_multipart_uploads(permit)).unwrap();
    assert_eq!(open[0].name, "s3://releases/web/a \n");
    assert_eq!(server.requests()[1].value("key-marker"), Some("web%2Fa%20%0A"));
}

#[test]
fn an_answer_that_nobody_can_read_is_named_as_such() {
    let server = Server::new(|_, _| Reply::of(200, "<ListBucketResult><Contents><Key>a\u{1}</Wrong>"));
    let error = list(&mut objects_at(&server.origin), None).unwrap_err();
    assert_eq!(error.word(), "unavailable", "{error:?}");
    assert!(error.message().contains("cannot read the response"), "{error:?}");
}

/// A store whose bucket is in another region than the default one, and that says so in this way.
fn elsewhere(status: u16, names: fn(Reply) -> Reply) -> Server {
    Server::new(move |request, _| {
        if request.header("authorization").contains("/eu-central-1/s3/") {
            return listed("", &["web/a"]);
        }
        let region = "<Region>eu-central-1</Region>";
        let error = "<Error><Code>AuthorizationHeaderMalformed</Code><Message>wrong region</Message>";
        names(Reply::of(status, &format!("{error}{region}</Error>")))
    })
}

#[test]
fn the_host_follows_a_bucket_to_its_region_and_says_so_once() {
    for (status, names) in [
        (400, (|reply| reply) as fn(Reply) -> Reply),
        (400, |reply| Reply { body: Vec::new(), ..reply }.with("x-amz-bucket-region", "eu-central-1")),
        (301, |reply| Reply { body: Vec::new(), ..reply }.with("x-amz-bucket-region", "eu-central-1")),
    ] {
        let server = elsewhere(status, names);
        let mut objects = objects_at(&server.origin);
        assert_eq!(list(&mut objects, None).unwrap().objects.len(), 1);
        list(&mut objects, None).unwrap();
        // Only the first request went to the wrong region.
        assert_eq!(server.requests().len(), 3);
        let notes: Vec<String> = objects.notes().into_iter().map(|note| note.message).collect();
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(notes[0].contains("in the region `eu-central-1`, not in `us-east-1`"), "{notes:?}");
    }
}

#[test]
fn a_region_that_does_not_help_is_named_in_the_error() {
    for region in ["eu-central-1", "us-east-1"] {
        let server = Server::new(move |_, _| {
            Reply::error(301, "PermanentRedirect", "elsewhere").with("x-amz-bucket-region", region)
        });
        let error = list(&mut objects_at(&server.origin), None).unwrap_err();
        assert!(error.message().contains(&format!("is in the region `{region}`: set `region`")), "{error:?}");
        assert_eq!(server.requests().len(), if region == "us-east-1" { 1 } else { 2 });
    }
    // A text of a server that is no region does not become one.
    let server = Server::new(|_, _| {
        Reply::error(301, "PermanentRedirect", "x").with("x-amz-bucket-region", "evil.example.com/")
    });
    assert!(list(&mut objects_at(&server.origin), None).is_err());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn all_requests_wait_as_long_as_a_server_asks_one_of_them_to() {
    let (times, start) = (std::sync::Arc::new(Mutex::new(Vec::new())), Instant::now());
    let seen = std::sync::Arc::clone(&times);
    let server = Server::new(move |_, number| {
        seen.lock().unwrap().push(start.elapsed());
        match number {
            0..8 => Reply::of(429, "").with("retry-after", "2"),
            _ => listed("", &[]),
        }
    });
    let mut objects = objects_at(&server.origin);
    let names: Vec<String> = (0..20).map(|number| format!("{NAME}{number}")).collect();
    let request = lockstep_model::call::CallRequest::new(
        lockstep_model::capability::Capability::Objects,
        "head-objects",
        lockstep_model::call::RawTarget::Objects(&names),
    );
    let heads = super::gate().call(request, |permit| objects.head_objects(permit)).unwrap();
    assert!(heads.iter().all(Result::is_ok), "{heads:?}");
    let times = times.lock().unwrap();
    let refused = times[7];
    let early =
        times.iter().filter(|time| **time > refused && **time < refused + Duration::from_millis(1900));
    assert_eq!(early.count(), 0, "{times:?}");
    let notes = objects.notes();
    assert!(
        notes.len() == 1 && notes[0].message.contains("(HTTP 429); Lockstep tries again for a while"),
        "{notes:?}"
    );
}

#[test]
fn a_request_that_would_wait_too_long_ends_and_says_how_long() {
    let server = Server::new(|_, _| Reply::error(503, "SlowDown", "later").with("retry-after", "600"));
    let error = list(&mut objects_at(&server.origin), None).unwrap_err();
    assert!(error.word() == "unavailable" && error.message().contains("asks to wait 600 s"), "{error:?}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_retry_is_noted_while_the_call_runs() {
    let server = Server::new(|_, number| match number {
        0..3 => Reply::error(503, "SlowDown", "later"),
        _ => listed("", &[]),
    });
    let mut objects = objects_at(&server.origin);
    let (written, log) = std::sync::mpsc::channel();
    objects.write_notes_with(Box::new(move |note| written.send(note.message.clone()).unwrap()));
    list(&mut objects, None).unwrap();
    let noted: Vec<String> = log.try_iter().collect();
    assert!(noted.len() == 1 && noted[0].contains("failed (HTTP 503, SlowDown)"), "{noted:?}");
}

#[test]
fn a_completion_that_always_fails_in_a_success_ends_within_20_seconds() {
    let failure = "<Error><Code>InternalError</Code><Message>again</Message></Error>";
    let server = Server::new(move |_, _| Reply::of(200, failure));
    let mut objects = objects_at(&server.origin);
    let upload =
        on("multipart", NAME, |permit| objects.resume_multipart_upload(permit, "id", Algorithm::Sha256));
    let part = PartInfo { part_number: 1, size: 1, etag: "x".into(), checksum: None };
    let start = Instant::now();
    let ended = objects.complete(&mut upload.unwrap(), &[part], &Precondition::None).map(|_| ());
    let (error, took) = (ended.unwrap_err(), start.elapsed());
    assert!(error.word() == "unavailable" && error.message().contains("InternalError"), "{error:?}");
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert_eq!(server.requests().len(), 6);
}

/// A run with an endpoint of its own.
fn with(endpoint: &str, change: impl FnOnce(&mut ObjectsConfig)) -> Result<(), CallError> {
    let keys = AccessKey { id: "AKIA".into(), secret: "secret-of-the-key".into(), token: None };
    let mut config =
        ObjectsConfig { endpoint: Some(endpoint.to_owned()), keys: Some(keys), ..ObjectsConfig::default() };
    change(&mut config);
    list(&mut Objects::new(config, &Limits::default(), false), None).map(|_| ())
}

#[test]
fn a_name_that_no_server_has_ends_early() {
    let start = Instant::now();
    let error = with("http://no-such-server.invalid:9000", |_| {}).unwrap_err();
    // A machine without a name server says that it could not ask one.
    if !error.message().contains("Temporary failure") {
        assert!(error.message().contains("there is no server with the name"), "{error:?}");
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}

#[test]
fn credentials_that_cannot_work_are_named_before_the_first_request() {
    let server = Server::new(|_, _| Reply::of(500, ""));
    type Change = fn(&mut ObjectsConfig);
    let (half, other_half, role): (Change, Change, Change) = (
        |config| (config.keys, config.missing_variable) = (None, Some("AWS_SECRET_ACCESS_KEY")),
        |config| (config.keys, config.missing_variable) = (None, Some("AWS_ACCESS_KEY_ID")),
        |config| config.role = Some("upload".into()),
    );
    for (change, word, part) in [
        (half, "unauthorized", "has AWS_ACCESS_KEY_ID, but AWS_SECRET_ACCESS_KEY is not set"),
        (other_half, "unauthorized", "has AWS_SECRET_ACCESS_KEY, but AWS_ACCESS_KEY_ID is not set"),
        (role, "invalid", "expected an ARN such as `arn:aws:iam::123456789012:role/upload`"),
    ] {
        let error = with(&server.origin, change).unwrap_err();
        assert!(error.word() == word && error.message().contains(part), "{error:?}");
    }
    let error = with("minio.example.com", |_| {}).unwrap_err();
    assert!(
        error.word() == "invalid" && error.message().contains("write `https://minio.example.com`"),
        "{error:?}"
    );
    assert!(server.requests().is_empty());
}

#[test]
fn only_amazon_gives_the_warning_about_permanent_keys() {
    let server = Server::new(|_, _| listed("", &[]));
    let mut objects = objects_at(&server.origin);
    list(&mut objects, None).unwrap();
    assert!(objects.notes().is_empty());
}
