//! As much of HTTP/1.1 as agents' programs speak: one request per connection, bodies with a length or in chunks.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longest body that is read.
const MAX_BODY: usize = 64 << 20;

/// What was asked.
pub struct Request {
    /// With the query.
    pub path: String,
    /// Empty when there is none.
    pub body: Vec<u8>,
}

/// What is answered.
pub struct Response {
    /// 200 and others.
    pub status: u16,
    /// Beside length and connection.
    pub headers: Vec<(&'static str, String)>,
    /// All of it.
    pub body: String,
    /// Before anything is sent.
    pub delay: Duration,
}

/// Reads one request and answers it.
pub fn serve(connection: &TcpStream, answer: impl FnOnce(&Request) -> Response) -> Result<()> {
    let mut reader = BufReader::new(connection);
    let request = read(&mut reader, connection)?;
    let response = answer(&request);
    std::thread::sleep(response.delay);
    let mut text = format!("HTTP/1.1 {} Scripted\r\n", response.status);
    for (name, value) in &response.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    let length = response.body.len();
    text.push_str(&format!(
        "Content-Length: {length}\r\nConnection: close\r\n\r\n"
    ));
    text.push_str(&response.body);
    let mut connection = connection;
    connection.write_all(text.as_bytes())
}

fn read(reader: &mut BufReader<&TcpStream>, connection: &TcpStream) -> Result<Request> {
    let first = line(reader)?;
    let path = first.split(' ').nth(1).unwrap_or("/").to_owned();
    let (mut length, mut chunked) = (0, false);
    loop {
        let header = line(reader)?.to_ascii_lowercase();
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        match name {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "transfer-encoding" => chunked = value.contains("chunked"),
            "expect" => {
                let mut connection = connection;
                connection.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            }
            _ => {}
        }
    }
    let mut body = Vec::new();
    if chunked {
        loop {
            let size = line(reader)?;
            let size = size.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(Error::other)?;
            take(reader, size, &mut body)?;
            line(reader)?;
            if size == 0 {
                break;
            }
        }
    } else {
        take(reader, length, &mut body)?;
    }
    Ok(Request { path, body })
}

fn take(reader: &mut impl Read, size: usize, body: &mut Vec<u8>) -> Result<()> {
    if body.len() + size > MAX_BODY {
        return Err(Error::new(ErrorKind::InvalidData, "the body is too long"));
    }
    reader.take(size as u64).read_to_end(body).map(drop)
}

/// Without its end; empty at the end of the headers.
fn line(reader: &mut BufReader<&TcpStream>) -> Result<String> {
    let mut line = String::new();
    reader.take(64 << 10).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}
