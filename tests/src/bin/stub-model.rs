//! A scripted model server on loopback, for tests with real agent programs.
//!
//! `stub-model PORT`: prints `ready` when it listens, and serves until it is killed. The first part of a request's path is
//! the scenario: `work`, `quota`, `auth`, `hang` or `review`.

use std::io::Write;
use std::net::TcpListener;

use e2e::model::{answer, http};

fn main() -> std::io::Result<()> {
    let port = std::env::args()
        .nth(1)
        .and_then(|port| port.parse().ok())
        .unwrap_or(0);
    // Loopback only: nothing of this may be reached from elsewhere.
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "ready {}", listener.local_addr()?)?;
    stdout.flush()?;
    for connection in listener.incoming() {
        let connection = connection?;
        std::thread::spawn(move || {
            let _ = http::serve(&connection, answer);
        });
    }
    Ok(())
}
