//! A client that costs next to nothing: HTTP/1.1 on one kept connection, whole JSON bodies with a `Content-Length`.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use crate::Outcome;

const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Connection {
    stream: BufReader<TcpStream>,
    port: u16,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// Where the next page is, if it says so.
    pub(super) next: Option<String>,
}

impl Connection {
    pub(super) fn open(port: u16) -> Outcome<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .and_then(|stream| {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                Ok(stream)
            })
            .map_err(|error| format!("cannot connect to port {port}: {error}"))?;
        Ok(Self { stream: BufReader::new(stream), port })
    }

    pub(super) fn get(&mut self, path: &str) -> Outcome<Answer> {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", self.port))
    }

    pub(super) fn get_as(&mut self, path: &str, token: &str) -> Outcome<Answer> {
        let port = self.port;
        self.exchange(&format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"
        ))
    }

    pub(super) fn post_json(&mut self, path: &str, body: &str) -> Outcome<Answer> {
        self.post(path, "", body)
    }

    pub(super) fn post_json_as(&mut self, path: &str, token: &str, body: &str) -> Outcome<Answer> {
        self.post(path, &format!("Authorization: Bearer {token}\r\n"), body)
    }

    fn post(&mut self, path: &str, header: &str, body: &str) -> Outcome<Answer> {
        let (port, length) = (self.port, body.len());
        self.exchange(&format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{header}Content-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        ))
    }

    fn exchange(&mut self, request: &str) -> Outcome<Answer> {
        self.stream.get_mut().write_all(request.as_bytes()).map_err(|error| format!("the server hung up: {error}"))?;
        read_answer(&mut self.stream)
    }
}

fn read_answer(stream: &mut impl BufRead) -> Outcome<Answer> {
    let status_line = read_line(stream)?;
    let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| format!("not an HTTP answer: {status_line}"))?;
    let mut length = if status == 204 { Some(0) } else { None };
    let mut next = None;
    loop {
        let line = read_line(stream)?;
        if line.is_empty() {
            break;
        }
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse().ok(),
            Some((name, value)) if name.eq_ignore_ascii_case("link") => next = next_page(value),
            _ => {}
        }
    }
    let length: usize = length.ok_or("an answer without a Content-Length cannot be measured")?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).map_err(|error| format!("the answer broke off: {error}"))?;
    Ok(Answer { status, body, next })
}

fn next_page(link: &str) -> Option<String> {
    let (path, relation) = link.trim().strip_prefix('<')?.split_once('>')?;
    relation.contains("rel=\"next\"").then(|| path.to_owned())
}

fn read_line(stream: &mut impl BufRead) -> Outcome<String> {
    let mut line = String::new();
    match stream.read_line(&mut line) {
        Ok(0) => Err("the server closed the connection".to_owned()),
        Ok(_) => Ok(line.trim_end().to_owned()),
        Err(error) => Err(format!("the answer broke off: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, read_answer};

    #[test]
    fn two_answers_on_one_connection_are_told_apart() {
        let mut stream = &b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 204 No Content\r\n\r\n"[..];
        assert_eq!(read_answer(&mut stream).unwrap(), Answer { status: 200, body: b"{}".to_vec(), next: None });
        assert_eq!(read_answer(&mut stream).unwrap(), Answer { status: 204, body: Vec::new(), next: None });
        assert!(read_answer(&mut stream).is_err());
    }

    #[test]
    fn a_page_tells_where_the_next_one_is() {
        let mut stream = &b"HTTP/1.1 200 OK\r\nLink: </a?b=c>; rel=\"next\"\r\nContent-Length: 2\r\n\r\n[]"[..];
        assert_eq!(read_answer(&mut stream).unwrap().next.as_deref(), Some("/a?b=c"));
    }

    #[test]
    fn a_broken_answer_is_an_error() {
        assert!(read_answer(&mut &b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}"[..]).is_err());
        assert!(read_answer(&mut &b"SSH-2.0-OpenSSH\r\n"[..]).is_err());
    }
}
