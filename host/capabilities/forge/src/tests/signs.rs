//! Tests: commits that GitHub creates and signs.

use super::*;
use lockstep_repository::{CommitRequest, CommitSigner as _, TreeEdit};
use serde_json::json;

const BEFORE: &str = "1111111111111111111111111111111111111111";
const AFTER: &str = "2222222222222222222222222222222222222222";
const MADE: &str = "3333333333333333333333333333333333333333";

fn signed(origin: &str, kind: ForgeKind, files: &[TreeEdit<'_>]) -> Result<String, CallError> {
    let logins = vec![Login::new(None, "x", TOKEN)];
    let repository = lockstep_repository::RepositoryConfig { logins, ..Default::default() };
    let signer = GitHubSigner::new(ForgeConfig { repository, kind: Some(kind), servers: vec![] });
    let name = Repository::parse(&format!("{origin}/shop/deploy")).unwrap();
    signer.check(&name)?;
    let wanted =
        CommitRequest { parent: BEFORE, base: BEFORE, tree: AFTER, files, message: "Promote\n\nBy: x\n" };
    signer.commit(&name, &wanted)
}

fn file<'a>(path: &'a str, content: &'a [u8]) -> TreeEdit<'a> {
    TreeEdit { path, mode: "100644", content: Some(content) }
}

/// A successful answer of GitHub.
fn well(received: &ReceivedRequest) -> TestReply {
    let sha = if received.line.ends_with("/commits") { MADE } else { AFTER };
    ok(&json!({"sha": sha, "verification": {"verified": true, "reason": "valid"}}))
}

#[test]
fn a_commit_request_has_the_changed_files_only() {
    let server = ForgeServer::new(|received, _| well(received));
    let long = vec![b'a'; 3 << 20];
    let files = [
        file("envs/prod/web.yaml", b"image: web:2\n"),
        TreeEdit { path: "run.sh", mode: "100755", content: Some(b"\xff\n") },
        TreeEdit { path: "old.yaml", mode: "100644", content: None },
        file("long.yaml", &long),
    ];
    assert_eq!(signed(&server.origin, ForgeKind::GitHub, &files), Ok(MADE.to_owned()));
    let root = "POST /api/v3/repos/shop/deploy/git";
    let lines = ["blobs", "trees", "blobs", "trees", "commits"].map(|path| format!("{root}/{path}"));
    assert_eq!(server.changes(), lines);
    let bodies: Vec<_> = server.log().into_iter().map(|received| received.body).collect();
    assert_eq!(bodies[0], json!({"content": "/wo=", "encoding": "base64"}));
    assert_eq!(
        bodies[1],
        json!({"base_tree": BEFORE, "tree": [
            {"path": "envs/prod/web.yaml", "mode": "100644", "type": "blob", "content": "image: web:2\n"},
            {"path": "run.sh", "mode": "100755", "type": "blob", "sha": AFTER},
            {"path": "old.yaml", "mode": "100644", "type": "blob", "sha": null},
        ]})
    );
    // The second request starts from the tree of the first.
    assert_eq!(bodies[3]["base_tree"], AFTER);
    // No author: GitHub would not sign it.
    let commit = json!({"message": "Promote\n\nBy: x\n", "tree": AFTER, "parents": [BEFORE]});
    assert_eq!(bodies[4], commit);
}

#[test]
fn thousands_of_files_go_into_several_requests() {
    let server = ForgeServer::new(|received, _| well(received));
    let paths: Vec<_> = (0..1201).map(|number| format!("envs/prod/{number}.yaml")).collect();
    let files: Vec<_> = paths.iter().map(|path| file(path, b"image: web:2\n")).collect();
    assert_eq!(signed(&server.origin, ForgeKind::GitHub, &files), Ok(MADE.to_owned()));
    let told: Vec<_> =
        server.log().iter().filter_map(|received| received.body["tree"].as_array().map(Vec::len)).collect();
    assert_eq!(told, [500, 500, 201]);
}

#[test]
fn a_lost_answer_gets_a_retry_and_a_wrong_one_is_an_error() {
    let web = [file("web.yaml", b"image: web:2\n")];
    // A retry is harmless, because no branch points at the commit.
    let server =
        ForgeServer::new(
            |received, number| {
                if number % 2 == 1 { (0, String::new(), String::new()) } else { well(received) }
            },
        );
    assert_eq!(signed(&server.origin, ForgeKind::GitHub, &web), Ok(MADE.to_owned()));
    assert_eq!(server.changes().len(), 4);
    // The tree has another content.
    let server = ForgeServer::new(|_, _| ok(&json!({"sha": BEFORE})));
    let refused = signed(&server.origin, ForgeKind::GitHub, &web);
    assert!(matches!(refused, Err(CallError::Upstream { .. })), "{refused:?}");
    assert_eq!(server.changes().len(), 1, "of it no commit is made");
    // No signature: the token of a person.
    let server = ForgeServer::new(|_, _| {
        ok(&json!({"sha": AFTER, "verification": {"verified": false, "reason": "unsigned"}}))
    });
    let refused = signed(&server.origin, ForgeKind::GitHub, &web);
    let is =
        |error: &CallError| matches!(error, CallError::Unauthorized(why) if why.contains("(unsigned); take"));
    assert!(refused.as_ref().is_err_and(is), "{refused:?}");
    // An answer without an id, and a token without the permission.
    let server = ForgeServer::new(|_, _| ok(&json!({})));
    assert!(matches!(signed(&server.origin, ForgeKind::GitHub, &web), Err(CallError::Unavailable(_))));
    let server = ForgeServer::new(|_, _| status(403, "Resource not accessible by integration"));
    assert!(matches!(signed(&server.origin, ForgeKind::GitHub, &web), Err(CallError::Unauthorized(_))));
    assert_eq!(server.changes().len(), 1);
}

#[test]
fn other_forges_get_no_commit_request() {
    let server = ForgeServer::new(|received, _| well(received));
    for kind in [ForgeKind::GitLab, ForgeKind::Gitea] {
        let refused = signed(&server.origin, kind, &[]);
        let says = |error: &CallError| matches!(error, CallError::Invalid(why) if why.contains("LOCKSTEP_SIGNING_KEY"));
        assert!(refused.as_ref().is_err_and(says), "{refused:?}");
    }
    assert!(server.log().is_empty());
}
