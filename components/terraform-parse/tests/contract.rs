//! The contract: what each line means, what is wrong with it, and that no line is too strange.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use proptest::prelude::*;
use terraform_parse::contract::Expected;
use terraform_parse::types::Type;

fn read(text: &str) -> Expected {
    Expected::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem}"))
}

fn default(text: &str) -> String {
    read(text).default_value().unwrap().unwrap().compact()
}

#[test]
fn each_part_is_optional_but_the_name() {
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
fn the_first_equals_sign_outside_of_the_type_separates() {
    let expected = read("db:object({host=string, port=optional(number)})={\"host\": \"a=b\"}");
    assert_eq!(expected.ty.unwrap().to_string(), "object({host=string, port=optional(number)})");
    assert_eq!(expected.default.as_deref(), Some("{\"host\": \"a=b\"}"));
}

#[test]
fn a_default_is_text_or_json_by_its_type() {
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
fn says_what_is_wrong() {
    for (text, expected) in [
        ("", "the name is missing"),
        (":string", "the name is missing"),
        ("a:", "a type is missing at the end"),
        ("a:strin", "`strin` is no type of Terraform"),
        ("a:string!", "`!` stands where `?`, `=` or the end should"),
        ("a??", "`?` stands where `?`, `=` or the end should"),
        ("a:number=many", "the default is no JSON for `number`: not JSON"),
        ("a:number=", "the default is no JSON for `number`: not JSON"),
        ("a:number=\"1\"", "the default is a string, declared number"),
        ("a:list(object({p=number}))=[{\"p\": 1}, {}]", "the default[1].p is missing, declared number"),
        ("a:number=null", "the default is null, declared number"),
    ] {
        assert_eq!(Expected::parse(text), Err(expected.into()), "{text}");
    }
}

proptest! {
    #[test]
    fn printing_and_reading_is_the_same(
        text in "[a-z]{1,4}(:(string|any|list\\(any\\)|object\\(\\{a=string\\}\\)))?\\??(=[ -~]{0,8})?"
    ) {
        if let Ok(expected) = Expected::parse(&text) {
            prop_assert_eq!(Expected::parse(&expected.to_string()), Ok(expected));
        }
    }

    #[test]
    fn no_line_is_too_strange(text in "\\PC{0,30}") {
        let _ = Expected::parse(&text);
        let _ = Expected::parse(&format!("a:{text}"));
    }
}
