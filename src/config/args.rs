//! The flags that every subcommand takes.

use super::secret::Secret;

/// Flags that override every other source. What they hold is checked with the rest, so that all
/// problems are reported together; so `--set` is only text here, and may be a secret.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Configuration")]
pub struct ConfigArgs {
    /// Read this file instead of ./reeve.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<String>,

    /// The directory of everything Reeve keeps in files
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<String>,

    /// Where the log and the read models live: sqlite or postgres
    #[arg(long, global = true, value_name = "STORE")]
    pub store: Option<String>,

    /// PostgreSQL; better set as REEVE_DATABASE_URL, since others can see a command line
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<Secret>,

    /// Any setting of docs/configuration.md, such as log.filter=debug; may be repeated
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub set: Vec<Secret>,
}
