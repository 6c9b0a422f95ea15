//! Types: the notation of Terraform, its errors, and that a printed type parses as the same type.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::collection::vec;
use proptest::prelude::*;
use terraform_parse::type_parser::parse;
use terraform_parse::types::{Attribute, Type};

fn printed(text: &str) -> String {
    parse(text).unwrap_or_else(|problem| panic!("{text}: {problem}")).to_string()
}

#[test]
fn parses_the_notation_of_terraform() {
    for (text, expected) in [
        ("string", "string"),
        (" list ( string ) ", "list(string)"),
        ("map(set(bool))", "map(set(bool))"),
        ("tuple([string,number,])", "tuple([string, number])"),
        ("tuple([])", "tuple([])"),
        ("object({})", "object({})"),
        ("object({id=string, port: optional( number ),})", "object({id=string, port=optional(number)})"),
        (
            "object({\n  id   = string\n  tags = map(any)\n\n  on = bool,\n  größe = number\n})",
            "object({id=string, tags=map(any), on=bool, größe=number})",
        ),
        ("object({optional=string})", "object({optional=string})"),
        ("object({a=object({b=list(any)})})", "object({a=object({b=list(any)})})"),
    ] {
        assert_eq!(printed(text), expected);
    }
}

#[test]
fn errors_name_the_problem() {
    for (text, expected) in [
        ("", "a type is missing at the end"),
        (
            "text",
            "invalid type `text`: expected one of `string`, `number`, `bool`, `any`, `list`, `set`, `map`, `object`, `tuple`",
        ),
        ("String", "invalid type `String`: did you mean `string`?"),
        ("list", "`list` needs the type of its elements, such as `list(any)`"),
        ("list(string", "`)` is missing at the end"),
        ("list()", "a type is missing before `)`"),
        ("tuple(string)", "`[` is missing before `string)`"),
        ("object({a})", "`:` is missing before `})`"),
        ("object({a=string b=string})", "`}` is missing before `b=string})`"),
        ("object({a=string, a=string})", "there are two attributes `a`"),
        (
            "object({a=optional(string, \"x\")})",
            "`a` has a default: only a whole output can have one, with `=DEFAULT`",
        ),
        ("optional(string)", "`optional(…)` is valid only for an attribute of `object`"),
        ("string string", "unexpected `string` after the type"),
        ("object({\"a\"=string})", "the name of an attribute is missing before `\"a\"=string})`"),
    ] {
        assert_eq!(parse(text), Err(expected.into()), "{text}");
    }
}

#[test]
fn the_nesting_of_types_has_a_limit() {
    let nested = |depth: usize| format!("{}any{}", "list(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(49)).is_ok());
    assert!(parse(&nested(50)).unwrap_err().contains("50 deep"));
    assert!(parse(&nested(1_000_000)).is_err());
}

#[test]
fn parses_the_types_of_documents() {
    for (json, expected) in [
        (r#""string""#, Some("string")),
        (r#""dynamic""#, Some("any")),
        (r#"["set", "string"]"#, Some("set(string)")),
        (r#"["tuple", ["string", ["map", "bool"]]]"#, Some("tuple([string, map(bool)])")),
        (r#"["object", {"b": "number", "a": "string"}]"#, Some("object({b=number, a=string})")),
        (r#"["object", {"a": "string"}, ["a"]]"#, Some("object({a=string})")),
        (r#"["capsule", "x"]"#, None),
        ("7", None),
    ] {
        let read = Type::from_document(&serde_json::from_str(json).unwrap());
        assert_eq!(read.map(|ty| ty.to_string()).as_deref(), expected, "{json}");
    }
}

fn any_type() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![Just(Type::Any), Just(Type::String), Just(Type::Number), Just(Type::Bool)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let attribute = ("[a-z_][a-zA-Z0-9_-]{0,4}", inner.clone(), any::<bool>())
            .prop_map(|(name, ty, optional)| Attribute { name, ty, optional });
        prop_oneof![
            boxed.clone().prop_map(Type::List),
            boxed.clone().prop_map(Type::Set),
            boxed.prop_map(Type::Map),
            vec(inner, 0..4).prop_map(Type::Tuple),
            vec(attribute, 0..4).prop_map(|mut attributes| {
                attributes.sort_by(|a, b| a.name.cmp(&b.name));
                attributes.dedup_by(|a, b| a.name == b.name);
                Type::Object(attributes)
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a_printed_type_parses_as_the_same(ty in any_type()) {
        prop_assert_eq!(parse(&ty.to_string()), Ok(ty));
    }

    #[test]
    fn arbitrary_text_causes_no_panic(text in "(list|set|map|tuple|object|optional|string|any|[(){}\\[\\]=:,?\n ä-])*") {
        if let Ok(ty) = parse(&text) {
            prop_assert_eq!(parse(&ty.to_string()), Ok(ty));
        }
    }
}
