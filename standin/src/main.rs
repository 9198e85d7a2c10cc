//! The stand-in as a program: says where it listens and goes on until it is killed.

use std::{io::Write as _, path::PathBuf};

use clap::Parser;

/// A stand-in for an EventStoreDB server, for tests and measurements
#[derive(Debug, Parser)]
#[command(name = "standin", version)]
struct Args {
    /// Where to listen on 127.0.0.1; 0 takes any port
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The folder to keep everything in; without one it is forgotten with the process
    #[arg(long)]
    data: Option<PathBuf>,
    /// The largest append, in bytes
    #[arg(long, default_value_t = 2 * standin::DEFAULT_MAX_APPEND_BYTES)]
    max_append_bytes: usize,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let Args { port, data: folder, max_append_bytes } = Args::parse();
    let options = standin::Options { port, folder, max_append_bytes, ..Default::default() };
    let server = standin::Server::start(options).await?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", server.url())?;
    out.flush()?;
    std::future::pending().await
}
