//! Snapshots of a hostile report and an ordinary one for each CI system.

use super::*;
use insta::assert_snapshot;

#[test]
fn github_obeys_no_text_of_a_report() {
    assert_snapshot!(rendered(Platform::Github, &hostile()), @r#"
    ::group::lockstep x\u{a}::error::y
    ::stop-commands::0123456789abcdef0123456789abcdef
    │ warning: a\u{a}::error::,b:%:3:7: %0A::error::a
    │   ::add-mask::b
    │    ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ %0A::error::a
    │ ::add-mask::b
    │  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ 120 of 5,000 files\u{a}::x::
    │ --- a
    │ +++ b
    │ @@ -1 +1 @@
    │  ::error::x
    │ +%0A::error::a
    │ ::add-mask::b
    │  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ would create a\u{a}::error::,b:%
    │ without the dry run, the step would report:
    │ diff = (3 lines, 85 bytes)
    │ a=b<<c\u{a}PATH = ["%0A::error::a\n::add-mask::b\r\n ## [error]c,d:e \u001b[31m\u{202e}</details> `@me` | [x](http://y)"]
    │ plain = v1.2.3
    │ secret = ***
    │ # %0A::error::a\u{a}::add-mask::b\u{d}\u{a} ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ p %0A::error::a
    │ ::add-mask::b
    │  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ ````
    │ %0A::error::a
    │ ::add-mask::b
    │  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ a|b                                       %0A::error::a ::add-mask::b  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ td %0A::error::a ::add-mask::b  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ 1                                         2                                         3
    ::0123456789abcdef0123456789abcdef::
    ::endgroup::
    ::error file=a\u{a}%3A%3Aerror%3A%3A%2Cb%3A%25,line=3,col=7::%250A::error::a%0A::add-mask::b%0A ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)%0A  hint: %250A::error::a%0A::add-mask::b%0A ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    ::warning file=a\u{a}%3A%3Aerror%3A%3A%2Cb%3A%25,line=3,col=7::%250A::error::a%0A::add-mask::b%0A ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    === append Outputs
    diff<<lockstep-abababababababababababababababab
    %0A::error::a
    ::add-mask::b␍
     ##[error]c,d:e ␛[31m⟲</details> `@me` | [x](http://y)
    lockstep-abababababababababababababababab
    ::warning::GitHub does not accept the name of output `a=b<<c\u{a}PATH`; it is in lockstep-x.json
    === append Outputs
    plain<<lockstep-abababababababababababababababab
    v1.2.3
    lockstep-abababababababababababababababab
    === append Outputs
    secret<<lockstep-abababababababababababababababab
    ***
    lockstep-abababababababababababababababab
    === append Outputs
    result<<lockstep-abababababababababababababababab
    {"version":1,"step":"x\n::error::y","outcome":"rejected","code":"%0A::error::a\n::add-mask::b\r\n #\u0023[error]c,d:e \u001b[31m\u202e</details> `@me` | [x](http://y)","message":"%0A::error::a\n::add-mask::b\r\n #\u0023[error]c,d:e \u001b[31m\u202e</details> `@me` | [x](http://y)","hint":"%0A::error::a\n::add-mask::b\r\n #\u0023[error]c,d:e \u001b[31m\u202e</details> `@me` | [x](http://y)","location":{"path":"a\n::error::,b:%","line":3,"column":7},"outputs":{"diff":"%0A::error::a\n::add-mask::b\r\n #\u0023[error]c,d:e \u001b[31m\u202e</details> `@me` | [x](http://y)","a=b<<c\nPATH":["%0A::error::a\n::add-mask::b\r\n #\u0023[error]c,d:e \u001b[31m\u202e</details> `@me` | [x](http://y)"],"plain":"v1.2.3","secret":"***"},"notes":[{"level":"warning","message":"%0A::error::a\n::add-mask::b\r\n #\u0023[error]c,d:e \u001b[31m\u202e</details> `@me` | [x](http://y)","path":"a\n::error::,b:%","line":3,"column":7},{"level":"debug","message":"%0A::error::a\n::add-mask::b\r\n #\u0023[error]c,d:e \u001b[31m\u202e</details> `@me` | [x](http://y)","path":"a\n::error::,b:%","line":3,"column":7}],"changed":["a\n::error::,b:%"],"receipt":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","dry-run":true,"diff":"--- a\n+++ b\n@@ -1 +1 @@\n ::error::x\n+%0A::error::a\n::add-mask::b\r\n #\u0023[error]c,d:e \u001b[31m\u202e</details> `@me` | [x](http://y)\n"}
    lockstep-abababababababababababababababab
    === append Summary
    <h3>x<br>::error::y (dry run): rejected</h3>

    <p>a\u{a}::error::,b:%:3:7: %0A::error::a<br>::add-mask::b<br> <span>#</span><span>#</span> [error]c,d:e \u{1b}[31m\u{202e}&lt;/details&gt; `<span>@</span>me` | [x](http<span>:</span>//y)<br>hint: %0A::error::a<br>::add-mask::b<br> <span>#</span><span>#</span> [error]c,d:e \u{1b}[31m\u{202e}&lt;/details&gt; `<span>@</span>me` | [x](http<span>:</span>//y)</p>

    <details><summary>Files to change: 1</summary><ul>
    <li><code>a\u{a}::error::,b:%</code></li>
    </ul></details>

    <p>without the dry run, the step would report:</p>

    <h3><span>#</span> %0A::error::a<br>::add-mask::b<br> <span>#</span><span>#</span> [error]c,d:e \u{1b}[31m\u{202e}&lt;/details&gt; `<span>@</span>me` | [x](http<span>:</span>//y)</h3>

    <p>p %0A::error::a<br>::add-mask::b<br> <span>#</span><span>#</span> [error]c,d:e \u{1b}[31m\u{202e}&lt;/details&gt; `<span>@</span>me` | [x](http<span>:</span>//y)</p>

    `````
    ````
    %0A::error::a
    ::add-mask::b
     ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    `````

    <table>
    <tr><th>a|b</th><th>%0A::error::a<br>::add-mask::b<br> <span>#</span><span>#</span> [error]c,d:e \u{1b}[31m\u{202e}&lt;/details&gt; `<span>@</span>me` | [x](http<span>:</span>//y)</th></tr>
    <tr><td>td %0A::error::a<br>::add-mask::b<br> <span>#</span><span>#</span> [error]c,d:e \u{1b}[31m\u{202e}&lt;/details&gt; `<span>@</span>me` | [x](http<span>:</span>//y)</td></tr>
    <tr><td>1</td><td>2</td><td>3</td></tr>
    </table>

    ```diff
    --- a
    +++ b
    @@ -1 +1 @@
     ::error::x
    +%0A::error::a
    ::add-mask::b
     ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    ```

    === replace ResultFile
    "#);
}

#[test]
fn gitlab_obeys_no_text_of_a_report() {
    assert_snapshot!(rendered(Platform::Gitlab, &hostile()), @r#"
    ␛[0Ksection_start:1000:lockstep-x---error--y-01234567␍␛[0Klockstep x\u{a}::error::y
    │ warning: a\u{a}::error::,b:%:3:7: %0A::error::a
    │   ::add-mask::b
    │    ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ %0A::error::a
    │ ::add-mask::b
    │  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ 120 of 5,000 files\u{a}::x::
    │ --- a
    │ +++ b
    │ @@ -1 +1 @@
    │  ::error::x
    │ +%0A::error::a
    │ ::add-mask::b
    │  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ would create a\u{a}::error::,b:%
    │ without the dry run, the step would report:
    │ diff = (3 lines, 85 bytes)
    │ a=b<<c\u{a}PATH = ["%0A::error::a\n::add-mask::b\r\n ## [error]c,d:e \u001b[31m\u{202e}</details> `@me` | [x](http://y)"]
    │ plain = v1.2.3
    │ secret = ***
    ␛[0Ksection_end:1001:lockstep-x---error--y-01234567␍␛[0K
    │ # %0A::error::a\u{a}::add-mask::b\u{d}\u{a} ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ p %0A::error::a
    │ ::add-mask::b
    │  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ ````
    │ %0A::error::a
    │ ::add-mask::b
    │  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ a|b                                       %0A::error::a ::add-mask::b  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ td %0A::error::a ::add-mask::b  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ 1                                         2                                         3
    outputs that are not in the dotenv report are in lockstep-x.json: diff, a=b<<c\u{a}PATH
    error: a\u{a}::error::,b:%:3:7: %0A::error::a
    │   ::add-mask::b
    │    ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
      hint: %0A::error::a
    │   ::add-mask::b
    │    ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    === replace Dotenv
    LOCKSTEP_X___ERROR__Y_PLAIN=v1.2.3
    LOCKSTEP_X___ERROR__Y_SECRET=***
    === replace ResultFile
    "#);
}

#[test]
fn jenkins_and_a_terminal_obey_no_text_of_a_report() {
    let jenkins = rendered(Platform::Jenkins, &hostile());
    assert_snapshot!(jenkins, @r#"
    │ warning: a\u{a}::error::,b:%:3:7: %0A::error::a
    │   ::add-mask::b
    │    ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ %0A::error::a
    │ ::add-mask::b
    │  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ 120 of 5,000 files\u{a}::x::
    │ --- a
    │ +++ b
    │ @@ -1 +1 @@
    │  ::error::x
    │ +%0A::error::a
    │ ::add-mask::b
    │  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ would create a\u{a}::error::,b:%
    │ without the dry run, the step would report:
    │ diff = (3 lines, 85 bytes)
    │ a=b<<c\u{a}PATH = ["%0A::error::a\n::add-mask::b\r\n ## [error]c,d:e \u001b[31m\u{202e}</details> `@me` | [x](http://y)"]
    │ plain = v1.2.3
    │ secret = ***
    │ # %0A::error::a\u{a}::add-mask::b\u{d}\u{a} ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ p %0A::error::a
    │ ::add-mask::b
    │  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ ````
    │ %0A::error::a
    │ ::add-mask::b
    │  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ a|b                                       %0A::error::a ::add-mask::b  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ td %0A::error::a ::add-mask::b  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ 1                                         2                                         3
    error: a\u{a}::error::,b:%:3:7: %0A::error::a
    │   ::add-mask::b
    │    ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
      hint: %0A::error::a
    │   ::add-mask::b
    │    ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    === replace ResultFile
    "#);
    assert_eq!(rendered(Platform::Plain, &hostile()), jenkins);
}

#[test]
fn an_ordinary_run_is_short() {
    assert_snapshot!(rendered(Platform::Github, &ordinary()), @r#"
    ::group::lockstep manifest-patch
    ::stop-commands::0123456789abcdef0123456789abcdef
    │ %0A::error::a
    │ ::add-mask::b
    │  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ 120 of 5,000 files\u{a}::x::
    │ changed a.yaml
    ::0123456789abcdef0123456789abcdef::
    ::endgroup::
    lockstep manifest-patch: 1 value in 1 file
    === append Outputs
    changed<<lockstep-abababababababababababababababab
    true
    lockstep-abababababababababababababababab
    === append Outputs
    files<<lockstep-abababababababababababababababab
    ["a.yaml"]
    lockstep-abababababababababababababababab
    === append Outputs
    result<<lockstep-abababababababababababababababab
    {"version":1,"step":"manifest-patch","outcome":"done","code":"done","message":"1 value in 1 file","hint":null,"location":null,"outputs":{"changed":true,"files":["a.yaml"]},"notes":[],"changed":["a.yaml"],"receipt":null}
    lockstep-abababababababababababababababab
    === append Summary
    <h3>manifest-patch: done</h3>

    <p>1 value in 1 file</p>

    <details><summary>Changed files: 1</summary><ul>
    <li><code>a.yaml</code></li>
    </ul></details>

    === replace ResultFile
    "#);
    assert_snapshot!(rendered(Platform::Gitlab, &ordinary()), @r#"
    ␛[0Ksection_start:1000:lockstep-manifest-patch-01234567␍␛[0Klockstep manifest-patch
    │ %0A::error::a
    │ ::add-mask::b
    │  ## [error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)
    │ 120 of 5,000 files\u{a}::x::
    │ changed a.yaml
    ␛[0Ksection_end:1001:lockstep-manifest-patch-01234567␍␛[0K
    outputs that are not in the dotenv report are in lockstep-x.json: files
    lockstep manifest-patch: 1 value in 1 file
    === replace Dotenv
    LOCKSTEP_MANIFEST_PATCH_CHANGED=true
    === replace ResultFile
    "#);
}

#[test]
fn the_result_holds_texts_as_they_are_but_no_secret() {
    let redactor = Redactor::new(&["hunter2"]).unwrap();
    let mut report = hostile();
    report.ending.message = "no hunter2".to_owned();
    let shown = redacted(&report.outputs, &redactor);
    let result = json!(ResultDocument::of(&report, &shown, &redactor, &redactor));
    assert_eq!(result["outputs"]["diff"], HOSTILE);
    assert_eq!(result["message"], "no ***");
    let text = json_text(&result);
    assert!(!text.contains("##[") && text.chars().all(text::is_inert), "{text}");
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), result);
    let result = json!(ResultDocument::of(&ordinary(), &[], &redactor, &redactor));
    assert_eq!((result.get("dry-run"), &result["hint"]), (None, &Value::Null));
}

proptest::proptest! {
    #[test]
    fn json_text_reads_back_as_the_same_value(text in "(\\PC|[\\x00-\\x20#\\[\\\\]|##|\u{e0041}){0,40}") {
        let value = json!({ "a": [text] });
        let printed = json_text(&value);
        proptest::prop_assert!(!printed.contains("##") && printed.chars().all(text::is_inert));
        proptest::prop_assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), value);
    }
}
