//! Asks a running simulator something: one request over one connection, small enough to need no
//! HTTP library.

use std::{io, net::SocketAddr};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// How long an answer may be.
const ANSWER_BYTES: u64 = 16 * 1024 * 1024;

/// The status and the JSON that a route answers with.
pub async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: &Value,
) -> io::Result<(u16, Value)> {
    let mut stream = TcpStream::connect(address).await?;
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES).read_to_string(&mut answer).await?;
    read(&answer).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, "the answer is none of a simulator's")
    })
}

/// HTTP/1.0 has no chunks, so the rest is the body.
fn read(answer: &str) -> Option<(u16, Value)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_an_answer_then_status_and_body_are_read_and_anything_else_is_not() {
        let answer = "HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{\"done\":true}";
        assert_eq!(read(answer), Some((200, serde_json::json!({ "done": true }))));
        assert_eq!(read("SSH-2.0-OpenSSH\r\n"), None);
        assert_eq!(read(""), None);
    }
}
