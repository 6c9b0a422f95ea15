//! Patches of files as people write them: bytes, aliases, forms, and invalid patches.

mod common;

use common::{Run, patched};
use manifest_patch::Alias;
use manifest_patch::patches::{ListKeys, read};
use proptest::prelude::*;

fn refused(source: &str, patch: &str, words: &str) {
    match patched(source, patch) {
        Ok(text) => panic!("{patch} gives {text}"),
        Err(problem) => assert!(problem.contains(words), "{problem:?} without {words:?}"),
    }
}

fn through(source: &str, patch: &str, alias: Alias) -> Result<String, String> {
    let run = Run { patches: &[patch], alias, ..Run::default() };
    let once = run.text(source)?;
    assert_eq!(run.text(&once).as_ref(), Ok(&once), "a second run changes something");
    Ok(once)
}

const ANCHORED: &str = "base: &b\n  mode: 0777 # odd\n  num: 1\nuse: *b\nalso:\n  <<: *b\n  own: 1\n";

#[test]
fn a_patch_through_an_alias_obeys_the_input_alias() {
    let patch = "{use: {num: 2}}";
    assert!(through(ANCHORED, patch, Alias::Refuse).unwrap_err().contains("alias `*b`"));
    let expanded = through(ANCHORED, patch, Alias::Expand).unwrap();
    assert_eq!(expanded, ANCHORED.replace("use: *b\n", "use:\n  mode: 0777\n  num: 2\n"));
    assert_eq!(
        through(ANCHORED, patch, Alias::Follow).unwrap(),
        ANCHORED.replace("num: 1\nuse", "num: 2\nuse")
    );
    // A patch that changes nothing may go through an alias.
    assert_eq!(through(ANCHORED, "{use: {num: 1}, also: {num: 1}}", Alias::Refuse).unwrap(), ANCHORED);
    // A patch may replace the alias itself.
    assert!(through(ANCHORED, "{use: 3}", Alias::Refuse).is_err());
    assert_eq!(through(ANCHORED, "{use: 3}", Alias::Expand).unwrap(), ANCHORED.replace("use: *b", "use: 3"));
    assert_eq!(through(ANCHORED, "{use: null}", Alias::Refuse).unwrap(), ANCHORED.replace("use: *b\n", ""));
}

#[test]
fn a_patch_into_a_merge_overrides_it_or_obeys_the_input_alias() {
    let patch = "[{op: replace, path: /also/num, value: 2}]";
    let own = format!("{ANCHORED}  num: 2\n");
    assert_eq!(through(ANCHORED, patch, Alias::Refuse).unwrap(), own);
    assert_eq!(through(ANCHORED, patch, Alias::Expand).unwrap(), own);
    assert_eq!(
        through(ANCHORED, patch, Alias::Follow).unwrap(),
        ANCHORED.replace("num: 1\nuse", "num: 2\nuse")
    );
    refused(ANCHORED, "[{op: remove, path: /also/num}]", "merge");
    let deep = "x: &x\n  a: {b: 1}\nz:\n  <<: *x\n  c: 1\n";
    assert!(through(deep, "{z: {a: {b: 2}}}", Alias::Refuse).unwrap_err().contains("merge"));
    let copy = through(deep, "{z: {a: {b: 2}}}", Alias::Expand).unwrap();
    assert_eq!(copy, format!("{deep}  a:\n    b: 2\n"));
}

#[test]
fn unchanged_values_keep_their_bytes() {
    let source = "# head\na:   0777 # odd\nb: [ 1e3,2024-01-01 ]\n\nlist: # of all\n  # first\n  - {num: 1}\n  # second\n  - num: 2 # two\nlast: !!int 5\n";
    let patch = "[{op: add, path: /list/1, value: {num: 3}}, {op: add, path: /c, value: yes it is}, {op: replace, path: /list/0/num, value: 4}]";
    let wanted = source
        .replace("{num: 1}", "{num: 4}")
        .replace("  # second\n", "  - num: 3\n  # second\n")
        .replace("!!int 5\n", "!!int 5\nc: yes it is\n");
    assert_eq!(patched(source, patch).unwrap(), wanted);
    // A renamed key keeps its line.
    let moved = patched(source, "[{op: move, from: /a, path: /z}]").unwrap();
    assert_eq!(moved, source.replace("a:   0777", "z:   0777"));
    // A copy keeps the spelling of the value.
    let moved = patched(source, "[{op: copy, from: /a, path: /list/0/m}]").unwrap();
    assert_eq!(moved, source.replace("{num: 1}", "{num: 1, m: 0777}"));
    refused(source, "[{op: move, from: /last, path: /list/-}]", "it has a tag");
}

#[test]
fn operations_see_the_effects_of_those_before_them() {
    let patch = "[{op: add, path: /m, value: {}}, {op: add, path: /m/x, value: [1]}, {op: add, path: /m/x/-, value: 2},
        {op: test, path: /m, value: {x: [1, 2]}}, {op: copy, from: /m/x/1, path: /why}, {op: remove, path: /a}]";
    let once = patched("a: 1\nb: 2\n", patch).unwrap();
    assert_eq!(once, "b: 2\nm:\n  x:\n    - 1\n    - 2\nwhy: 2\n");
    let two = Run { patches: &["{a: {b: 1}}", "[{op: replace, path: /a/b, value: 2}]"], ..Run::default() };
    assert_eq!(two.text("x: 1\n").unwrap(), "x: 1\na:\n  b: 2\n");
}

#[test]
fn an_empty_document_stays_empty_and_matches_nothing() {
    let source = "# nothing here\n---\na: 1\n---\n# nor here\n";
    let run = Run { patches: &["{a: 2}", "[{op: test, path: /a, value: 2}]"], expect: "1", ..Run::default() };
    assert_eq!(run.text(source).unwrap(), source.replace("a: 1", "a: 2"));
}

#[test]
fn the_error_names_the_operation_that_fails() {
    let source = "a: {b: [1, 2]}\n";
    refused(
        source,
        "[{op: test, path: /a/b/0, value: 1}, {op: test, path: /a/b/1, value: '2'}]",
        "operation 2 (`test /a/b/1`): the value is 2, not \"2\"",
    );
    refused(
        source,
        "[{op: replace, path: /a/c, value: 1}]",
        "operation 1 (`replace /a/c`): there is no key `c`",
    );
    refused(source, "[{op: remove, path: /x/c}]", "there is no key `x`");
    refused(source, "[{op: add, path: /a/b/3, value: 1}]", "index 3 is after the end");
    refused(source, "[{op: add, path: /a/b/01, value: 1}]", "invalid index `01`");
    refused(source, "[{op: remove, path: ''}]", "a whole document");
}

#[test]
fn a_second_run_of_operations_changes_nothing() {
    let source = "a:\n- x\n";
    for patch in [
        "[{op: add, path: /a/-, value: z}]",
        "[{op: add, path: /a/0, value: z}]",
        "[{op: remove, path: /b}]",
        "[{op: add, path: /b, value: z}, {op: replace, path: /a, value: [z]}]",
    ] {
        let once = patched(source, patch).unwrap();
        assert_eq!(patched(&once, patch).unwrap(), once, "{patch}");
    }
}

const POD: &str = "kind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  # the app\n  - name: app # main\n    image: app:v1\n    env: [{name: A, value: '1'}]\n  # the helper\n  - name: helper\n    image: helper:v1\n";

fn keyed(patch: &str, list_key: &[&str]) -> Result<String, String> {
    let run = Run { patches: &[patch], list_key, ..Run::default() };
    let once = run.text(POD)?;
    assert_eq!(run.text(&once).as_ref(), Ok(&once), "a second run changes something");
    Ok(once)
}

fn pod(spec: &str) -> String {
    format!("{{kind: Pod, metadata: {{name: web}}, spec: {spec}}}")
}

#[test]
fn lists_are_merged_by_their_key() {
    let two = "{containers: [{name: helper, image: 'helper:v2'}, {name: new, image: new}]}";
    let wanted = POD.replace("helper:v1", "helper:v2") + "  - name: new\n    image: new\n";
    assert_eq!(keyed(&pod(two), &["containers=name"]).unwrap(), wanted);
    assert_eq!(keyed(&pod(two), &["name"]).unwrap(), wanted);
    assert_eq!(keyed(&format!("{{spec: {two}}}"), &["containers=name"]).unwrap(), wanted);
    let env = "{containers: [{name: app, env: [{name: A, value: '2'}]}]}";
    assert_eq!(keyed(&pod(env), &["name"]).unwrap(), POD.replace("'1'", "'2'"));
    let problem = keyed(&pod(env), &["containers=name"]).unwrap_err();
    assert!(
        problem.contains("`spec.containers[0].env`") && problem.contains("`list-key` `env=name`"),
        "{problem}"
    );
    let problem = keyed(&pod(env), &[]).unwrap_err();
    assert!(problem.contains("`containers=name`") && problem.contains("`containers=` replaces"), "{problem}");
    let replaced = keyed(&pod("{containers: [{name: x}]}"), &["containers="]).unwrap();
    assert!(!replaced.contains("helper") && replaced.contains("- name: x"), "{replaced}");
    let problem = keyed(&pod("{containers: []}"), &[]).unwrap_err();
    assert!(problem.contains("containers="), "{problem}");
    let problem = keyed(&pod("{containers: [{image: x}]}"), &["containers=name"]).unwrap_err();
    assert!(problem.contains("has no `name`"), "{problem}");
}

#[test]
fn directives_are_applied_or_rejected_by_name() {
    let gone = keyed(&pod("{containers: [{name: helper, $patch: delete}]}"), &["name"]).unwrap();
    assert_eq!(gone, POD[..POD.find("  # the helper").unwrap()].to_owned());
    let whole = keyed(&pod("{containers: [{$patch: replace}, {name: x}]}"), &["name"]).unwrap();
    assert!(!whole.contains("image: app") && !whole.contains("$patch"), "{whole}");
    let item = keyed(&pod("{containers: [{name: app, $patch: replace, image: b}]}"), &["name"]).unwrap();
    assert!(!item.contains("env") && item.contains("image: b\n") && item.contains("helper"), "{item}");
    assert_eq!(keyed(&pod("{$patch: merge}"), &[]).unwrap(), POD);
    let spec = keyed("{kind: Pod, metadata: {name: web}, spec: {$patch: delete}}", &[]).unwrap();
    assert_eq!(spec, "kind: Pod\nmetadata:\n  name: web\n");
    for (patch, word) in [
        ("{$retainKeys: [a]}", "$retainKeys"),
        ("{$setElementOrder/containers: [{name: a}]}", "$setElementOrder/containers"),
        ("{$deleteFromPrimitiveList/finalizers: [a]}", "$deleteFromPrimitiveList/finalizers"),
        ("{$patch: keep}", "`$patch`"),
        ("{$ref: keep}", "$ref"),
    ] {
        assert!(keyed(&pod(patch), &["name"]).unwrap_err().contains(word), "{patch}");
    }
    refused(POD, "{kind: Pod, metadata: {name: web}, $patch: delete}", "a whole document");
    assert_eq!(patched("a: 1\n", "{$ref: x}").unwrap(), "a: 1\n\"$ref\": x\n".replace('"', ""));
}

const TWO: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop, labels: {app: web}}\nnum: 1\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web-api}\nnum: 1\n";

/// The documents of `TWO` that a patch changes.
fn found(patch: &str) -> String {
    let run = Run { patches: &[patch], expect: "any", ..Run::default() };
    let text = run.text(TWO).unwrap_or_else(|problem| panic!("{patch}: {problem}"));
    text.split("---").map(|document| if document.contains("num: 2") { 'y' } else { 'n' }).collect()
}

#[test]
fn a_patch_changes_the_documents_it_targets() {
    assert_eq!(found("num: 2"), "yy");
    assert_eq!(found("{kind: Service, metadata: {name: web-api}, num: 2}"), "ny");
    assert_eq!(found("{kind: Service, metadata: {name: web}, num: 2}"), "nn");
    assert_eq!(found("{kind: Deployment, metadata: {name: web, namespace: shop}, num: 2}"), "yn");
    assert_eq!(found("{kind: Deployment, metadata: {name: web, namespace: x}, num: 2}"), "nn");
    assert_eq!(found("{kind: Deployment, apiVersion: v1, metadata: {name: web}, num: 2}"), "nn");
    let entry = |target: &str| found(&format!("patch: 'num: 2'\ntarget: {{{target}}}\n"));
    assert_eq!(entry(""), "yy");
    assert_eq!(entry("kind: Deployment"), "yn");
    assert_eq!(entry("name: web"), "yn");
    assert_eq!(entry("name: web.*"), "yy");
    assert_eq!(entry("name: 'web|x'"), "yn");
    assert_eq!(entry("group: apps, version: v1"), "yn");
    assert_eq!(entry("namespace: shop"), "yn");
    assert_eq!(entry("labelSelector: 'app=web'"), "yn");
    assert_eq!(entry("labelSelector: 'app in (web, x),!tier'"), "yn");
    assert_eq!(entry("labelSelector: 'app notin (x,web)'"), "ny");
    assert_eq!(entry("labelSelector: 'app!=web'"), "ny");
    assert_eq!(entry("annotationSelector: 'app'"), "nn");
}

#[test]
fn entries_of_kustomize_are_read() {
    let patches = "patches:\n- target: {kind: Service}\n  patch: |-\n    - op: replace\n      path: /num\n      value: 2\n- patch: |\n    kind: Deployment\n    metadata: {name: web}\n    num: 2\n";
    assert_eq!(found(patches), "yy");
    assert_eq!(found(&patches["patches:\n".len()..]), "yy");
    // The name in a patch with a target has no effect.
    let named = "target: {kind: Service}\npatch: '{kind: Service, metadata: {name: ignored}, num: 2}'\n";
    assert_eq!(found(named), "ny");
    assert!(!Run { patches: &[named], ..Run::default() }.text(TWO).unwrap().contains("ignored"));
    let entry = "an entry of kustomize";
    for (patch, words) in [
        ("path: x.yaml", "`patch-file`"),
        ("{patch: 'num: 2', options: {allowNameChange: true}, target: {}}", "`allowNameChange`"),
        ("{patch: 'num: 2'}", "needs `kind`"),
        ("{patch: '[{op: remove, path: /num}]'}", "need a `target`"),
        ("{patch: {num: 2}, target: {}}", "`patch` is no string"),
        ("{patch: 'num: 2', target: {name: '('}}", "`target.name`"),
        ("{patch: 'num: 2', target: {labelSelector: 'a b'}}", "`target.labelSelector`"),
        ("{patch: 'num: 2', target: {nom: x}}", "`target.nom`"),
    ] {
        refused(TWO, patch, words);
        refused(TWO, patch, entry);
    }
    assert_eq!(found("{patch: 'num: 2', options: {allowNameChange: false}, target: {}}"), "yy");
}

#[test]
fn an_invalid_patch_is_rejected_with_its_form() {
    for (patch, words) in [
        ("# nothing\n", "empty"),
        ("text", "is no patch"),
        ("[1]", "operation 1: it has no `op`"),
        ("[{op: set, path: /a}]", "invalid op `set`: expected one of `add`"),
        ("[{op: ad, path: /a}]", "invalid op `ad`: expected one of `add`"),
        ("[{op: repalce, path: /a}]", "invalid op `repalce`: did you mean `replace`?"),
        ("{a: {$patch: delet}}", "did you mean `delete`?"),
        ("[{op: add, path: /a}]", "no `value`"),
        ("[{op: remove, path: a}]", "begins with `/`"),
        ("[{op: remove, path: /a~2}]", "`~0`"),
        ("[{op: move, from: /a, path: /a/b}]", "into itself"),
        ("[{op: remove, path: /<<}]", "merges"),
        ("{'<<': 1}", "merges"),
        ("a: yes", "not the same to all YAML readers"),
        ("a: {", "line"),
        ("{\"a\": 1, \"a\": 2}", "twice"),
        ("on: 1", "quotes"),
        ("{a: {$retainKeys: [b]}}", "RFC 7386"),
    ] {
        refused("a: 1\n", patch, words);
    }
    let none = Run { patches: &["{kind: A, metadata: {name: b}}"], ..Run::default() };
    assert!(none.text("a: 1\n").unwrap_err().contains("`patch` matches 0 places"));
}

#[test]
fn deep_nesting_is_rejected() {
    let deep = format!("a: {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(patched("a: 1\n", &deep).is_err());
    let deep = format!("[{{\"op\": \"add\", \"path\": \"{}\", \"value\": 1}}]", "/a".repeat(100_000));
    assert!(patched("a: 1\n", &deep).is_err());
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,40}", key in "\\PC{0,9}", yaml in "[-{}\\[\\]a:,~/ \n\"]{0,30}") {
        let mut keys = ListKeys::default();
        let _ = keys.add(&key);
        for text in [
            text.clone(),
            yaml,
            format!("[{{op: remove, path: {text:?}}}]"),
            format!("{{patch: {text:?}, target: {{name: {text:?}, labelSelector: {key:?}}}}}"),
            format!("{{patch: 'a: 1', target: {{labelSelector: {text:?}}}}}"),
        ] {
            let _ = read(text.as_bytes(), &keys);
        }
    }
}
