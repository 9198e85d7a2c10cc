#[derive(Debug, clap::Args)]
pub struct Args {}
pub async fn run(
    _: Args,
) -> Result<std::process::ExitCode, Box<dyn std::error::Error + Send + Sync>> {
    Ok(std::process::ExitCode::SUCCESS)
}
