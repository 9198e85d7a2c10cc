//! The binary. Everything it does is in the library, so that tests can do it too.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Two TLS providers may be linked; the process uses this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reeve::cli::main()
}
