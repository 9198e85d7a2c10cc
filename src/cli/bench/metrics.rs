//! The recorder that `reeve serve` has, so that what it costs is measured too.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::Failed;

const RETRIES: &str = "reeve_command_retries_total";

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Once per process.
pub(super) fn install() -> Result<(), Failed> {
    let handle = PrometheusBuilder::new()
        .set_buckets(&[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 3.0])?
        .install_recorder()?;
    HANDLE.get_or_init(|| handle);
    Ok(())
}

/// Commands that were decided again because their append had not been written.
pub(super) fn retries() -> u64 {
    let rendered = HANDLE.get().map(PrometheusHandle::render).unwrap_or_default();
    let count = rendered.lines().find_map(|line| line.strip_prefix(RETRIES)?.trim().parse().ok());
    count.unwrap_or(0)
}
