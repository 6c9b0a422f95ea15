//! The contract: what each declaration means, the errors of invalid ones, and arbitrary text.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use terraform_parse::contract::Declaration;
use terraform_parse::types::Type;

fn read(text: &str) -> Declaration {
    Declaration::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem}"))
}

fn default(text: &str) -> String {
    read(text).default_value().unwrap().unwrap().compact()
}

#[test]
fn every_part_is_optional_except_the_name() {
    let all = read("port:number?=8080");
    assert_eq!((all.name.as_str(), all.ty, all.optional), ("port", Some(Type::Number), true));
    assert_eq!(all.default.as_deref(), Some("8080"));
    let bare = read("vpc_id");
    assert_eq!((bare.ty.clone(), bare.optional, bare.default.clone()), (None, false, None));
    assert!(!bare.may_be_absent());
    assert!(read("a?").may_be_absent());
    assert!(read("a=").may_be_absent());
    assert_eq!(read(" a : list( string ) ? ").to_string(), "a:list(string)?");
}

#[test]
fn the_first_equals_sign_outside_the_type_separates_the_default() {
    let expected = read("db:object({host=string, port=optional(number)})={\"host\": \"a=b\"}");
    assert_eq!(expected.ty.unwrap().to_string(), "object({host=string, port=optional(number)})");
    assert_eq!(expected.default.as_deref(), Some("{\"host\": \"a=b\"}"));
}

#[test]
fn a_default_is_text_or_json_depending_on_its_type() {
    assert_eq!(default("a=x=y?"), "\"x=y?\"");
    assert_eq!(default("a="), "\"\"");
    assert_eq!(default("a= 1"), "\" 1\"");
    assert_eq!(default("a:string=[1]"), "\"[1]\"");
    assert_eq!(default("a:any=[1]"), "\"[1]\"");
    assert_eq!(default("a:number=1.50"), "1.50");
    assert_eq!(default("a:list(string)= [ \"x\" ]"), "[\"x\"]");
    assert_eq!(default("a:bool?=false"), "false");
    assert!(read("a?").default_value().unwrap().is_none());
}

#[test]
fn errors_name_the_problem() {
    for (text, expected) in [
        ("", "the name is missing"),
        (":string", "the name is missing"),
        ("a:", "a type is missing at the end"),
        ("a:strin", "invalid type `strin`: did you mean `string`?"),
        ("a:string!", "unexpected `!`: expected `?`, `=` or the end"),
        ("a??", "unexpected `?`: expected `?`, `=` or the end"),
        ("a:number=many", "the default is not a value for `number`: invalid JSON"),
        ("a:number=", "the default is not a value for `number`: invalid JSON"),
        ("a:number=\"1\"", "the default is a string, declared number"),
        ("a:list(object({p=number}))=[{\"p\": 1}, {}]", "the default[1].p is missing, declared number"),
        ("a:number=null", "the default is null, declared number"),
    ] {
        assert_eq!(Declaration::parse(text), Err(expected.into()), "{text}");
    }
}

proptest! {
    #[test]
    fn a_printed_declaration_parses_as_the_same(
        text in "[a-z]{1,4}(:(string|any|list\\(any\\)|object\\(\\{a=string\\}\\)))?\\??(=[ -~]{0,8})?"
    ) {
        if let Ok(expected) = Declaration::parse(&text) {
            prop_assert_eq!(Declaration::parse(&expected.to_string()), Ok(expected));
        }
    }

    #[test]
    fn arbitrary_text_causes_no_panic(text in "\\PC{0,30}") {
        let _ = Declaration::parse(&text);
        let _ = Declaration::parse(&format!("a:{text}"));
    }
}
