//! A manager: a client over HTTP, who sees the questions that are for managers and answers them.

use std::error::Error;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How a server knows the manager. For a demonstration on this machine: other tokens are random, and not in the code.
pub(crate) const TOKEN: &str = "ada-token";

/// Returns the open questions, once there is one.
pub(crate) async fn open_questions(address: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    let (status, mut list) = request(address, "GET", "/questions?wait=10s", "").await?;
    match list["questions"].take() {
        Value::Array(questions) if status == 200 => Ok(questions),
        _ => Err(format!("the door answers {status}: {list}").into()),
    }
}

/// Approves a question, with other arguments than those that it shows; returns the status of the answer.
pub(crate) async fn approve(address: &str, question: &str, edited: &Value) -> Result<u16, Box<dyn Error>> {
    let body = serde_json::json!({ "edited": edited }).to_string();
    Ok(request(address, "POST", &format!("/questions/{question}/approve"), &body).await?.0)
}

async fn request(
    address: &str,
    method: &str,
    path: &str,
    body: &str,
) -> Result<(u16, Value), Box<dyn Error>> {
    let mut stream = TcpStream::connect(address).await?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    let (head, body) = response.split_once("\r\n\r\n").ok_or("the response has no end of its head")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.ok_or("the response has no status")?, serde_json::from_str(body)?))
}
