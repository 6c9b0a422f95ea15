//! What is refused, and where: by line and column, with nothing changed.

mod common;

use common::{create, edit, json, refused, set};
use lockstep_yaml::{
    FindOptions, InvalidJson, MAX_BYTES, Op, Path, PathMatch, Refusal, RefusalReason, Stream, Value,
};

fn refusal(bytes: &[u8]) -> (RefusalReason, Option<(u32, u32)>) {
    let Refusal { reason, at } = Stream::open(bytes).expect_err("a refusal");
    (reason, at.map(|at| (at.line, at.column)))
}

#[test]
fn refuses_files_that_are_not_utf_8() {
    assert_eq!(refusal(b"a: 1\nb: \xC3\xA9\xFF\n"), (RefusalReason::NotUtf8(10), Some((2, 5))));
    assert_eq!(refusal(b"\xFF\xFEa\0"), (RefusalReason::Encoding("UTF-16"), None));
    assert_eq!(refusal(b"\xFE\xFF\0a"), (RefusalReason::Encoding("UTF-16"), None));
    assert_eq!(refusal(b"a\0:\0"), (RefusalReason::Encoding("UTF-16"), None));
    assert_eq!(refusal(b"\0\0\xFE\xFF\0\0\0a"), (RefusalReason::Encoding("UTF-32"), None));
    assert_eq!(refusal(b"a: 1\rb: 2\n"), (RefusalReason::LoneCarriageReturn, Some((1, 5))));
    let large = vec![b'#'; MAX_BYTES + 1];
    assert!(matches!(refusal(&large).0, RefusalReason::TooLarge { .. }));
}

#[test]
fn refuses_files_that_are_not_yaml() {
    for (text, line) in [
        ("a: b: c\n", 1),
        ("a: 1\n b: 2\n", 2),
        ("x: 1\na: @x\n", 2),
        ("a: \"\\q\"\n", 1),
        ("- a\nb: 1\n", 2),
        ("a: [1\nb: 2\n", 2),
        ("a: *nobody\n", 1),
        ("a: 'open\n", 2),
        ("a: 1\n---\nb: {\n", 3),
    ] {
        let (reason, at) = refusal(text.as_bytes());
        assert!(matches!(reason, RefusalReason::InvalidYaml(_)), "{text:?}: {reason}");
        assert_eq!(at.map(|(line, _)| line), Some(line), "{text:?}");
    }
}

#[test]
fn refuses_files_that_nest_too_deeply() {
    for open in ["[", "- ", "{a: ", "? ", "[{a: "] {
        let (reason, at) = refusal(open.repeat(100_000).as_bytes());
        assert_eq!(reason, RefusalReason::TooDeep(128), "{open:?}");
        assert!(at.is_some());
    }
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Value::from_json(&nested(127)).is_ok());
    assert_eq!(Value::from_json(&nested(128)), Err(InvalidJson::TooDeep(127)));
}

#[test]
fn messages_show_only_the_beginning_of_a_long_line() {
    let source = "a: |\n  x";
    let stream = Stream::open(source.as_bytes()).expect("YAML");
    let (within, value) = (stream.documents()[0], Value::String("y".repeat(20_000)));
    let op = Op::Create { within, keys: vec!["b".into()], value };
    let reason = stream.edit(&[op]).expect_err("a refusal").reason;
    assert!(matches!(reason, RefusalReason::Unproven { .. }), "{reason}");
    assert!(reason.to_string().len() < 500, "{reason}");
}

#[test]
fn names_go_templates_as_the_reason() {
    for (text, at) in [
        ("a: {{ .Values.x }}\n", (1, 4)),
        ("a: 1\nb: {{ .Values.x }}-web\n", (2, 4)),
        ("{{- if .Values.x }}\na: 1\n{{- end }}\n", (1, 1)),
        ("# {{ comment }}\na: '{{ quoted }}'\n{{ include \"x\" . | nindent 4 }}\n", (3, 1)),
        ("a:\n  {{- toYaml .Values.y | nindent 2 }}\n", (2, 3)),
        ("- {{x}}\n", (1, 3)),
    ] {
        assert_eq!(refusal(text.as_bytes()), (RefusalReason::Template, Some(at)), "{text:?}");
    }
}

#[test]
fn edits_files_where_braces_are_text() {
    let source = "# {{ x }}\na: '{{ x }}'\nb: Pod {{ $labels.pod }} is down\nc: |\n  {{ y }}\nd: 1\n";
    assert_eq!(set(source, "d", "2x"), source.replace("d: 1", "d: 2x"));
    assert_eq!(set(source, "b", "{{ z }}"), source.replace("Pod {{ $labels.pod }} is down", "\"{{ z }}\""));
}

#[test]
fn refuses_duplicate_keys() {
    let duplicate = |text: &str| match refusal(text.as_bytes()) {
        (RefusalReason::DuplicateKey { key, first }, Some((line, _))) => (key, first, line),
        other => panic!("{text:?}: {other:?}"),
    };
    assert_eq!(duplicate("a: 1\nb: 2\na: 3\n"), ("a".into(), 1, 3));
    assert_eq!(duplicate("x: 1\n---\nb:\n- {c: 1, \"c\": 2}\n"), ("c".into(), 4, 4));
    assert_eq!(duplicate("1: a\n\"1\": b\n"), ("1".into(), 1, 2));
    assert_eq!(duplicate("&k a: 1\n*k : 2\n"), ("a".into(), 1, 2));
}

#[test]
fn refuses_sops_files_only_if_they_would_change() {
    let sealed = "user: alice\nsops:\n    mac: ENC[x]\n";
    assert_eq!(refused(sealed, "user", "bob"), RefusalReason::Sops);
    assert_eq!(set(sealed, "user", "alice"), sealed);
    let open = format!("{sealed}    mac_only_encrypted: true\n");
    assert_eq!(set(&open, "user", "bob"), open.replace("alice", "bob"));
}

#[test]
fn refuses_edits_that_contradict_each_other() {
    let source = "a:\n  b: 1\n";
    let try_all = |edits: &[(&str, &str)]| {
        let stream = Stream::open(source.as_bytes()).expect("YAML");
        let ops = edits.iter().map(|(path, value)| {
            let path = Path::parse(path).expect("a path");
            let value = Value::from_json(value).expect("JSON");
            match stream
                .find(stream.documents()[0], &path, FindOptions { create: true, ..FindOptions::default() })
                .remove(0)
                .expect("a place")
            {
                PathMatch::Node(node) => Op::Set { node, value },
                PathMatch::Missing { within, keys } => Op::Create { within, keys, value },
                other => panic!("{other:?}"),
            }
        });
        stream.edit(&ops.collect::<Vec<_>>()).map(|edited| edited.text).map_err(|refusal| refusal.reason)
    };
    let disagreement = |path: &str| Err(RefusalReason::Disagreement(path.into()));
    assert_eq!(try_all(&[("a.b", "1"), ("a.b", "2")]), disagreement("a.b"));
    assert_eq!(try_all(&[("a", "{}"), ("a.b", "2")]), disagreement("a.b"));
    assert_eq!(try_all(&[("a", "{}"), ("a.c", "2")]), disagreement("a"));
    assert_eq!(try_all(&[("c.d", "1"), ("c", "2")]), disagreement(""));
    assert_eq!(try_all(&[("a.b", "2"), ("a.b", "2")]), Ok(Some("a:\n  b: 2\n".into())));
    assert_eq!(
        try_all(&[("c.d", "1"), ("c.e.f", "2"), ("a.c", "3")]),
        Ok(Some("a:\n  b: 1\n  c: 3\nc:\n  d: 1\n  e:\n    f: 2\n".into()))
    );
}

#[test]
fn refuses_edits_that_cannot_be_exact() {
    let reason = |source: &str, path: &str, json: &str, create: bool| {
        let value = Value::from_json(json).expect("JSON");
        edit(source, path, &value, create).expect_err("a refusal").reason
    };
    // Nothing but the parts around them may go with an anchor that is used elsewhere.
    let used = reason("a:\n  x: &x 1\nb: *x\n", "a", "2", false);
    assert!(matches!(used, RefusalReason::Unproven { .. }), "{used}");
    assert!(matches!(reason("? a\nb: 1\n", "a", "2", false), RefusalReason::Unsupported(_)));
    assert!(matches!(reason(": 1\n", "b", "2", true), RefusalReason::Unsupported(_)));
    assert!(matches!(reason("\ta: 1\n", "b", "2", true), RefusalReason::Unsupported(_)));
    assert!(matches!(reason("a: [b: 1]\n", "a[0].c", "2", true), RefusalReason::Unsupported(_)));
}

#[test]
fn adds_no_final_newline_to_a_block_scalar() {
    // Go reads `x` without a line end here, and would read one once something follows.
    let value = Value::String("v".into());
    let refusal = edit("a: |\n  x", "b", &value, true).expect_err("a refusal");
    assert!(refusal.reason.to_string().contains("without a line end"), "{refusal}");
    assert_eq!(create("a: |-\n  x", "b", "v"), "a: |-\n  x\nb: v");
    assert_eq!(set("b: 1\na: |\n  x", "b", "v"), "b: v\na: |\n  x");
}

#[test]
fn leaves_empty_documents_alone() {
    for source in ["", "\n", "# only a comment\n", "---\n", "--- # x\n---\n", "\u{feff}# x"] {
        let stream = Stream::open(source.as_bytes()).expect("YAML");
        let path = Path::parse("a").expect("a path");
        let places = stream.documents().iter().flat_map(|&root| {
            stream.find(root, &path, FindOptions { create: true, ..FindOptions::default() })
        });
        assert_eq!(places.count(), 0, "{source:?}");
    }
    assert_eq!(create("# c\n---\na: 1\n---\n# d\n", "b", "v"), "# c\n---\na: 1\nb: v\n---\n# d\n");
}

#[test]
fn reads_json_strictly() {
    assert!(Value::from_json("{\"a\": 1, \"a\": 2}").is_err());
    assert!(Value::from_json("three").is_err());
    assert!(Value::from_json("1 2").is_err());
    assert_eq!(Value::from_json("1.10"), Ok(Value::Number("1.10".into())));
    assert_eq!(json("a: 1\n", "a", "1.10"), "a: 1.10\n");
}

#[test]
fn edits_files_with_thousands_of_comments() {
    let source = format!("a:\n{}  - 1\nb: x\n", "  # - 2\n".repeat(5000));
    assert_eq!(set(&source, "b", "z"), source.replace("b: x", "b: z"));
}

#[test]
fn sets_values_behind_a_tab() {
    // It is YAML, but one of the two parsers takes few characters behind this tab.
    assert_eq!(set("\"a\":\té\n", "a", "v"), "\"a\":\tv\n");
    assert_eq!(set("\"a\":\té\n", "a", "è"), "\"a\":\tè\n");
    assert_eq!(json("\"a\":\t{}\nb: 1\n", "a", "2"), "\"a\":\t2\nb: 1\n");
}
