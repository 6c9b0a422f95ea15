//! Any text in any place of a template reads back as itself, to all readers and to an independent JSON parser, or the step
//! rejects its row.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use config_render::Inputs;
use config_render::rows::Row;
use config_render::template::Template;
use lockstep_yaml::{Path, PathMatch, ScalarStyle, Stream, Value, is_string_for_all};
use proptest::prelude::*;

/// Places for `((x))`: the template, and the text before and after the value in its scalar.
const PLACES: [(&str, &str, &str); 22] = [
    ("a: ((x))\nb: 1\n", "", ""),
    ("a: ((x)) # why\n", "", ""),
    ("a: ((x))", "", ""),
    ("- ((x))\n- b\n", "", ""),
    ("a: pre-((x))-post\n", "pre-", "-post"),
    ("a: v((x))\n", "v", ""),
    ("a: ((x)):tag\n", "", ":tag"),
    ("a: '((x))'\n", "", ""),
    ("a: 'it''s ((x))!'\n", "it's ", "!"),
    ("a: \"((x))\"\n", "", ""),
    ("a: \"\\t((x))\\u263a\"\nb: 1\n", "\t", "\u{263a}"),
    ("a: |\n  one\n  ((x))\n  two\nb: 1\n", "one\n", "\ntwo\n"),
    ("a: |-\n  ((x))\n", "", ""),
    ("a:\n  - |+\n    ((x))\n\n  - b\n", "", "\n\n"),
    ("a: >\n  one\n  ((x)) two\n\n  three\nb: 1\n", "one ", " two\nthree\n"),
    ("a: >-\n    ((x))\n", "", ""),
    ("a: {b: ((x)), c: d}\n", "", ""),
    ("a: [e, p((x))q, '((!x))']\n", "p", "q"),
    ("((x)): v\n", "", ""),
    ("a:\n  k-((x)): v\n  \"z\": w\n", "k-", ""),
    ("a: &n ((x))\nb: *n\n", "", ""),
    ("a: !!str ((x))\r\nb: 1\r\n", "", ""),
];

const JSON: [(&str, &str, &str); 4] = [
    ("{\"a\": \"((x))\", \"b\": 1}\n", "", ""),
    ("{\"a\": [\"p((x))\"]}", "p", ""),
    ("[\"((x))\"]", "", ""),
    ("{\n\t\"((x))\": {}\n}\n", "", ""),
];

fn hazards() -> impl Strategy<Value = String> {
    let known = [
        "",
        " ",
        "yes",
        "NO",
        "null",
        "~",
        "true",
        "012",
        "1_000",
        "0x1F",
        "1e3",
        "1.10",
        "2024-01-31",
        "12:30:45",
        "-",
        "---",
        "...",
        "- a",
        "a: b",
        "a #b",
        "#",
        "'",
        "\"",
        "\\",
        "\\n",
        "{a}",
        "[a]",
        "*x",
        "&x",
        "!x",
        "|",
        ">",
        "%",
        "@",
        "`",
        "a\nb",
        "a\nb\n",
        "\na",
        "a\n\n",
        " a\nb",
        "a \nb",
        "a\n b\nc",
        "a\tb",
        "\ta",
        "a\r\nb",
        "\r",
        "a\u{85}b",
        "\u{2028}",
        "\u{feff}a",
        "\u{0}",
        "\u{1b}[0m",
        "☃",
        "😀",
        "((x))",
        "((y))",
        "{{ x }}",
        "${x}",
        "<<",
        "=",
        "? a",
        "a:",
        ":a",
        ",",
        "a, b",
    ];
    prop_oneof![
        proptest::sample::select(known.to_vec()).prop_map(str::to_owned),
        "[-a:#'\"\\\\ \\n\\t{}\\[\\]|>&*!,?1~]{0,12}",
        any::<String>(),
    ]
}

fn row(value: Value) -> Row {
    Row { number: 1, at: None, values: vec![("x".into(), value)] }
}

/// The text of a scalar that all readers see as text.
fn has_text(rendered: &str, text: &str) -> bool {
    let stream = Stream::open(rendered.as_bytes()).unwrap();
    let mut scalars = stream.scalars();
    scalars
        .any(|scalar| scalar.text == text && (scalar.style != ScalarStyle::Plain || is_string_for_all(text)))
}

fn scalars(text: &str) -> usize {
    Stream::open(text.as_bytes()).unwrap().scalars().count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_text_reads_back_as_itself_or_is_rejected(place in 0..PLACES.len(), value in hazards()) {
        let (source, before, after) = PLACES[place];
        let template = Template::read("t.yaml", source.as_bytes()).unwrap();
        match template.render(&row(Value::String(value.clone()))) {
            Ok(rendered) => {
                let text = format!("{before}{value}{after}");
                prop_assert!(has_text(&rendered, &text), "{source:?} with {value:?} is {rendered:?}");
                prop_assert_eq!(scalars(&rendered), scalars(source));
            }
            Err(problem) => prop_assert!(problem.hint.is_some(), "{:?}", problem),
        }
    }

    #[test]
    fn any_text_in_json_reads_back_as_itself(place in 0..JSON.len(), value in hazards()) {
        let (source, before, after) = JSON[place];
        let template = Template::read("t.json", source.as_bytes()).unwrap();
        let rendered = template.render(&row(Value::String(value.clone()))).unwrap();
        let json = Value::from_json(&rendered).unwrap();
        let text = format!("{before}{value}{after}");
        let wanted = Value::from_json(source).unwrap();
        prop_assert_eq!(json, put(wanted, &text));
    }

    #[test]
    fn no_template_makes_it_panic(source in "[a-c(): \\-'\"\\n|>!&*{}\\[\\],]{0,40}", value in hazards()) {
        if let Ok(template) = Template::read("t.yaml", source.as_bytes()) {
            let names: Vec<String> = template.names().keys().map(|name| (*name).to_owned()).collect();
            let values = names.into_iter().map(|name| (name, Value::String(value.clone()))).collect();
            if let Ok(rendered) = template.render(&Row { number: 1, at: None, values }) {
                prop_assert!(Stream::open(rendered.as_bytes()).is_ok());
            }
        }
    }
}

/// The JSON value with this text for each text that has the placeholder.
fn put(value: Value, text: &str) -> Value {
    let swap = |own: String| if own.contains("((x))") { text.to_owned() } else { own };
    match value {
        Value::String(own) => Value::String(swap(own)),
        Value::Sequence(items) => Value::Sequence(items.into_iter().map(|item| put(item, text)).collect()),
        Value::Mapping(entries) => {
            Value::Mapping(entries.into_iter().map(|(key, item)| (swap(key), put(item, text))).collect())
        }
        other => other,
    }
}

#[test]
fn common_texts_are_never_rejected() {
    for (source, before, after) in PLACES {
        let template = Template::read("t.yaml", source.as_bytes()).unwrap();
        for value in
            ["web", "yes", "012", "a: b", "it's", "say \"hi\"", "", "a\nb", "a\nb\n", "☃ #x", "*x", "{{ x }}"]
        {
            let rendered = template.render(&row(Value::String(value.into())));
            let rendered =
                rendered.unwrap_or_else(|problem| panic!("{source:?} with {value:?}: {problem:?}"));
            assert!(has_text(&rendered, &format!("{before}{value}{after}")), "{rendered:?}");
        }
    }
}

#[test]
fn a_single_plain_placeholder_takes_any_type() {
    for json in [
        "3",
        "1.10",
        "true",
        "null",
        "[]",
        "{}",
        "[1, \"2\", {\"a\": [null]}]",
        "{\"yes\": \"no\", \"b\": {\"c\": \"a\\nb\"}}",
    ] {
        let value = Value::from_json(json).unwrap();
        for (source, path) in [
            ("a: ((x))\nb: 1\n", ".a"),
            ("a:\n- ((x))\n", ".a[0]"),
            ("a: {b: ((x))}\n", ".a.b"),
            ("a:\n    b: ((x)) # why\n", ".a.b"),
        ] {
            let template = Template::read("t.yaml", source.as_bytes()).unwrap();
            let rendered = template.render(&row(value.clone()));
            let rendered = rendered.unwrap_or_else(|problem| panic!("{source:?} with {json}: {problem:?}"));
            let stream = Stream::open(rendered.as_bytes()).unwrap();
            let found = stream.find(
                stream.documents()[0],
                &Path::parse(path).unwrap(),
                lockstep_yaml::FindOptions::default(),
            );
            let [Ok(PathMatch::Node(node))] = found.as_slice() else { panic!("{path} in {rendered:?}") };
            assert_eq!(stream.value(*node).unwrap(), value, "{rendered}");
        }
    }
}

#[test]
fn an_unused_name_has_a_suggestion() {
    let files = [("t.yaml", "a: ((image))\n"), ("rows.yaml", "- {name: x, imgae: web}\n")];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into();
    let inputs = Inputs {
        template: vec!["t.yaml".into()],
        rows: "rows.yaml".into(),
        to: "out/{name}.yaml".into(),
        prune: false,
        adopt: false,
    };
    let (failure, reporter) = *common::run(&inputs, &files).unwrap_err();
    assert!(reporter.text().contains("nothing uses `imgae` of row 1"), "{failure:?}");
    assert!(reporter.text().contains("did you mean `image`?"), "{}", reporter.text());
}

#[test]
fn a_result_that_is_not_json_is_rejected() {
    let list = Value::from_json("[\"a\"]").unwrap();
    let fill = |source: &str| Template::read("t.json", source.as_bytes()).unwrap().render(&row(list.clone()));
    assert_eq!(fill("{\"a\": [\"((x))\"]}").unwrap(), "{\"a\": [[\"a\"]]}");
    let rendered = fill("[\"((x))\"]").unwrap_or_else(|problem| problem.line());
    assert!(rendered == "[[\"a\"]]" || rendered.contains("would not be JSON"), "{rendered}");
}
