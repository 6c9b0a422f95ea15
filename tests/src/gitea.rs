//! A Gitea of its own for a test: a real forge, with git over HTTP. It listens on loopback only and ends with the test.

use crate::services::{self, Result};
use base64::Engine as _;
use serde_json::{Value, json};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Gitea does not run as root, so tests of root run it as the user `nobody`.
const NOBODY: u32 = 65534;
/// The timeout of the start.
const START: Duration = Duration::from_secs(120);

/// The server.
#[derive(Debug)]
pub struct Gitea {
    folder: TempDir,
    port: u16,
    child: Child,
    /// The token of the user `shop`, who has every right.
    pub token: String,
}

/// An answer of the server.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl Gitea {
    /// Starts a server with the user `shop`.
    ///
    /// # Errors
    /// The build fails, or the server does not start.
    pub fn start() -> Result<Self> {
        let said = |error: std::io::Error| error.to_string();
        let folder = crate::support::folder();
        // The user `nobody` may not read the folder of the installation. Hard links are cheaper than copies.
        let (built, home) = (services::gitea()?, folder.path().join("home"));
        let copy = |how: &str| services::output(Command::new("cp").arg(how).arg(&built).arg(&home));
        copy("-Rl").or_else(|_| copy("-R"))?;
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).map_err(said)?.port();
        let path = folder.path().display();
        let settings = format!(
            "RUN_MODE = prod\nWORK_PATH = {path}\n\
             [server]\nHTTP_ADDR = 127.0.0.1\nHTTP_PORT = {port}\nROOT_URL = http://127.0.0.1:{port}/\n\
             DISABLE_SSH = true\nOFFLINE_MODE = true\nSTATIC_ROOT_PATH = {}\nLFS_START_SERVER = false\n\
             [database]\nDB_TYPE = sqlite3\nPATH = {path}/gitea.db\n\
             [repository]\nROOT = {path}/repositories\n\
             [security]\nINSTALL_LOCK = true\nSECRET_KEY = a-test\nPASSWORD_HASH_ALGO = pbkdf2_v1\n\
             [service]\nDISABLE_REGISTRATION = true\n[indexer]\nISSUE_INDEXER_TYPE = db\n\
             [log]\nMODE = console\nLEVEL = Warn\n[cron]\nENABLED = false\n[actions]\nENABLED = false\n",
            home.display()
        );
        fs::write(folder.path().join("app.ini"), settings).map_err(said)?;
        if rustix::process::geteuid().is_root() {
            for entry in [folder.path().to_owned(), folder.path().join("app.ini")] {
                chown(entry, Some(NOBODY), Some(NOBODY)).map_err(said)?;
            }
        }
        let command = || {
            let mut command = Command::new(home.join("gitea"));
            command.env_clear().env("PATH", services::path(&[])).env("HOME", folder.path());
            command.current_dir(folder.path()).args(["--config"]).arg(folder.path().join("app.ini"));
            if rustix::process::geteuid().is_root() {
                command.uid(NOBODY).gid(NOBODY);
            }
            command
        };
        services::output(command().arg("migrate"))?;
        let user = [
            "admin",
            "user",
            "create",
            "--username",
            "shop",
            "--random-password",
            "--email",
            "shop@example.com",
        ];
        let made = services::output(command().args(user).args([
            "--admin",
            "--must-change-password=false",
            "--access-token",
        ]))?;
        let told = made.lines().find(|line| line.contains("ccess token"));
        let token = told.and_then(|line| line.split_whitespace().next_back());
        let token = token.ok_or_else(|| format!("no token in: {made}"))?.to_owned();
        let log = fs::File::create(folder.path().join("log")).map_err(said)?;
        let child = command()
            .arg("web")
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(said)?)
            .stderr(log)
            .spawn();
        let gitea = Self { child: child.map_err(said)?, folder, port, token };
        let began = Instant::now();
        while gitea.ask("GET", "/version", &Value::Null).map_or(0, |reply| reply.status) != 200 {
            if began.elapsed() > START {
                let log = fs::read_to_string(gitea.folder.path().join("log")).unwrap_or_default();
                return Err(format!("gitea does not begin: {log}"));
            }
            thread::sleep(Duration::from_millis(200));
        }
        Ok(gitea)
    }

    /// The URL of the server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes a private repository of `shop` with these files on `main`, and returns its URL.
    ///
    /// # Errors
    /// The server rejects the request.
    pub fn repository(&self, name: &str, files: &[(&str, &str)]) -> Result<String> {
        self.well(
            "POST",
            "/user/repos",
            &json!({"name": name, "default_branch": "main", "auto_init": true, "private": true}),
        )?;
        let file = |(path, text): &(&str, &str)| {
            let content = base64::engine::general_purpose::STANDARD.encode(text);
            json!({"operation": "create", "path": path, "content": content})
        };
        let files: Vec<_> = files.iter().map(file).collect();
        let body = json!({"branch": "main", "message": "first", "files": files});
        self.well("POST", &format!("/repos/shop/{name}/contents"), &body)?;
        Ok(format!("{}/shop/{name}", self.url()))
    }

    /// Sends a request that must succeed.
    ///
    /// # Errors
    /// The request fails.
    pub fn well(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let reply = self.ask(method, path, body)?;
        if reply.status < 300 { Ok(reply.body) } else { Err(format!("{method} {path}: {reply:?}")) }
    }

    /// Sends a request to the API, as `shop`.
    ///
    /// # Errors
    /// The server does not answer.
    pub fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Reply> {
        let said = |error: std::io::Error| error.to_string();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).map_err(said)?;
        let head = format!(
            "{method} /api/v1{path} HTTP/1.0\r\nhost: 127.0.0.1:{}\r\nauthorization: token {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.port,
            self.token,
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).map_err(said)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(said)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("no status")?;
        Ok(Reply { status, body: serde_json::from_str(body).unwrap_or(Value::Null) })
    }
}

impl Drop for Gitea {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
