//! A server with the parts of GitHub that a promotion needs: git over HTTP, and a REST API for trees, commits and pull
//! requests. It signs commits for the token of a job. It keeps all data in a bare repository, and has no branch rules.

use crate::git::git;
use crate::services;
use crate::web::{Web, WebReply, WebRequest};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;

/// The token of a job.
pub const TOKEN: &str = "ghs-t0ken-of-the-job";
/// The token of a person, for which the server signs nothing.
pub const PERSONAL: &str = "ghp-t0ken-of-eva";
/// The path of the REST API on the server.
const ROOT: &str = "/api/v3/repos/shop/deploy";

/// The server. It ends with its process.
pub struct GitHub {
    folder: TempDir,
    web: Web,
}

/// The data of the server.
struct GitHubState {
    bare: PathBuf,
    key: PathBuf,
    requests: Mutex<Vec<Value>>,
}

impl GitHub {
    /// Serves a repository with these files.
    ///
    /// # Panics
    /// Git or `ssh-keygen` fails.
    #[must_use]
    pub fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (bare, key) = (folder.path().join("shop/deploy.git"), folder.path().join("key"));
        fs::create_dir_all(&bare).expect("a folder");
        git(&bare, &["init", "--quiet", "--bare", "--initial-branch=main", "."]);
        git(&bare, &["config", "uploadpack.allowFilter", "true"]);
        let mut keygen = Command::new("ssh-keygen");
        let keygen = keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
        assert!(keygen.is_ok_and(|status| status.success()), "ssh-keygen can be run");
        let state = Arc::new(GitHubState { bare, key, requests: Mutex::default() });
        let github = Self { folder, web: Web::new(move |request, _| state.answer(request)) };
        github.push(files);
        github
    }

    /// The bare repository.
    #[must_use]
    pub fn bare(&self) -> PathBuf {
        self.folder.path().join("shop/deploy.git")
    }

    /// The URL of the repository.
    #[must_use]
    pub fn url(&self) -> String {
        self.web.url("/shop/deploy")
    }

    /// The requests of its REST API so far, as `METHOD /path` below that of the repository.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        let line = |request: WebRequest| {
            let path = request.target.strip_prefix(ROOT)?.split('?').next()?.to_owned();
            Some(format!("{} {path}", request.method))
        };
        self.web.log().into_iter().filter_map(line).collect()
    }

    /// The requests as they came.
    #[must_use]
    pub fn log(&self) -> Vec<WebRequest> {
        self.web.log().into_iter().filter(|request| request.target.starts_with(ROOT)).collect()
    }

    /// Pushes these files to `main` as another user.
    ///
    /// # Panics
    /// Git fails.
    pub fn push(&self, files: &[(&str, &str)]) {
        let work = tempfile::tempdir().expect("a folder");
        git(work.path(), &["init", "--quiet", "--initial-branch=main"]);
        let bare = self.bare().display().to_string();
        let _ =
            Command::new("git").args(["pull", "--quiet", &bare, "main"]).current_dir(work.path()).output();
        for (path, text) in files {
            let path = work.path().join(path);
            path.parent().map(fs::create_dir_all).transpose().expect("a folder");
            fs::write(path, text).expect("a file");
        }
        git(work.path(), &["add", "--all"]);
        git(work.path(), &["commit", "--quiet", "--message", "others"]);
        git(work.path(), &["push", "--quiet", &bare, "HEAD:main"]);
    }

    /// Whether the server has signed a commit.
    ///
    /// # Panics
    /// Git fails.
    #[must_use]
    pub fn has_signed(&self, commit: &str) -> bool {
        let public = fs::read_to_string(self.folder.path().join("key.pub")).expect("a key");
        let allowed = self.folder.path().join("allowed");
        fs::write(&allowed, format!("noreply@github.com {public}")).expect("a file");
        let mut command = Command::new("git");
        command.arg("-c").arg(format!("gpg.ssh.allowedSignersFile={}", allowed.display()));
        let verified = command.args(["verify-commit", commit]).current_dir(self.bare()).output();
        verified.expect("git can be run").status.success()
    }
}

impl GitHubState {
    fn answer(&self, request: &WebRequest) -> WebReply {
        let path = request.target.split('?').next().unwrap_or_default();
        match path.strip_prefix(ROOT) {
            Some(path) => {
                let token = request.header("authorization").trim_start_matches("Bearer ").to_owned();
                let body = serde_json::from_str(&request.body).unwrap_or_default();
                match [TOKEN, PERSONAL].contains(&&*token) {
                    true => self.rest(&request.method, path, &body, &token),
                    false => told(401, &json!({"message": "Bad credentials"})),
                }
            }
            None if request.header("authorization").starts_with("Basic ") => self.serve_git(request),
            None => WebReply::of(401, &["www-authenticate: Basic realm=\"GitHub\""], ""),
        }
    }

    fn rest(&self, method: &str, path: &str, body: &Value, token: &str) -> WebReply {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        match (method, path) {
            ("POST", "/git/trees") => told(201, &json!({"sha": self.tree(body)})),
            ("POST", "/git/commits") => told(201, &self.commit(body, token)),
            ("GET", "/pulls") => {
                let now: Vec<_> = requests.iter().map(|request| self.as_it_stands(request)).collect();
                told(200, &json!(now))
            }
            ("POST", "/pulls") => {
                let number = requests.len() + 1;
                requests.push(json!({
                    "number": number, "node_id": "PR", "html_url": format!("https://github.example.com/{number}"),
                    "state": "open", "title": body["title"], "body": body["body"], "labels": [], "merged_at": null,
                    "merge_commit_sha": null, "mergeable_state": "clean",
                    "base": {"ref": body["base"], "repo": {"id": 1}}, "head": {"ref": body["head"], "repo": {"id": 1}},
                }));
                told(201, &self.as_it_stands(&requests[number - 1]))
            }
            ("GET", comments) if comments.ends_with("/comments") => told(200, &json!([])),
            ("POST", comments) if comments.ends_with("/comments") => told(201, &json!({"id": 1})),
            (_, one) => {
                let number = one.strip_prefix("/pulls/").and_then(|number| number.parse::<usize>().ok());
                let Some(request) = number.and_then(|number| requests.get_mut(number.checked_sub(1)?)) else {
                    return told(404, &json!({"message": "Not Found"}));
                };
                for (name, value) in body.as_object().into_iter().flatten() {
                    request[name] = value.clone();
                }
                told(200, &self.as_it_stands(request))
            }
        }
    }

    /// The document of a pull request, with the current commit of its branch.
    fn as_it_stands(&self, request: &Value) -> Value {
        let mut request = request.clone();
        let branch = request["head"]["ref"].as_str().unwrap_or_default();
        request["head"]["sha"] = self.git(&["rev-parse", branch], b"").into();
        request
    }

    /// A new tree: <https://docs.github.com/rest/git/trees#create-a-tree>
    fn tree(&self, body: &Value) -> String {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut lines = String::new();
        for entry in body["tree"].as_array().into_iter().flatten() {
            let (path, mode) = (text(&entry["path"]), text(&entry["mode"]));
            let id = match &entry["content"] {
                Value::String(content) => self.git(&["hash-object", "-w", "--stdin"], content.as_bytes()),
                _ => text(&entry["sha"]),
            };
            let (mode, id) = if id.is_empty() { ("0", "0".repeat(40)) } else { (&*mode, id) };
            lines += &format!("{mode} {id}\t{path}\n");
        }
        // Several runs create trees at the same time.
        let index = tempfile::tempdir().expect("a folder");
        let index = index.path().join("index").display().to_string();
        let call = |args: &[&str], input: &str| {
            called(&self.bare, args, input.as_bytes(), &[("GIT_INDEX_FILE", &index)])
        };
        call(&["read-tree", &text(&body["base_tree"])], "");
        call(&["update-index", "--add", "--index-info"], &lines);
        call(&["write-tree"], "")
    }

    /// A new commit. The server signs it for the token of a job if the request names no author:
    /// <https://docs.github.com/rest/git/commits#create-a-commit>
    fn commit(&self, body: &Value, token: &str) -> Value {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let signed = token == TOKEN && body["author"].is_null() && body["committer"].is_null();
        let (tree, parent) = (text(&body["tree"]), text(&body["parents"][0]));
        let key = format!("user.signingkey={}", self.key.display());
        let args = [
            "-c",
            "user.name=GitHub",
            "-c",
            "user.email=noreply@github.com",
            "-c",
            "gpg.format=ssh",
            "-c",
            &key,
            "commit-tree",
            &tree,
            "-p",
            &parent,
            "-S",
        ];
        let args = if signed { &args[..] } else { &args[..args.len() - 1] };
        let id = self.git(args, text(&body["message"]).as_bytes());
        let reason = if signed { "valid" } else { "unsigned" };
        json!({"sha": id, "tree": {"sha": tree}, "verification": {"verified": signed, "reason": reason}})
    }

    /// Git over HTTP, by the program that comes with git. <https://git-scm.com/docs/git-http-backend>
    fn serve_git(&self, request: &WebRequest) -> WebReply {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let path = path.replacen("/shop/deploy/", "/shop/deploy.git/", 1);
        let root = self.bare.ancestors().nth(2).unwrap_or(&self.bare).display().to_string();
        let output = called_raw(
            &self.bare,
            &["http-backend"],
            &request.bytes,
            &[
                ("GIT_PROJECT_ROOT", &*root),
                ("GIT_HTTP_EXPORT_ALL", "1"),
                ("PATH_INFO", &path),
                ("QUERY_STRING", query),
                ("REQUEST_METHOD", &request.method),
                ("CONTENT_TYPE", request.header("content-type")),
                ("CONTENT_LENGTH", &request.bytes.len().to_string()),
                ("HTTP_CONTENT_ENCODING", request.header("content-encoding")),
                ("HTTP_GIT_PROTOCOL", request.header("git-protocol")),
                ("REMOTE_USER", "job"),
            ],
        );
        let mut answer = match output.strip_prefix(b"Status: ") {
            Some(_) => b"HTTP/1.1 ".to_vec(),
            None => b"HTTP/1.1 200 OK\r\n".to_vec(),
        };
        answer.extend(output.strip_prefix(b"Status: ").unwrap_or(&output));
        let head = answer.windows(2).position(|pair| pair == b"\r\n").unwrap_or(0);
        answer.splice(head..head, *b"\r\nconnection: close");
        WebReply::raw(answer)
    }

    fn git(&self, args: &[&str], input: &[u8]) -> String {
        called(&self.bare, args, input, &[])
    }
}

fn told(status: u16, body: &Value) -> WebReply {
    WebReply::of(status, &["content-type: application/json"], &body.to_string())
}

fn called(folder: &Path, args: &[&str], input: &[u8], variables: &[(&str, &str)]) -> String {
    String::from_utf8_lossy(&called_raw(folder, args, input, variables)).trim().to_owned()
}

fn called_raw(folder: &Path, args: &[&str], input: &[u8], variables: &[(&str, &str)]) -> Vec<u8> {
    let mut command = Command::new("git");
    command.args(args).current_dir(folder).envs(variables.iter().copied());
    let command = services::fed(command.env("GIT_CONFIG_GLOBAL", "/dev/null"), input).expect("a file");
    command.output().expect("git can be run").stdout
}
