//! Whole runs over a contract and a document: the step outputs, or all errors of one run.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{Run, document};
use terraform_parse::SensitiveMode;

#[test]
fn a_contract_sets_the_declared_outputs_in_its_order() {
    let text = document(&[("a", "\"x\\n\""), ("b", "[1, 2.50]"), ("c", "true")]);
    let done = Run { outputs: &["b:list(number)", "a:string"], ..Run::default() }.done(&text);
    assert_eq!(done.names(), ["b", "a"]);
    assert_eq!((done.value("a"), done.value("b")), ("x\n", "[1,2.50]"));
    assert_eq!(done.file, "{\n  \"b\": [1,2.50],\n  \"a\": \"x\\n\"\n}\n");
}

#[test]
fn a_missing_output_and_a_null_output_differ() {
    let text = document(&[("nothing", "null")]);
    let outputs = ["nothing?", "gone?", "port:number=8080", "nowhere:string?=none"];
    let done = Run { outputs: &outputs, ..Run::default() }.done(&text);
    assert_eq!(done.json, r#"{"nothing":null,"gone":null,"port":8080,"nowhere":"none"}"#);
    assert_eq!((done.value("nothing"), done.value("gone"), done.value("port")), ("", "", "8080"));
    let states: Vec<_> = done.visible[1..].chunks(4).map(|row| row[3].as_str()).collect();
    assert_eq!(states, ["null", "absent", "default", "default"]);
    let with_default = Run { outputs: &["nothing:list(string)=[]"], ..Run::default() };
    assert_eq!(with_default.done(&text).value("nothing"), "[]");
}

#[test]
fn one_run_reports_all_errors() {
    let text = document(&[
        ("vpc_id", "7"),
        ("nothing", "null"),
        ("servers", r#"[{"port": 1}, {"port": "2"}, {}, {"port": null}]"#),
        ("pair", "[1]"),
        ("tags", r#"{"a.b": 1, "c": "x"}"#),
    ]);
    let run = Run {
        outputs: &[
            "vpc_id:string",
            "nothing:string",
            "gone",
            "VPC_ID_:string",
            "servers:list(object({port=number}))",
            "pair:tuple([number, number])",
            "tags:map(string)",
        ],
        select: &["x=gone.a", "y=servers[9]"],
        ..Run::default()
    };
    assert_eq!(
        run.messages(&text),
        [
            "the output vpc_id is a number, declared string",
            "the output nothing is null, declared string",
            "the output gone is missing",
            "the output VPC_ID_ is missing, declared string",
            "the output servers[1].port is a string, declared number",
            "the output servers[2].port is missing, declared number",
            "the output servers[3].port is null, declared number",
            "the output pair is a list of 1 item, declared tuple([number, number])",
            "the output tags[\"a.b\"] is a number, declared string",
            "`gone.a` finds nothing for `x`: there is no output `gone`",
            "`servers[9]` finds nothing for `y`: `servers` has no item [9]",
        ]
    );
}

#[test]
fn types_are_strict_and_objects_are_open() {
    let text = document(&[("a", r#"{"id": "x", "more": [1], "port": null}"#)]);
    let open = Run {
        outputs: &["a:object({id=string, port=optional(number), gone=optional(bool)})"],
        ..Run::default()
    };
    assert_eq!(open.done(&text).value("a"), r#"{"id":"x","more":[1],"port":null}"#);
    let as_map = Run { outputs: &["a:map(any)"], ..Run::default() };
    assert_eq!(as_map.done(&text).names(), ["a"]);
    let text = document(&[("n", "\"1\""), ("b", "\"true\""), ("s", "1"), ("l", "{}"), ("o", "[]")]);
    let strict =
        Run { outputs: &["n:number", "b:bool", "s:string", "l:list(any)", "o:object({})"], ..Run::default() };
    assert_eq!(strict.messages(&text).len(), 5);
}

#[test]
fn an_element_of_a_collection_may_be_null_and_an_attribute_may_not() {
    let text = document(&[
        ("l", r#"["x", null]"#),
        ("s", "[null, 1]"),
        ("m", r#"{"a": null, "b": true}"#),
        ("deep", r#"{"a": [null, {"id": "x"}], "b": null}"#),
    ]);
    let outputs = ["l:list(string)", "s:set(number)", "m:map(bool)", "deep:map(list(object({id=string})))"];
    let done = Run { outputs: &outputs, ..Run::default() }.done(&text);
    assert_eq!((done.value("l"), done.value("m")), (r#"["x",null]"#, r#"{"a":null,"b":true}"#));
    let text = document(&[("o", r#"{"id": null}"#), ("t", "[null]"), ("l", r#"[null, 1]"#)]);
    let outputs = ["o:object({id=string})", "t:tuple([string])", "l:list(string)"];
    assert_eq!(
        Run { outputs: &outputs, ..Run::default() }.messages(&text),
        [
            "the output o.id is null, declared string",
            "the output t[0] is null, declared string",
            "the output l[1] is a number, declared string"
        ]
    );
}

#[test]
fn the_hint_for_another_type_names_the_next_act() {
    let text = document(&[("port", "80"), ("db", r#"{"port": "80", "name": null}"#), ("all", "[[1]]")]);
    let hint = |declaration: &str| {
        let run = Run { outputs: &[declaration], ..Run::default() };
        run.over(text.as_bytes()).unwrap_err().failure.hint.unwrap()
    };
    for (declaration, expected) in [
        ("port:string", "declare `port:number`, or convert the value in the configuration with `tostring`"),
        ("port:list(number)", "declare `port:number`, or convert the value in the configuration"),
        ("db:object({port=number})", "declare string there, or change the value in the configuration"),
        (
            "db:object({name=string})",
            "declare the attribute as `optional(string)`, or set it in the configuration",
        ),
        ("all:tuple([any, any])", "change the declared type, or the value in the configuration"),
    ] {
        assert_eq!(hint(declaration), expected, "{declaration}");
    }
}

#[test]
fn one_output_has_twenty_mismatches_at_most() {
    let items = vec!["1"; 5_000].join(",");
    let run = Run { outputs: &["a:list(string)"], ..Run::default() };
    assert_eq!(run.messages(&document(&[("a", &format!("[{items}]"))])).len(), 20);
}

#[test]
fn the_hint_suggests_an_output_with_a_similar_name() {
    let hint = |run: &Run<'_>| {
        let text = document(&[("VpcID", "1"), ("subnet_a", "1")]);
        run.over(text.as_bytes()).unwrap_err().failure.hint
    };
    let declared = |outputs| hint(&Run { outputs, ..Run::default() });
    assert_eq!(declared(&["vpcId"]).as_deref(), Some("did you mean `VpcID`?"));
    assert_eq!(declared(&["vpc_id"]).as_deref(), Some("did you mean `VpcID`?"));
    let select = Run { select: &["id=VpcId.x"], ..Run::default() };
    assert_eq!(hint(&select).as_deref(), Some("did you mean `VpcID`?"));
    // A declared output is not the one that is missing.
    let other = declared(&["subnet_a", "subnet_b"]).unwrap();
    assert!(other.starts_with("add `?` or a default"), "{other}");
}

#[test]
fn select_finds_values_inside_outputs() {
    let text = document(&[
        ("db", r#"{"hosts": ["a", "b"], "role": {"k/1": 5}, "0": "zero"}"#),
        ("nodes", r#"[{"name": "x", "ip": "10.0.0.1"}, {"name": "y", "ip": null}, {"name": "y"}]"#),
        ("!key", r#"{"pem": "-----BEGIN"}"#),
    ]);
    let run = Run {
        outputs: &["db"],
        select: &[
            "h=db.hosts[1]",
            "r=/db/role/k~11",
            "z=/db/0",
            "ip=nodes[name=x].ip",
            "pem=key.pem",
            "all=nodes",
        ],
        prefix: "tf_",
        ..Run::default()
    };
    let done = run.done(&text);
    assert_eq!(done.names(), ["tf_db", "tf_h", "tf_r", "tf_z", "tf_ip", "tf_pem", "tf_all"]);
    assert_eq!(done.value("tf_h"), "b");
    assert_eq!((done.value("tf_r"), done.value("tf_z"), done.value("tf_ip")), ("5", "zero", "10.0.0.1"));
    assert_eq!(done.values[5].2.as_deref(), Some("***"));
    assert!(done.display.unwrap().contains(r#""pem":"***""#));
}

#[test]
fn select_names_the_segment_that_finds_nothing() {
    let text = document(&[
        ("db", r#"{"hosts": ["a"], "name": "x"}"#),
        ("n", r#"[{"k": "a"}, {"k": "a"}, {"k": true}]"#),
    ]);
    for (path, expected) in [
        ("db.port", "`db` has no `port`"),
        ("db.hosts[1]", "`db.hosts` has no item [1]"),
        ("db.name.first", "`db.name` is a string, not an object"),
        ("db[0]", "`db` is an object, not a list"),
        ("/db/name/0", "`db.name` is a string, neither list nor object"),
        ("n[k=a]", "`n` has more than one item [k=a]"),
        ("n[k=b].x", "`n` has no item [k=b]"),
        ("net.x", "there is no output `net`"),
    ] {
        let run = Run { select: &[&format!("v={path}")], ..Run::default() };
        assert_eq!(run.messages(&text), [format!("`{path}` finds nothing for `v`: {expected}")]);
    }
}

#[test]
fn sensitive_values_can_be_left_out_or_refused() {
    let text = document(&[("a", "1"), ("!b", "\"secret\""), ("!c", "null")]);
    let omit = Run { sensitive: SensitiveMode::Omit, select: &["d=b"], ..Run::default() }.done(&text);
    assert_eq!(
        (omit.names(), omit.json.as_str(), omit.file.as_str()),
        (vec!["a"], "{\"a\":1}", "{\n  \"a\": 1\n}\n")
    );
    assert_eq!(omit.masked, ["secret"]);
    let still = Run { sensitive: SensitiveMode::Omit, outputs: &["b:number"], ..Run::default() };
    assert_eq!(still.messages(&text), ["the output b is a string, declared number"]);
    let refuse = Run { sensitive: SensitiveMode::Refuse, select: &["d=b"], ..Run::default() };
    let errors = refuse.rejected(&text);
    let expected = ["the output b is sensitive", "the output c is sensitive", "the output d is sensitive"];
    assert_eq!(errors, expected.map(|message| ("sensitive", message.to_owned())));
    let none = Run { sensitive: SensitiveMode::Refuse, outputs: &["a"], ..Run::default() };
    assert_eq!(none.done(&text).names(), ["a"]);
}

#[test]
fn messages_hide_the_keys_of_a_sensitive_map() {
    let text = document(&[("!a", r#"{"user-key": {"n": 1}}"#)]);
    let run = Run { outputs: &["a:map(object({n=string}))"], ..Run::default() };
    assert_eq!(run.messages(&text), ["the output a.***.n is a number, declared string"]);
}

#[test]
fn names_that_some_ci_system_cannot_tell_apart_are_errors() {
    let clash = |names: &[&str], prefix: &str| {
        let members: Vec<_> = names.iter().map(|&name| (name, "1")).collect();
        let run = Run { prefix, ..Run::default() };
        run.over(document(&members).as_bytes()).map(|done| done.values.len()).map_err(|rejected| {
            assert!(rejected.errors().iter().all(|(code, _)| *code == "bad-name"));
            rejected.errors().into_iter().map(|(_, message)| message).collect::<Vec<_>>()
        })
    };
    assert_eq!(
        clash(&["a-b", "A_B", "c"], ""),
        Err(vec!["some CI systems cannot tell the step outputs `a-b` and `A_B` apart".into()])
    );
    let reserved = |name| format!("the name `{name}` is reserved for an output of the step itself");
    assert_eq!(
        clash(&["JSON", "names", "Result"], ""),
        Err(vec![reserved("JSON"), reserved("names"), reserved("Result")])
    );
    assert_eq!(clash(&["JSON", "names", "Result"], "tf_"), Ok(3));
    assert_eq!(clash(&["größe"], "").unwrap_err().len(), 1);
    assert_eq!(clash(&[&"a".repeat(100)], ""), Ok(1));
    assert_eq!(clash(&[&"a".repeat(100)], "b").unwrap_err().len(), 1);
    assert_eq!(clash(&["a"], "1-").unwrap_err().len(), 1);
    let rename = Run { outputs: &["a"], select: &["size=größe"], ..Run::default() };
    assert_eq!(rename.done(&document(&[("a", "1"), ("größe", "2")])).names(), ["a", "size"]);
}

#[test]
fn all_errors_of_a_contract_are_reported() {
    let run = Run {
        outputs: &["a:strin", "b", "b:number", "names", "c:number=x"],
        select: &["d", "e=[0]", "b=x"],
        ..Run::default()
    };
    let codes: Vec<_> = run.rejected("{}").into_iter().map(|(code, _)| code).collect();
    assert_eq!(
        codes,
        ["bad-input", "bad-input", "bad-input", "bad-input", "bad-name", "bad-name", "bad-name"]
    );
}
