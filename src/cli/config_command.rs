//! `reeve config`

use std::process::ExitCode;

use super::print::{Print, say};
use crate::config::{Config, example_env, example_toml, reference};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// The settings in effect and where each came from; secrets masked
    Show,
    /// Every setting, described (docs/configuration.md)
    Docs,
    /// An example reeve.toml
    ExampleToml,
    /// An example .env
    ExampleEnv,
}

impl Args {
    /// So that the description can be read where the configuration is still wrong.
    pub const fn needs_no_settings(&self) -> bool {
        !matches!(self.what, What::Show)
    }

    pub fn print_reference(&self) -> ExitCode {
        let text = match self.what {
            What::Docs | What::Show => reference(),
            What::ExampleToml => example_toml(),
            What::ExampleEnv => example_env(),
        };
        say(text.trim_end());
        ExitCode::SUCCESS
    }
}

pub(super) fn show(config: &Config, print: Print) -> ExitCode {
    print.answer(&serde_json::json!({ "settings": config.effective() }), || config.show());
    ExitCode::SUCCESS
}
