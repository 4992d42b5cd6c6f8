//! An editor, as far as rust-analyzer can tell.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

pub(crate) struct Client {
    server: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    file: String,
    /// The number of the last request.
    id: u64,
    version: u64,
}

impl Client {
    /// Starts rust-analyzer in a project, and waits until it has read it.
    pub(crate) fn start(project: &Path) -> Self {
        let mut command = Command::new("rust-analyzer");
        command.current_dir(project).env("CARGO_NET_OFFLINE", "true");
        let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (to, from) = (server.stdin.take().unwrap(), BufReader::new(server.stdout.take().unwrap()));
        let root = format!("file://{}", project.display());
        let mut client = Self { server, to, from, file: format!("{root}/src/main.rs"), id: 0, version: 0 };
        let target =
            std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| format!("{}/target", project.display()));
        client.request(
            "initialize",
            &json!({
                "processId": std::process::id(),
                "rootUri": root,
                "capabilities": { "experimental": { "serverStatusNotification": true } },
                "initializationOptions": {
                    "checkOnSave": false,
                    "cachePriming": { "enable": false },
                    "cargo": { "targetDir": target },
                },
            }),
        );
        client.notify("initialized", &json!({}));
        let text = std::fs::read_to_string(project.join("src/main.rs")).unwrap();
        let item = json!({ "uri": client.file, "languageId": "rust", "version": 0, "text": text });
        client.notify("textDocument/didOpen", &json!({ "textDocument": item }));
        loop {
            let message = client.receive();
            if message["method"] == "experimental/serverStatus" && message["params"]["quiescent"] == true {
                return client;
            }
        }
    }

    /// The names that are completed at `$0` in this text.
    pub(crate) fn completions(&mut self, text: &str) -> BTreeSet<String> {
        let (before, after) = text.split_once("$0").unwrap();
        let line = before.matches('\n').count();
        let character = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
        self.version += 1;
        self.notify(
            "textDocument/didChange",
            &json!({
                "textDocument": { "uri": self.file, "version": self.version },
                "contentChanges": [{ "text": format!("{before}{after}") }],
            }),
        );
        let answer = self.request(
            "textDocument/completion",
            &json!({
                "textDocument": { "uri": self.file },
                "position": { "line": line, "character": character },
            }),
        );
        let items = answer.get("items").unwrap_or(&answer).as_array().cloned().unwrap_or_default();
        let names = items.iter().filter_map(|item| item["label"].as_str());
        names
            .map(|label| {
                label.split(|char: char| !char.is_alphanumeric() && char != '_').next().unwrap().to_owned()
            })
            .collect()
    }

    /// Asks, again if the server says that it has to be asked anew, and returns the result.
    fn request(&mut self, method: &str, params: &Value) -> Value {
        const CONTENT_MODIFIED: i64 = -32801;
        loop {
            self.id += 1;
            let id = self.id;
            self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
            let answer = loop {
                let message = self.receive();
                if message["id"] == id && message.get("method").is_none() {
                    break message;
                }
            };
            match answer.get("error") {
                None => return answer["result"].clone(),
                Some(error) => assert_eq!(error["code"], CONTENT_MODIFIED, "{error}"),
            }
        }
    }

    fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        self.to.flush().unwrap();
    }

    /// The next message. What the server itself asks for is not there.
    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert_ne!(self.from.read_line(&mut line).unwrap(), 0, "rust-analyzer has ended");
            match line.trim_end().strip_prefix("Content-Length: ") {
                Some(number) => length = number.parse().unwrap(),
                None if line.trim_end().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        self.from.read_exact(&mut body).unwrap();
        let message: Value = serde_json::from_slice(&body).unwrap();
        if let (Some(id), Some(_)) = (message.get("id"), message.get("method")) {
            self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": null }));
        }
        message
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.server.kill().and_then(|()| self.server.wait()).expect("rust-analyzer can be stopped");
    }
}
