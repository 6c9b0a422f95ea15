//! Tests of patterns.

use super::*;
use proptest::prelude::*;

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap()
}

fn matches(text: &str, path: &str) -> bool {
    pattern(text).matches(&WorkspacePath::parse(path).unwrap())
}

#[test]
fn a_pattern_matches_as_in_other_tools() {
    for (text, path) in [
        ("deploy/web.yaml", "deploy/web.yaml"),
        ("./deploy/*.yaml", "deploy/web.yaml"),
        ("deploy/**/*.yaml", "deploy/web.yaml"),
        ("deploy/**/*.yaml", "deploy/a/b/web.yaml"),
        ("**/*.{yaml,yml}", "web.yml"),
        ("**", "a/b"),
        ("a/**", "a/b/c"),
        ("env-[a-c]?/x", "env-b1/x"),
        (".github/*", ".github/x"),
        ("dist/**", "dist/.well-known/security.txt"),
        ("out/[slug]/*", "out/[slug]/index.html"),
        ("out/{a,b}", "out/{a,b}"),
    ] {
        assert!(matches(text, path), "{text} should match {path}");
    }
    for (text, path) in [
        ("deploy/*.yaml", "deploy/a/web.yaml"),
        ("*", ".hidden"),
        ("**", ".git/config"),
        ("**/*.yaml", "a/.b/c.yaml"),
        ("deploy", "deploy/web.yaml"),
        ("deploy/**", "deploy"),
        ("deploy/**", "deployment/web.yaml"),
        ("dist/**", "dist/.well-known2/x"),
    ] {
        assert!(!matches(text, path), "{text} should not match {path}");
    }
}

#[test]
fn wildcards_match_hidden_names_only_on_request() {
    let hidden =
        |text: &str, path: &str| pattern(text).with_hidden().matches(&WorkspacePath::parse(path).unwrap());
    for (text, path) in [("**", "a/.b/.c"), ("*/x", ".a/x"), ("**/*.yaml", ".github/ci.yaml")] {
        assert!(hidden(text, path) && !matches(text, path), "{text} and {path}");
    }
    assert!(pattern("**/x").with_hidden().may_match_below(".a") && !pattern("**/x").may_match_below(".a"));
    let within = |inner: Pattern, outer: Pattern| inner.is_within(&outer);
    assert!(within(pattern("a/**").with_hidden(), pattern("a/**").with_hidden()));
    assert!(within(pattern("a/**"), pattern("a/**").with_hidden()));
    assert!(within(pattern("a/.b/*").with_hidden(), pattern("a/**").with_hidden()));
    assert!(within(pattern("a/.well-known/*"), pattern("a/**")));
    assert!(!within(pattern("a/**").with_hidden(), pattern("a/**")));
    assert!(!within(pattern("a/*").with_hidden(), pattern("a/**")));
    assert!(!within(pattern("b/**").with_hidden(), pattern("a/**").with_hidden()));
}

#[test]
fn a_part_that_exists_as_it_is_spelled_is_that_name() {
    let resolve = |text: &str, existing: &str| pattern(text).resolve(|path| path == existing);
    let resolved = resolve("out/[slug]/*.js", "out/[slug]");
    let path = |text: &str| WorkspacePath::parse(text).unwrap();
    assert!(resolved.matches(&path("out/[slug]/a.js")) && !resolved.matches(&path("out/s/a.js")));
    assert_eq!(resolved.base(), "out/[slug]");
    assert_eq!(resolve("out/[slug]", "out/[slug]").literal(), Some(path("out/[slug]")));
    let unresolved = resolve("out/[slug]/*.js", "");
    assert!(unresolved.matches(&path("out/s/a.js")));
    for (text, base) in [("**", ""), ("a", ""), ("a/b.js", "a"), ("a/**/b", "a"), ("a/*/b", "a")] {
        assert_eq!(resolve(text, "").base(), base, "{text}");
    }
}

#[test]
fn folders_that_cannot_hold_a_match_are_known() {
    assert!(pattern("deploy/**/*.yaml").may_match_below(""));
    assert!(pattern("deploy/**/*.yaml").may_match_below("deploy/prod"));
    assert!(!pattern("deploy/**/*.yaml").may_match_below("src"));
    assert!(!pattern("deploy/*.yaml").may_match_below("deploy/prod"));
    assert!(!pattern("**/*.yaml").may_match_below(".git"));
}

#[test]
fn a_pattern_is_within_another_only_where_that_is_certain() {
    for (inner, outer) in [
        ("a/*.yaml", "a/*.yaml"),
        ("a/b.yaml", "a/*.yaml"),
        ("a/b/*.yaml", "a/**"),
        ("a/**/x", "a/**"),
        ("a/b", "**"),
    ] {
        assert!(pattern(inner).is_within(&pattern(outer)), "{inner} is within {outer}");
    }
    for (inner, outer) in [
        ("a/**", "a/*"),
        ("a/**", "a/b/**"),
        ("ab/c", "a/**"),
        ("**", "a/**"),
        ("a/.b/*", "a/**"),
        ("a/*", "b/**"),
        ("*/x", "a/**"),
    ] {
        assert!(!pattern(inner).is_within(&pattern(outer)), "{inner} is not within {outer}");
    }
}

#[test]
fn an_invalid_pattern_is_refused() {
    for bad in ["", "/a", "a/../*", "a//b", "a/", "[a", "{a", "a]", "{a/b,c}", "!a", "a/!b", "C:/*", "a\\*"] {
        assert!(Pattern::parse(bad).is_err(), "{bad:?} passed");
    }
}

proptest! {
    #[test]
    fn a_pattern_within_another_matches_no_other_path(
        inner in "([a-b*]|\\*\\*|\\.a)(/([a-b*]|\\*\\*|\\.a)){0,3}",
        outer in "([a-b*]|\\*\\*|\\.a)(/([a-b*]|\\*\\*|\\.a)){0,3}",
        hidden in any::<[bool; 2]>(),
        path in "(\\.?[a-b*])(/(\\.?[a-b*])){0,4}",
    ) {
        let parse = |text: &str, hidden: bool| Pattern { hidden, ..pattern(text) };
        let (inner, outer) = (parse(&inner, hidden[0]), parse(&outer, hidden[1]));
        let path = WorkspacePath::parse(&path).unwrap();
        if inner.is_within(&outer) && inner.matches(&path) {
            prop_assert!(outer.matches(&path));
        }
    }

    #[test]
    fn a_match_is_never_pruned(text in "([a-b*]|\\*\\*)(/([a-b*]|\\*\\*)){0,3}", path in "[a-b](/[a-b]){0,4}") {
        let (pattern, path) = (pattern(&text), WorkspacePath::parse(&path).unwrap());
        if pattern.matches(&path) {
            let mut folder = String::new();
            for part in path.parts() {
                prop_assert!(pattern.may_match_below(&folder));
                if !folder.is_empty() { folder.push('/'); }
                folder.push_str(part);
            }
        }
    }

    #[test]
    fn no_text_panics_the_parser(text in "\\PC{0,30}", path in "[a-z/]{1,20}") {
        if let (Ok(pattern), Ok(path)) = (Pattern::parse(&text), WorkspacePath::parse(&path)) {
            let _ = pattern.matches(&path);
        }
    }
}
