//! `reeve verify`: checks a proof bundle, or the draw of a giveaway, with nothing but the file.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use reeve_verify::{DrawReport, Options, Report};

use super::{error::CliError, print::Print};

/// No checkpoint that is given may be longer.
const MAX_CHECKPOINT_BYTES: u64 = 16 * 1024;
/// A giveaway of a million entries is shorter.
const MAX_DRAW_BYTES: u64 = 256 * 1024 * 1024;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file that `reeve proof export` wrote, or the draw of a giveaway
    bundle: PathBuf,
    /// The key that you trust, as `reeve proof key` prints it; may be repeated after a key change
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,
    /// A file with a checkpoint that you have kept: the bundle must be of the same history
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

/// Exit codes: 0 valid, 1 not valid, 2 no bundle at all.
pub(super) fn run(args: &Args, print: Print) -> Result<ExitCode, CliError> {
    if begins_like_a_draw(&args.bundle) {
        return draw(args, print);
    }
    let checkpoint = args.checkpoint.as_deref().map(read_checkpoint).transpose()?;
    let options = Options { keys: args.keys.clone(), checkpoint };
    let report = reeve_verify::verify(&args.bundle, &options)
        .map_err(|error| CliError::Setup(format!("{}: {error}", args.bundle.display())))?;
    print.answer(&report, || in_words(&report));
    Ok(if report.valid { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What cannot be read is told where it is read as a bundle.
fn begins_like_a_draw(path: &Path) -> bool {
    let mut begin = [0; 32];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut begin));
    read.is_ok_and(|length| reeve_verify::is_draw(&begin[..length]))
}

fn draw(args: &Args, print: Print) -> Result<ExitCode, CliError> {
    let setup = |text: &str| CliError::Setup(format!("{}: {text}", args.bundle.display()));
    if !args.keys.is_empty() || args.checkpoint.is_some() {
        return Err(setup("this is the draw of a giveaway: it needs neither keys nor checkpoints"));
    }
    let size = std::fs::metadata(&args.bundle).map_err(|error| setup(&error.to_string()))?.len();
    if size > MAX_DRAW_BYTES {
        return Err(setup("this is too long to be the draw of a giveaway"));
    }
    let bytes = std::fs::read(&args.bundle).map_err(|error| setup(&error.to_string()))?;
    let report = reeve_verify::verify_draw(&bytes);
    print.answer(&report, || draw_in_words(&report));
    Ok(if report.valid { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn draw_in_words(report: &DrawReport) -> String {
    let drawn: Vec<_> = report.drawn.iter().map(ToString::to_string).collect();
    let mut lines = vec![if report.valid {
        format!("VALID: {} entries, drawn: {}", report.entries, drawn.join(", "))
    } else {
        "NOT VALID".to_owned()
    }];
    let said = report.problems.iter().chain(&report.proves);
    lines.extend(said.map(|says| format!("  {says}")));
    lines.join("\n")
}

/// A checkpoint that somebody has kept, as a text.
pub(super) fn read_checkpoint(path: &Path) -> Result<String, CliError> {
    let setup = |text: &str| CliError::Setup(format!("{}: {text}", path.display()));
    let size = std::fs::metadata(path).map_err(|error| setup(&error.to_string()))?.len();
    if size > MAX_CHECKPOINT_BYTES {
        return Err(setup("this is too long to be a checkpoint"));
    }
    std::fs::read_to_string(path).map_err(|error| setup(&error.to_string()))
}

fn in_words(report: &Report) -> String {
    let mut lines = vec![match (report.valid, report.erased) {
        (true, 0) => format!("VALID: {} events", report.events),
        (true, erased) => format!("VALID: {} events, {erased} erased", report.events),
        (false, _) => "NOT VALID".to_owned(),
    }];
    lines.extend(report.problems.iter().map(|problem| format!("  {problem}")));
    lines.extend(report.proves.iter().map(|says| format!("  {says}")));
    if !report.valid {
        lines.push("  Nothing in this file can be relied on.".to_owned());
    }
    lines.join("\n")
}
