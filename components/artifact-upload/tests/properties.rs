//! What holds for every file, rule, size and store: names, headers, parts, what is gone on with, what may be deleted.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use artifact_upload::headers::{self, Rule};
use artifact_upload::host::{Keeping, Part, Retention};
use artifact_upload::manifest;
use artifact_upload::names::{Source, Target, is_plain};
use artifact_upload::parts::{LONGEST, MOST, Plan, fingerprint};
use artifact_upload::problem::Code;
use artifact_upload::settings::{MaxDelete, Settings};
use common::{Data, MIB, Model, NOW, TO, inputs};
use proptest::prelude::*;

fn keeping(edit: impl FnOnce(&mut Keeping)) -> Keeping {
    let mut keeping = Settings::read(&inputs(&["."]), NOW).unwrap().keeping;
    edit(&mut keeping);
    keeping
}

/// The keys that sources make of these files; or the code of the refusal.
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
        (vec!["./dist"], vec!["a.css", "js/app.js", "js/deep/x.js"]),
        (vec!["dist/**/*.js"], vec!["js/app.js", "js/deep/x.js"]),
        (vec!["dist/j*/*.js"], vec!["js/app.js"]),
        (vec!["*/js/*.js"], vec!["dist/js/app.js"]),
        (vec!["dist/a.{css,js}"], vec!["a.css"]),
        (vec!["."], vec!["dist/a.css", "dist/js/app.js", "dist/js/deep/x.js", "top"]),
        (vec!["dist/.htaccess"], vec![".htaccess"]),
        (vec!["dist/.well-known"], vec!["s"]),
        (vec!["dist/.well-known/*", "top"], vec!["s", "top"]),
        (vec!["dist", "dist/a.css"], vec!["a.css", "js/app.js", "js/deep/x.js"]),
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
    let mut model = Model::new(&[("x/a", 1, LONGEST + 1)]);
    assert_eq!(model.run(&inputs(&["x"])).unwrap_err().failure.code, Code::BadInput);
}

#[test]
fn links_are_counted_and_listed_and_not_followed() {
    let mut model = Model::new(&[("dist/a", 1, 1)]);
    model.links.insert("dist/latest".into(), "a".into());
    model.links.insert("dist/out".into(), "../../etc/\"passwd\"".into());
    let mut given = inputs(&["dist"]);
    given.manifest = "m.json".into();
    assert_eq!(model.run(&given).unwrap().links.len(), 2);
    let Data::Bytes(bytes) = &model.objects[&format!("{TO}m.json")].data else { panic!("no bytes") };
    let sha256 = Data::new(1, 1).digest(artifact_upload::host::Algorithm::Sha256);
    let expected = format!(
        r#"{{
  "version": 1,
  "files": [
    {{"path":"dist/a","key":"a","size":1,"sha256":"{sha256}","mode":"0644"}}
  ],
  "links": [
    {{"path":"dist/latest","key":"latest","target":"a"}},
    {{"path":"dist/out","key":"out","target":"../../etc/\"passwd\""}}
  ]
}}
"#
    );
    assert_eq!(String::from_utf8(bytes.clone()).unwrap(), expected);
    let stop = model.run(&inputs(&["dist/latest"])).unwrap_err();
    assert_eq!(stop.failure.hint.as_deref(), Some("name what it points to, `a`"));
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
        assert_eq!(Target::read(to).unwrap().name("k"), name);
    }
    for to in [
        "",
        "s3://",
        "s3://releases",
        "s3://releases/a",
        "releases/",
        "s3://releases//",
        "s3://releases/a//",
        "s3://releases/../a/",
        "https://releases/a/",
        "file:///srv",
    ] {
        assert!(Target::read(to).is_err(), "{to}");
    }
    let target = Target::read("s3://releases/a/").unwrap();
    for (name, below) in [
        ("s3://releases/a/b", Some("b")),
        ("s3://releases/a/", None),
        ("s3://releases/a//b", None),
        ("s3://releases/a/b/", None),
        ("s3://releases/ab", None),
        ("s3://releases/a/%2e%2E/b", None),
    ] {
        assert_eq!(target.below(name), below, "{name}");
    }
    assert!(target.fits(&"k".repeat(1022)) && !target.fits(&"k".repeat(1023)));
}

#[test]
fn rules_give_headers() {
    let rules: Vec<Rule> = [
        "*.html=Cache-Control: no-cache",
        "assets/**=cache-control: max-age=31536000, immutable",
        "**/*.js=content-type: text/x-js",
        "assets/**/*.map=cache-control: no-store",
        "*=content-language: en",
    ]
    .iter()
    .map(|rule| Rule::read(rule).unwrap())
    .collect();
    let of = |below: &str, header: &str| {
        headers::of(&rules, below).into_iter().find(|(name, _)| name == header).map(|(_, value)| value)
    };
    assert_eq!(of("index.html", "cache-control").as_deref(), Some("no-cache"));
    assert_eq!(of("a/b/index.html", "cache-control").as_deref(), Some("no-cache"));
    assert_eq!(of("assets/x.html", "cache-control").as_deref(), Some("max-age=31536000, immutable"));
    assert_eq!(of("assets/js/x.map", "cache-control").as_deref(), Some("no-store"));
    assert_eq!(of("x.js", "content-type").as_deref(), Some("text/x-js"));
    assert_eq!(of("x.css", "content-type").as_deref(), Some("text/css; charset=utf-8"));
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
        assert!(Rule::read(rule).is_err(), "{rule:?}");
    }
}

#[test]
fn settings_are_read_or_refused_one_by_one() {
    let with = |edit: &dyn Fn(&mut artifact_upload::settings::Inputs)| {
        let mut given = inputs(&["."]);
        edit(&mut given);
        Settings::read(&given, NOW).map(|settings| settings.keeping).map_err(|problems| problems.len())
    };
    let day = 24 * 3600;
    for (lock, compliance, until) in [
        ("governance:12h", false, NOW + day / 2),
        ("compliance:30d", true, NOW + 30 * day),
        ("governance:1y", false, NOW + 365 * day),
    ] {
        let keeping = with(&|given| given.lock = Some(lock.into())).unwrap();
        assert_eq!(keeping.retention, Some(Retention { compliance, until }));
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
        let keeping = with(&|given| given.encryption = Some(text.into()));
        assert_eq!(keeping.ok().and_then(|keeping| keeping.encryption).as_deref(), expected, "{text}");
    }
    assert_eq!(
        with(&|given| (given.to, given.lock) = ("file:///x/".into(), Some("governance:1d".into()))),
        Err(1)
    );
    assert!(Rule::read("*=expires: Sun, 06 Nov 1994 08:49:37 GMT").is_ok());
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
fn how_an_object_is_kept_tells_its_uploads_apart() {
    let plain = fingerprint(&keeping(|_| ()));
    let lock = |compliance, until| {
        fingerprint(&keeping(|keeping| keeping.retention = Some(Retention { compliance, until })))
    };
    assert_eq!(lock(true, 1), lock(true, 2), "until when does not count");
    let pair = || ("a".to_owned(), "b".to_owned());
    let all = [
        plain,
        lock(true, 1),
        lock(false, 1),
        fingerprint(&keeping(|keeping| keeping.metadata.push(pair()))),
        fingerprint(&keeping(|keeping| keeping.tags.push(pair()))),
        fingerprint(&keeping(|keeping| keeping.headers.push(pair()))),
        fingerprint(&keeping(|keeping| keeping.encryption = Some("AES256".into()))),
    ];
    assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
}

fn part(plan: &Plan, number: u32) -> Part {
    let size = plan.range(number).unwrap().length;
    Part { number, size, etag: String::new(), checksum: None }
}

proptest! {
    #[test]
    fn parts_cover_a_file_exactly(size in prop_oneof![0..200 * MIB, 0..=LONGEST], salt in "[a-z]{0,4}") {
        let plan = Plan::new(size, &keeping(|keeping| keeping.metadata.push(("salt".into(), salt))));
        let ranges = plan.missing(&[]);
        prop_assert!(ranges.len() as u64 <= MOST && ranges.len() as u64 == plan.count());
        let mut end = 0;
        for (number, range) in (1..).zip(&ranges) {
            prop_assert_eq!((range.number, range.offset), (number, end));
            prop_assert!(range.length == plan.part || u64::from(number) == plan.count());
            prop_assert!(range.length > 0 || size == 0);
            end += range.length;
        }
        prop_assert_eq!(end, size);
        prop_assert!(plan.part >= 8 * MIB && plan.part < 64 * MIB && plan.range(0).is_none() && plan.range(ranges.len() as u32 + 1).is_none());
    }

    #[test]
    fn what_is_held_and_what_is_missing_are_all(size in 1..300 * MIB, held in prop::collection::btree_set(1_u32..40, 0..20)) {
        let plan = Plan::new(size, &keeping(|_| ()));
        let held: Vec<Part> =
            held.into_iter().filter(|number| u64::from(*number) <= plan.count()).map(|number| part(&plan, number)).collect();
        let missing = plan.missing(&held);
        prop_assert_eq!((missing.len() + held.len()) as u64, plan.count());
        prop_assert!(missing.iter().all(|range| held.iter().all(|part| part.number != range.number)));
        prop_assert_eq!(plan.has_sizes(&held), !held.is_empty());
        if let Some(first) = held.first() {
            let other = Part { size: first.size + 1, ..first.clone() };
            prop_assert!(!plan.has_sizes(&[other]));
        }
        let beyond = Part { number: plan.count() as u32 + 1, size: 1, etag: String::new(), checksum: None };
        prop_assert!(!plan.has_sizes(&[beyond]));
    }

    #[test]
    fn the_upload_with_most_parts_is_gone_on_with(uploads in prop::collection::vec((0_u8..4, prop::collection::btree_set(1_u32..10, 0..9)), 0..5)) {
        let mut model = Model::new(&[("big", 1, 80 * MIB)]);
        let settings = Settings::read(&inputs(&["big"]), NOW).unwrap();
        let headers = headers::of(&[], "big");
        let own = Keeping { headers, ..settings.keeping };
        let plan = Plan::new(80 * MIB, &own);
        let mut most = 0;
        for (kind, numbers) in uploads {
            let good = kind < 2;
            // A part of another content, of another size, or of another object's upload.
            let data = |number: &u32| {
                let range = plan.range(*number).unwrap();
                Data::new(if kind == 2 { 9 } else { 1 }, 100 * MIB).cut(range.offset, range.length - u64::from(kind == 3))
            };
            let numbers: Vec<u32> = numbers.into_iter().filter(|number| u64::from(*number) <= plan.count()).collect();
            most = most.max(if good { numbers.len() } else { 0 });
            let parts = numbers.iter().map(|number| (*number, data(number))).collect();
            let id = model.next_upload;
            model.next_upload += 1;
            model.uploads.insert(id, common::Upload { name: format!("{TO}big"), keeping: own.clone(), parts });
        }
        let other = common::Upload { name: format!("{TO}big2"), keeping: own, parts: Default::default() };
        model.uploads.insert(1000, other);
        model.run(&inputs(&["big"])).unwrap();
        let sent = model.log.iter().filter(|call| matches!(call, common::Call::PutPart(..))).count();
        prop_assert_eq!((sent + most) as u64, plan.count());
        prop_assert_eq!(model.uploads.keys().copied().collect::<Vec<_>>(), [1000]);
        model.assert_uploaded(&[("big", "big")]);
    }

    #[test]
    fn a_percentage_is_of_all(deletes in 0_u64..1000, more in 0_u64..1000, percent in 0_u64..=100) {
        let all = deletes + more;
        let allowed = MaxDelete::read(&format!("{percent}%")).unwrap().allows(deletes, all);
        prop_assert_eq!(allowed, all == 0 || deletes as f64 / all as f64 <= percent as f64 / 100.0 + 1e-12);
        prop_assert_eq!(MaxDelete::read(&more.to_string()).unwrap().allows(deletes, all), deletes <= more);
        let beyond = format!("{}%", percent + 101);
        prop_assert!(MaxDelete::read(&beyond).is_err() && MaxDelete::read("-1").is_err());
    }

    #[test]
    fn whatever_a_source_finds_its_key_is_an_end_of_the_path(text in "[a-c./*{}]{0,8}", path in "[a-c.]{1,3}(/[a-c.]{1,3}){0,3}") {
        if let Ok(source) = Source::read(&text) {
            for (_, cut) in source.patterns {
                prop_assert!(path.get(cut..).is_none_or(|below| path.ends_with(below)));
            }
        }
        prop_assert_eq!(is_plain(&path), path.split('/').all(|part| !matches!(part, "" | "." | "..")));
    }
}
