//! The binary. Everything it does is in the library, so that tests can do it too.

use std::process::ExitCode;

/// Many short-lived values on many threads: glibc's keeps twice the memory for them, and takes longer.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // Two TLS providers may be linked; the process uses this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reeve::cli::main()
}
