//! How smoke checks are read, and which answers their parts accept. It makes no request.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common_web;

use common_web::{check_input, response};
use deploy_verify::Check;
use deploy_verify::smoke::{HeaderPattern, JsonValue, Reason, SmokeCheck, StatusRanges, judge};
use lockstep_sdk::InputError;
use lockstep_sdk::http::Response;

const URL: &str = "https://a.example/";

fn record(edit: impl FnOnce(&mut Check)) -> Check {
    let mut record = check_input(URL);
    edit(&mut record);
    record
}

/// Everything that is wrong with a record, without the URL in front.
fn wrong(edit: impl FnOnce(&mut Check)) -> Vec<String> {
    let errors = SmokeCheck::parse(&record(edit)).err().unwrap_or_default();
    let lines = errors.iter().map(InputError::line);
    lines.map(|line| line.split_once("`: ").unwrap().1.to_owned()).collect()
}

fn body(text: &str) -> Response {
    response(200, &[], text)
}

#[test]
fn omitted_fields_have_defaults() {
    let check = SmokeCheck::parse(&record(|_| ())).unwrap();
    assert_eq!((check.consecutive, check.timeout_ms, check.retry_ms), (1, 10_000, 60_000));
    assert_eq!(check.status.to_string(), "2xx");
    assert_eq!((check.request(400_000).timeout_ms, check.request(0).timeout_ms), (300_000, 1));
    let check = SmokeCheck::parse(&record(|record| record.expect_version = Some("1".into()))).unwrap();
    assert_eq!((check.consecutive, check.request(1).max_body_bytes), (3, 1 << 20));
}

#[test]
fn all_invalid_inputs_are_reported_at_once() {
    let lines = wrong(|record| {
        record.url = "ftp://a".into();
        record.send = Some(vec!["x".into(), "a b: c".into(), "Authorization: x".into(), "Proxy-X: y".into()]);
        record.status = Some("200,2x".into());
        record.body = Some(String::new());
        record.header = Some(vec![": x".into()]);
        record.json = Some(vec![".a".into(), ".a.[0]=1".into()]);
        record.expect_version = Some(" ".into());
        record.consecutive = Some(0);
        record.timeout = Some("6m".into());
        record.retry = Some("soon".into());
    });
    let starts = [
        "`url` begins with neither",
        "`send` has `x`, which is not of the form `NAME: VALUE`",
        "`send` has `a b: c`",
        "`send` has the header `authorization`",
        "`send` has the header `proxy-x`",
        "`status` has `2x`, which is not a status code",
        "`body` is empty",
        "`header` has `: x`",
        "`json` has `.a`: `=` is missing after it",
        "`json` has `.a.[0]=1`: `.[` has one character too many",
        "`expect-version` is not a text",
        "`consecutive` is 0",
        "`timeout` is `6m`",
        "`retry`: ",
    ];
    assert_eq!(lines.len(), starts.len(), "{lines:#?}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}");
    }
}

#[test]
fn an_invalid_url_is_rejected() {
    for good in ["http://a", "https://a.example:8443/x?y=%20", "http://10.0.0.1/", "https://[::1]:1/"] {
        assert_eq!(wrong(|record| record.url = good.into()), [""; 0]);
    }
    for bad in ["", "a.example", "http://", "https:///x", "http://:80", "http://A.example", "http://a:b@c/"]
        .into_iter()
        .chain(["http://a/ b", "http://a/\\b", "http://a/#b", "http://a/ü", "http://a/\n", "HTTP://a"])
    {
        assert_eq!(wrong(|record| record.url = bad.into()).len(), 1, "{bad}");
    }
    assert_eq!(wrong(|record| record.url = format!("http://a/{}", "x".repeat(8_000))).len(), 1);
}

#[test]
fn statuses_are_codes_ranges_and_classes() {
    for (text, yes, no) in [
        ("200", vec![200], vec![199, 201]),
        ("2xx", vec![200, 299], vec![199, 300]),
        ("2XX, 404 ,500-502", vec![204, 404, 500, 501, 502], vec![403, 405, 499, 503]),
        ("100-599", vec![100, 599], vec![99]),
    ] {
        let statuses = StatusRanges::parse(text).unwrap();
        assert!(yes.into_iter().all(|code| statuses.accept(code)), "{text}");
        assert!(!no.into_iter().any(|code| statuses.accept(code)), "{text}");
    }
    for text in
        ["", ",", "200,", "20", "2000", "0200", "+20", "600", "099", "6xx", "0xx", "2xx-3xx", "300-200", "2x"]
    {
        assert!(StatusRanges::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_star_in_a_header_matches_any_text() {
    for (pattern, value, fits) in [
        ("a", "a", true),
        ("a", "A", false),
        ("a", "ab", false),
        ("*", "", true),
        ("*", "x", true),
        ("a*", "a", true),
        ("*a", "ba", true),
        ("*a", "ab", false),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "a-c-b", false),
        ("**a**", "a", true),
        ("text/html*", "text/html; charset=utf-8", true),
        ("*ab", "aab", true),
    ] {
        let read = HeaderPattern::parse(&format!("X-H: {pattern}")).unwrap();
        assert_eq!(read.check(&response(200, &[("x-h", value)], "")).is_ok(), fits, "{pattern} {value}");
        assert!(read.check(&body("")).is_err());
    }
    // It takes no longer than their product.
    let read = HeaderPattern::parse(&format!("x: {}b", "*a".repeat(1_000))).unwrap();
    let value = "a".repeat(8_000);
    assert!(read.check(&response(200, &[("x", &value)], "")).is_err());
}

#[test]
fn the_found_json_type_decides_how_the_value_is_compared() {
    let document = serde_json::from_str(
        r#"{"s":"ok","t":"1","q":"\"1\"","n":1,"f":1.50,"big":12345678901234567891,"z":-0.0,"no":null,"yes":true,
            "l":[1,"x"],"o":{"a":1,"b":[2.0]},"e":"","a.b":{"c=d":1},"0":7,
            "checks":[{"name":"db","up":true},{"name":"mq","up":true,"n":3}]}"#,
    )
    .unwrap();
    for (text, fits) in [
        (".s=ok", true),
        (".s=\"ok\"", true),
        (".s=OK", false),
        (".s= ok", false),
        ("s=ok", true),
        ("/s=ok", true),
        (".t=1", true),
        (".t=\"1\"", true),
        (".t=1.0", false),
        (".q=\"\\\"1\\\"\"", true),
        (".q=\"1\"", false),
        (".n=1", true),
        (".n=1.0", true),
        (".n=10e-1", true),
        (".n=\"1\"", false),
        (".n=-1", false),
        (".f=1.5", true),
        (".big=12345678901234567891", true),
        (".big=12345678901234567892", false),
        (".z=0", true),
        (".no=null", true),
        (".yes=true", true),
        (".yes=1", false),
        (".yes=yes", false),
        (".l=[1, \"x\"]", true),
        (".l=[\"x\", 1]", false),
        (".o={\"b\":[2],\"a\":1.0}", true),
        (".o={\"a\":1}", false),
        (".e=", true),
        (".e=\"\"", true),
        (".[\"a.b\"][\"c=d\"]=1", true),
        (".a.b=1", false),
        (".checks[0].up=true", true),
        (".checks[2].up=true", false),
        (".checks[].up=true", true),
        (".checks[].n=3", true),
        (".checks[].name=db", false),
        (".checks[name=mq].up=true", true),
        (".checks[name=xy].up=true", false),
        ("/checks/0/up=true", true),
        ("/0=7", true),
    ] {
        let value = JsonValue::parse(text).unwrap_or_else(|error| panic!("{}", error.line()));
        assert_eq!(value.check(&document).is_ok(), fits, "{text}: {:?}", value.check(&document));
    }
}

#[test]
fn a_version_does_not_match_within_another_version() {
    for (version, text, fits) in [
        ("1.2.3", "1.2.3", true),
        ("1.2.3", "v1.2.3", true),
        ("1.2.3", "<b>web-1.2.3.js</b>", true),
        ("1.2.3", "1.2.30 and (1.2.3).", true),
        ("1.2.3", "it is 1.2.3.", true),
        ("1.2.3", "1.2.30", false),
        ("1.2.3", "11.2.3", false),
        ("1.2.3", "0.1.2.3", false),
        ("1.2.3", "1.2.3.1", false),
        ("1.2.3", "1.2.3-rc.1", false),
        ("1.2.3", "1.2.3+4", false),
        ("1.2.3", "rev1.2.3", false),
        ("abc123", "sha-abc123", true),
        ("abc123", "abc1234", false),
        ("abc123", "fabc123", false),
        ("ü", "aüb ü", true),
        ("ü", "aüb", false),
    ] {
        let check =
            SmokeCheck::parse(&record(|record| record.expect_version = Some(version.into()))).unwrap();
        let judged = judge(&check, &body(text));
        assert_eq!(
            judged.as_ref().err().map(|mismatch| mismatch.reason),
            (!fits).then_some(Reason::Version),
            "{text}"
        );
        assert!(judged.is_ok() || judged.unwrap_err().actual.contains(version));
    }
}

#[test]
fn the_version_is_read_from_the_given_place() {
    let answer = response(200, &[("x-v", " 1.10 ")], r#"{"v":1.1,"w":"1.10"}"#);
    for (at, fits) in [("header X-V", true), ("header x-w", false), ("json .w", true), ("json .v", false)] {
        let check = record(|record| {
            record.expect_version = Some("1.10".into());
            record.version_at = Some(at.into());
        });
        assert_eq!(judge(&SmokeCheck::parse(&check).unwrap(), &answer).is_ok(), fits, "{at}");
    }
    for at in ["", "header", "header a b", "json", "json .a=1", "json ..", "cookie x", "body x"] {
        let lines = wrong(|record| {
            record.expect_version = Some("1".into());
            record.version_at = Some(at.into());
        });
        assert_eq!(lines.len(), 1, "{at}");
    }
    assert!(wrong(|record| record.version_at = Some("body".into()))[0].contains("without `expect-version`"));
    let near = wrong(|record| {
        record.expect_version = Some("1".into());
        record.version_at = Some("heder x-version".into());
    });
    assert!(near[0].contains("invalid `version-at` `heder x-version`: did you mean `header`?"), "{near:?}");
}
