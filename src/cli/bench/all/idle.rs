//! The memory of `reeve serve` that has nothing to do.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use crate::cli::bench::{Failed, memory, store::Folder};

/// After it said that it is up.
const SETTLE: Duration = Duration::from_secs(3);

/// None where it did not come up.
pub(super) async fn rss_mb(dir: &Path) -> Result<Option<f64>, Failed> {
    let folder = Folder::make_in(dir)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["serve", "--set", "http.address=127.0.0.1:0", "--data-dir"]).arg(folder.path());
    command.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::piped());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("REEVE_")) {
        command.env_remove(name);
    }
    let mut serving = command.spawn()?;
    let output = serving.stderr.take().ok_or("the server has no output")?;
    // Its last line, should it end instead.
    let up = tokio::task::spawn_blocking(move || {
        BufReader::new(output).lines().map_while(Result::ok).any(|line| line.contains("is up"))
    });
    let up = up.await?;
    if up {
        tokio::time::sleep(SETTLE).await;
    }
    let megabytes = memory::rss_mb(serving.id());
    serving.kill()?;
    serving.wait()?;
    Ok(up.then_some(megabytes))
}
