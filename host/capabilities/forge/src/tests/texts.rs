//! Texts that could be more than texts, comments of others, and what is said back.

use super::kinds::OPEN;
use super::*;
use serde_json::json;

/// A forge with these comments.
fn commented(kind: ForgeKind, comments: &'static [(u64, &str)]) -> ForgeServer {
    ForgeServer::new(move |received, _| {
        match received.line.contains("comments") && received.line.starts_with("GET") {
            true => {
                let comment = |(id, body): &(u64, &str)| json!({"id": id, "body": body});
                ok(&json!(comments.iter().map(comment).collect::<Vec<_>>()))
            }
            false => ok(&OPEN.json_of(kind)),
        }
    })
}

#[test]
fn no_text_is_a_command_of_gitlab() {
    // GitLab removes carriage returns first, and reads the beginning of each line.
    let text = "/merge\n  /close\n\t/label ~x\r\n\r/approve\n/\rmerge\n\u{b}/rebase\nsee /merge\n// no";
    let server = commented(ForgeKind::GitLab, &[]);
    let mut run = ForgeRun::on(&server.origin, ForgeKind::GitLab, false);
    let said = PullRequestContent { title: "t".into(), body: text.into(), labels: vec![] };
    assert!(run.call("open", |forges, permit| forges.open(permit, &said)).is_ok());
    assert!(run.call("update", |forges, permit| forges.update(permit, 7, &said)).is_ok());
    assert_eq!(run.comment(7, text), Ok(Outcome::Applied));
    let log = server.log();
    let texts = log.iter().flat_map(|received| [&received.body["description"], &received.body["body"]]);
    let texts: Vec<_> = texts.filter_map(Value::as_str).collect();
    assert_eq!(texts.len(), 3);
    for text in texts {
        let commands = text.replace('\r', "");
        let commands = commands.lines().filter(|line| line.trim_start().starts_with('/')).count();
        assert!(commands == 0 && text.contains("see /merge"), "{text}");
    }
    // An escaped comment equals itself in the next run, so there is no request.
    static COMMENTS: [(u64, &str); 1] = [(5, "\\/merge\n<!-- lockstep:superseded -->")];
    let server = commented(ForgeKind::GitLab, &COMMENTS);
    assert_eq!(
        ForgeRun::on(&server.origin, ForgeKind::GitLab, false).comment(7, "/merge"),
        Ok(Outcome::Applied)
    );
    assert!(server.changes().is_empty(), "{:?}", server.changes());
    // The other forges have no commands and get the text unchanged.
    for kind in [ForgeKind::GitHub, ForgeKind::Gitea] {
        let server = commented(kind, &[]);
        assert_eq!(ForgeRun::on(&server.origin, kind, false).comment(7, "/a"), Ok(Outcome::Applied));
        let said = server.log().pop().unwrap().body["body"].clone();
        assert_eq!(said, "/a\n<!-- lockstep:superseded -->");
    }
}

#[test]
fn a_comment_is_written_once_and_no_other_is_overwritten() {
    static OTHERS: [(u64, &str); 3] = [
        (1, "what is `<!-- lockstep:superseded -->` for?"),
        (2, "> old\n> <!-- lockstep:superseded -->"),
        (3, "of another name\n<!-- lockstep:superseded-by -->"),
    ];
    static OWN: [(u64, &str); 2] = [OTHERS[1], (4, "old\r\n<!-- lockstep:superseded -->\r\n")];
    for (kind, root) in ROOTS {
        let server = commented(kind, &OTHERS);
        assert_eq!(ForgeRun::on(&server.origin, kind, false).comment(7, "new"), Ok(Outcome::Applied));
        let path = match kind {
            ForgeKind::GitLab => format!("POST {root}/merge_requests/7/notes"),
            _ => format!("POST {root}/issues/7/comments"),
        };
        assert_eq!(server.changes(), [path], "{kind}");
        let said = server.log().pop().unwrap().body["body"].clone();
        assert_eq!(said, "new\n<!-- lockstep:superseded -->", "{kind}");
        let server = commented(kind, &OWN);
        assert_eq!(ForgeRun::on(&server.origin, kind, false).comment(7, "new"), Ok(Outcome::Applied));
        let changes = server.changes();
        assert!(changes.len() == 1 && changes[0].ends_with("/4"), "{kind} {changes:?}");
    }
    let server = commented(ForgeKind::GitHub, &[]);
    let mut run = ForgeRun::on(&server.origin, ForgeKind::GitHub, false);
    let long = "x".repeat(51);
    for name in ["", "a b", "a-->", "a\n", "ä", &*long] {
        let refused = run.call("comment", |forges, permit| forges.comment(permit, 7, name, "x"));
        assert!(matches!(refused, Err(CallError::Invalid(_))), "{name:?} {refused:?}");
    }
    assert!(server.log().is_empty());
}

#[test]
fn no_answer_shows_the_token() {
    // Also with JSON escapes.
    let escaped: String = TOKEN.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    for said in [TOKEN.to_owned(), escaped] {
        for (kind, _) in ROOTS {
            let body = format!("{{\"message\": \"no: {said}\", \"errors\": [{{\"message\": \"{said}\"}}]}}");
            let server = ForgeServer::new(move |_, _| (422, String::new(), body.clone()));
            let mut run = ForgeRun::on(&server.origin, kind, false);
            let texts = [
                format!("{:?}", run.list()),
                format!("{:?}", run.get_status(7)),
                format!("{:?}", run.open()),
                format!("{:?}", run.update(7)),
                format!("{:?}", run.comment(7, "x")),
                format!("{:?}", run.merge(7, "abc")),
            ];
            for text in texts {
                assert!(text.contains("***") && !text.contains(TOKEN), "{kind} {text}");
            }
            let mut one = OPEN.json_of(kind);
            for name in ["title", "body", "description", "html_url", "web_url"] {
                one[name] = json!("MARK");
            }
            let (one, all) =
                (one.to_string().replace("MARK", &said), format!("[{one}]").replace("MARK", &said));
            let server = ForgeServer::new(move |received, _| {
                let list = received.line.contains(&format!("/{}?", path_name(kind)));
                match received.line.contains("/labels?") {
                    true => ok(&json!([])),
                    false => (200, String::new(), if list { all.clone() } else { one.clone() }),
                }
            });
            let mut run = ForgeRun::on(&server.origin, kind, false);
            for text in [format!("{:?}", run.list()), format!("{:?}", run.open())] {
                assert!(text.starts_with("Ok") && !text.contains(TOKEN), "{kind} {text}");
            }
        }
    }
}

#[test]
fn a_secret_that_equals_a_number_does_not_break_an_answer() {
    let kind = ForgeKind::GitHub;
    let server = ForgeServer::new(move |_, _| {
        let mut one = OPEN.json_of(kind);
        (one["id"], one["title"]) = (json!(17_290_000_001_u64), json!("pin 172900"));
        ok(&json!([one]))
    });
    let mut run = ForgeRun::on(&server.origin, kind, false);
    run.forges.config.repository.secrets = vec!["172900".to_owned(), "title".to_owned()];
    let found = run.list().unwrap();
    assert_eq!(found.iter().map(|one| &*one.title).collect::<Vec<_>>(), ["pin ***"]);
}

#[test]
fn an_answer_that_is_no_list_is_an_error() {
    for (kind, _) in ROOTS {
        for body in ["{}", "<html>sign in</html>", "", "[{\"number\": 7}]"] {
            let server = ForgeServer::new(move |_, _| (200, String::new(), body.to_owned()));
            let refused = ForgeRun::on(&server.origin, kind, false).list();
            assert!(matches!(refused, Err(CallError::Unavailable(_))), "{kind} {body} {refused:?}");
            assert_eq!(server.log().len(), 1, "{kind} {body}");
        }
    }
}
