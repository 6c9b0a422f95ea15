//! Properties of names, headers, parts, resumed uploads and deletes, for every file, rule, size and store.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use artifact_upload::failure::Code;
use artifact_upload::headers::{HeaderRule, headers_of};
use artifact_upload::inputs::{MaxDelete, Settings};
use artifact_upload::names::{self, Target, is_plain};
use artifact_upload::parts::{MAX_FILE_SIZE, MAX_PARTS, PartLayout, fingerprint};
use artifact_upload::{Inputs, manifest};
use common::{Data, MIB, Model, NOW, TO, inputs};
use lockstep_sdk::objects::{NameValue, PartInfo, PutOptions, Retention, RetentionMode};
use lockstep_sdk::workspace::Algorithm;
use proptest::prelude::*;

fn options(edit: impl FnOnce(&mut PutOptions)) -> PutOptions {
    let mut options = Settings::read(&inputs(&["."]), NOW).unwrap().options;
    edit(&mut options);
    options
}

/// The keys that sources make of these files, or the code of the failure.
fn keys(sources: &[&str], files: &[&str]) -> Result<Vec<String>, Code> {
    let files: Vec<_> = files.iter().zip(1..).map(|(path, content)| (*path, content, 1)).collect();
    let mut model = Model::new(&files);
    model.run(&inputs(sources)).map_err(|stop| stop.failure.code)?;
    Ok(model.keys().into_iter().map(str::to_owned).collect())
}

#[test]
fn a_file_a_folder_and_a_pattern_make_keys() {
    let files =
        ["dist/js/app.js", "dist/js/deep/x.js", "dist/a.css", "dist/.htaccess", "dist/.well-known/s", "top"];
    for (sources, expected) in [
        (vec!["dist/js/app.js"], vec!["app.js"]),
        (vec!["dist/js"], vec!["app.js", "deep/x.js"]),
        (vec!["dist/js/"], vec!["app.js", "deep/x.js"]),
        (vec!["./dist"], vec![".well-known/s", "a.css", "js/app.js", "js/deep/x.js"]),
        (vec!["dist/**/*.js"], vec!["js/app.js", "js/deep/x.js"]),
        (vec!["dist/j*/*.js"], vec!["js/app.js"]),
        (vec!["*/js/*.js"], vec!["dist/js/app.js"]),
        (vec!["dist/a.{css,js}"], vec!["a.css"]),
        (vec!["."], vec!["dist/.well-known/s", "dist/a.css", "dist/js/app.js", "dist/js/deep/x.js", "top"]),
        (vec!["dist/.htaccess"], vec![".htaccess"]),
        (vec!["dist/.well-known"], vec!["s"]),
        (vec!["dist/.well-known/*", "top"], vec!["s", "top"]),
        (vec!["dist", "dist/a.css"], vec![".well-known/s", "a.css", "js/app.js", "js/deep/x.js"]),
    ] {
        assert_eq!(
            keys(&sources, &files),
            Ok(expected.into_iter().map(str::to_owned).collect()),
            "{sources:?}"
        );
    }
    assert_eq!(keys(&["x/a", "y/a"], &["x/a", "y/a"]), Err(Code::BadInput));
    assert_eq!(keys(&["x", "z"], &["x/a", "y/a"]), Err(Code::NoFiles));
    assert_eq!(keys(&[""], &["x/a"]), Err(Code::BadInput));
    assert_eq!(keys(&[], &["x/a"]), Err(Code::BadInput));
    let mut model = Model::new(&[("x/a", 1, MAX_FILE_SIZE + 1)]);
    assert_eq!(model.run(&inputs(&["x"])).unwrap_err().failure.code, Code::BadInput);
}

#[test]
fn links_are_counted_and_listed_and_not_followed() {
    let mut model = Model::new(&[("dist/a", 1, 1)]);
    model.link("dist/latest", "a");
    model.link("dist/out", "../../etc/\"passwd\"");
    let mut given = inputs(&["dist"]);
    given.manifest = "m.json".into();
    assert_eq!(model.run(&given).unwrap().left_out.skipped.len(), 2);
    let Data::Bytes(bytes) = &model.objects[&format!("{TO}m.json")].data else { panic!("no bytes") };
    let sha256 = Data::new(1, 1).digest(Algorithm::Sha256);
    let expected = format!(
        r#"{{
  "version": 1,
  "files": [
    {{"path":"dist/a","key":"a","size":1,"sha256":"{sha256}","mode":"0644"}}
  ],
  "skipped": [
    {{"path":"dist/latest","reason":"symbolic link","target":"a"}},
    {{"path":"dist/out","reason":"symbolic link","target":"../../etc/\"passwd\""}}
  ]
}}
"#
    );
    assert_eq!(String::from_utf8(bytes.clone()).unwrap(), expected);
    let stop = model.run(&inputs(&["dist/latest"])).unwrap_err();
    assert_eq!(stop.failure.hint.as_deref(), Some("name its target, `a`"));
    let empty = manifest::write(&Default::default()).unwrap();
    assert!(
        serde_json::from_slice::<serde_json::Value>(&empty).unwrap()["files"].as_array().unwrap().is_empty()
    );
}

#[test]
fn only_a_prefix_with_plain_parts_is_a_target() {
    for (to, name) in [
        ("s3://releases/", "s3://releases/k"),
        ("s3://releases/a b/", "s3://releases/a b/k"),
        ("file:///srv/x/", "file:///srv/x/k"),
        ("file:///", "file:///k"),
    ] {
        let target = Target::parse(to).unwrap();
        assert_eq!((target.name("k").as_str(), target.only_key), (name, None));
    }
    for (to, key) in [("s3://releases/a", "a"), ("s3://releases/a/b.tgz", "b.tgz"), ("file:///srv", "srv")] {
        let target = Target::parse(to).unwrap();
        assert_eq!((target.name(key).as_str(), target.only_key.as_deref()), (to, Some(key)));
    }
    for to in [
        "",
        "s3://",
        "s3://releases",
        "releases/",
        "s3://releases//",
        "s3://releases/a//",
        "s3://releases/../a/",
        "https://releases/a/",
        "s3://releases/a//b",
    ] {
        assert!(Target::parse(to).is_err(), "{to}");
    }
    let target = Target::parse("s3://releases/a/").unwrap();
    for (name, key) in [
        ("s3://releases/a/b", Some("b")),
        ("s3://releases/a/", None),
        ("s3://releases/a//b", None),
        ("s3://releases/a/b/", None),
        ("s3://releases/ab", None),
        ("s3://releases/a/%2e%2E/b", None),
    ] {
        assert_eq!(target.key(name), key, "{name}");
    }
    assert!(target.is_valid_key(&"k".repeat(1022)) && !target.is_valid_key(&"k".repeat(1023)));
}

#[test]
fn rules_set_headers() {
    let rules: Vec<HeaderRule> = [
        "*.html=Cache-Control: no-cache",
        "assets/**=cache-control: max-age=31536000, immutable",
        "**/*.js=content-type: text/x-js",
        "assets/**/*.map=cache-control: no-store",
        "*=content-language: en",
    ]
    .iter()
    .map(|rule| HeaderRule::parse(rule).unwrap())
    .collect();
    let of = |key: &str, header: &str| {
        headers_of(&rules, key).into_iter().find(|pair| pair.name == header).map(|pair| pair.value)
    };
    assert_eq!(of("index.html", "cache-control").as_deref(), Some("no-cache"));
    assert_eq!(of("a/b/index.html", "cache-control").as_deref(), Some("no-cache"));
    assert_eq!(of("assets/x.html", "cache-control").as_deref(), Some("max-age=31536000, immutable"));
    assert_eq!(of("assets/js/x.map", "cache-control").as_deref(), Some("no-store"));
    assert_eq!(of("x.js", "content-type").as_deref(), Some("text/x-js"));
    assert_eq!(of("x.css", "content-type").as_deref(), Some("text/css; charset=utf-8"));
    let redirect = HeaderRule::parse("old.html=x-amz-website-redirect-location: /new.html").unwrap();
    assert_eq!(
        headers_of(&[redirect], "old.html").last().map(|pair| pair.value.clone()).as_deref(),
        Some("/new.html")
    );
    assert_eq!((of("x.css", "cache-control"), of("a/x", "content-language").as_deref()), (None, Some("en")));
    for rule in [
        "",
        "*.js",
        "*.js=x",
        "=expires: 0",
        "*=server: x",
        "*=expires:",
        "*=expires: a\nb",
        "*=expires: tomorrow",
        "*=expires: ü",
    ] {
        assert!(HeaderRule::parse(rule).is_err(), "{rule:?}");
    }
}

#[test]
fn inputs_are_accepted_or_rejected_one_by_one() {
    let with = |edit: &dyn Fn(&mut Inputs)| {
        let mut given = inputs(&["."]);
        edit(&mut given);
        Settings::read(&given, NOW).map(|settings| settings.options).map_err(|errors| errors.len())
    };
    let day = 24 * 3600;
    for (lock, mode, until) in [
        ("governance:12h", RetentionMode::Governance, NOW + day / 2),
        ("compliance:30d", RetentionMode::Compliance, NOW + 30 * day),
        ("governance:1y", RetentionMode::Governance, NOW + 365 * day),
    ] {
        let options = with(&|given| given.lock = Some(lock.into())).unwrap();
        assert_eq!(options.retention, Some(Retention { mode, until }));
    }
    for lock in [
        "",
        "30d",
        "compliance",
        "compliance:",
        "compliance:30",
        "compliance:d",
        "compliance:0d",
        "compliance:30dd",
        "compliance:-1d",
        "other:1d",
        "compliance:101y",
        "compliance:99999999999d",
        "compliance:+1d",
    ] {
        assert_eq!(with(&|given| given.lock = Some(lock.into())), Err(1), "{lock}");
    }
    for (text, expected) in [
        ("aes256", Some("AES256")),
        ("kms", Some("aws:kms")),
        ("kms:k/1", Some("aws:kms:k/1")),
        ("kms:", None),
        ("AES", None),
    ] {
        let options = with(&|given| given.encryption = Some(text.into()));
        assert_eq!(options.ok().and_then(|options| options.encryption).as_deref(), expected, "{text}");
    }
    let message = |edit: &dyn Fn(&mut Inputs)| {
        let mut given = inputs(&["."]);
        edit(&mut given);
        Settings::read(&given, NOW).unwrap_err().remove(0).message
    };
    let near = message(&|given| given.encryption = Some("aes25".into()));
    assert!(near.ends_with("invalid encryption `aes25`: did you mean `aes256`?"), "{near}");
    let near = HeaderRule::parse("*=cache-controll: no-store").unwrap_err();
    assert!(near.ends_with("invalid header `cache-controll`: did you mean `cache-control`?"), "{near}");
    assert_eq!(
        with(&|given| (given.to, given.lock) = ("file:///x/".into(), Some("governance:1d".into()))),
        Err(1)
    );
    for (date, is_valid) in [
        ("Sun, 06 Nov 1994 08:49:37 GMT", true),
        ("Thu, 29 Feb 2024 23:59:59 GMT", true),
        ("Mon, 06 Nov 1994 08:49:37 GMT", false),
        ("Thu, 30 Feb 2024 08:49:37 GMT", false),
        ("Sun, 6 Nov 1994 08:49:37 GMT", false),
        ("Sun, 06 Nov 1994 24:49:37 GMT", false),
        ("Sun 06:Nov 1994 08:49:37 GMT", false),
        ("Sun, 06 Nov 1994 08:49:37 UTC", false),
    ] {
        assert_eq!(HeaderRule::parse(&format!("*=expires: {date}")).is_ok(), is_valid, "{date}");
    }
    let eleven: Vec<String> = (0..11).map(|n| format!("t{n}=v")).collect();
    assert_eq!(with(&|given| given.tags = eleven.clone()), Err(1));
    assert!(with(&|given| given.tags = eleven[1..].to_vec()).is_ok());
    for metadata in ["a", "=a", "a b=c", "a=\n", "a=ü"] {
        assert_eq!(with(&|given| given.metadata = vec![metadata.into()]), Err(1), "{metadata:?}");
    }
    assert_eq!(with(&|given| given.metadata = vec!["A=1".into(), "a=2".into()]), Err(1));
    for manifest in ["../m", "a//b", "m/"] {
        assert_eq!(with(&|given| given.manifest = manifest.into()), Err(1), "{manifest}");
    }
}

#[test]
fn options_have_different_fingerprints() {
    let plain = fingerprint(&options(|_| ()));
    let lock =
        |mode, until| fingerprint(&options(|options| options.retention = Some(Retention { mode, until })));
    let (governance, compliance) = (RetentionMode::Governance, RetentionMode::Compliance);
    assert_eq!(lock(compliance, 1), lock(compliance, 2), "the end does not count");
    let pair = || NameValue { name: "a".to_owned(), value: "b".to_owned() };
    let all = [
        plain,
        lock(compliance, 1),
        lock(governance, 1),
        fingerprint(&options(|options| options.metadata.push(pair()))),
        fingerprint(&options(|options| options.tags.push(pair()))),
        fingerprint(&options(|options| options.headers.push(pair()))),
        fingerprint(&options(|options| options.encryption = Some("AES256".into()))),
    ];
    assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
}

fn part(layout: &PartLayout, part_number: u32) -> PartInfo {
    let size = layout.range(part_number).unwrap().length;
    PartInfo { part_number, size, etag: String::new(), checksum: None }
}

proptest! {
    #[test]
    fn parts_cover_a_file_exactly(size in prop_oneof![0..200 * MIB, 0..=MAX_FILE_SIZE], salt in "[a-z]{0,4}") {
        let pair = NameValue { name: "salt".into(), value: salt };
        let layout = PartLayout::new(size, &options(|options| options.metadata.push(pair)));
        let ranges = layout.missing(&[]);
        prop_assert!(ranges.len() as u64 <= MAX_PARTS && ranges.len() as u64 == layout.count());
        let mut end = 0;
        for (number, range) in (1..).zip(&ranges) {
            prop_assert_eq!((range.part_number, range.offset), (number, end));
            prop_assert!(range.length == layout.part_size || u64::from(number) == layout.count());
            prop_assert!(range.length > 0 || size == 0);
            end += range.length;
        }
        prop_assert_eq!(end, size);
        prop_assert!(layout.part_size >= 8 * MIB && layout.part_size < 64 * MIB && layout.range(0).is_none() && layout.range(ranges.len() as u32 + 1).is_none());
    }

    #[test]
    fn stored_and_missing_parts_are_all_parts(size in 1..300 * MIB, held in prop::collection::btree_set(1_u32..40, 0..20)) {
        let layout = PartLayout::new(size, &options(|_| ()));
        let held: Vec<PartInfo> =
            held.into_iter().filter(|number| u64::from(*number) <= layout.count()).map(|number| part(&layout, number)).collect();
        let missing = layout.missing(&held);
        prop_assert_eq!((missing.len() + held.len()) as u64, layout.count());
        prop_assert!(missing.iter().all(|range| held.iter().all(|part| part.part_number != range.part_number)));
        prop_assert_eq!(layout.has_sizes(&held), !held.is_empty());
        if let Some(first) = held.first() {
            let other = PartInfo { size: first.size + 1, ..first.clone() };
            prop_assert!(!layout.has_sizes(&[other]));
        }
        let beyond = PartInfo { part_number: layout.count() as u32 + 1, size: 1, etag: String::new(), checksum: None };
        prop_assert!(!layout.has_sizes(&[beyond]));
    }

    #[test]
    fn the_upload_with_most_parts_is_resumed(uploads in prop::collection::vec((0_u8..4, prop::collection::btree_set(1_u32..10, 0..9)), 0..5)) {
        let mut model = Model::new(&[("big", 1, 80 * MIB)]);
        let settings = Settings::read(&inputs(&["big"]), NOW).unwrap();
        let headers = headers_of(&[], "big");
        let own = PutOptions { headers, ..settings.options };
        let layout = PartLayout::new(80 * MIB, &own);
        let mut most = 0;
        for (kind, numbers) in uploads {
            let good = kind < 2;
            // A part of another content, of another size, or of another object's upload.
            let data = |number: &u32| {
                let range = layout.range(*number).unwrap();
                Data::new(if kind == 2 { 9 } else { 1 }, 100 * MIB).cut(range.offset, range.length - u64::from(kind == 3))
            };
            let numbers: Vec<u32> = numbers.into_iter().filter(|number| u64::from(*number) <= layout.count()).collect();
            most = most.max(if good { numbers.len() } else { 0 });
            let parts = numbers.iter().map(|number| (*number, data(number))).collect();
            let id = model.next_upload;
            model.next_upload += 1;
            model.uploads.insert(id, common::OpenUpload { name: format!("{TO}big"), options: own.clone(), parts });
        }
        let other = common::OpenUpload { name: format!("{TO}big2"), options: own, parts: Default::default() };
        model.uploads.insert(1000, other);
        model.run(&inputs(&["big"])).unwrap();
        let sent = model.log.iter().filter(|call| matches!(call, common::Call::UploadPart(..))).count();
        prop_assert_eq!((sent + most) as u64, layout.count());
        prop_assert_eq!(model.uploads.keys().copied().collect::<Vec<_>>(), [1000]);
        model.assert_uploaded(&[("big", "big")]);
    }

    #[test]
    fn a_percentage_is_of_all(deletes in 0_u64..1000, more in 0_u64..1000, percent in 0_u64..=100) {
        let all = deletes + more;
        let allowed = MaxDelete::parse(&format!("{percent}%")).unwrap().allows(deletes, all);
        prop_assert_eq!(allowed, all == 0 || deletes as f64 / all as f64 <= percent as f64 / 100.0 + 1e-12);
        prop_assert_eq!(MaxDelete::parse(&more.to_string()).unwrap().allows(deletes, all), deletes <= more);
        let beyond = format!("{}%", percent + 101);
        prop_assert!(MaxDelete::parse(&beyond).is_err() && MaxDelete::parse("-1").is_err());
    }

    #[test]
    fn a_key_is_plain_if_each_part_is_a_name(text in "[a-c./*{}]{0,8}", path in "[a-c.]{1,3}(/[a-c.]{1,3}){0,3}") {
        if let Ok(source) = names::source(&text) {
            prop_assert!(!source.is_empty() && !source.ends_with('/') && text.contains(&source) || source == ".");
        }
        prop_assert_eq!(is_plain(&path), path.split('/').all(|part| !matches!(part, "" | "." | "..")));
    }
}
