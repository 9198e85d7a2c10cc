//! What the kernel says of a process's memory.

/// Resident memory of a process in MB; 0 where the kernel does not say.
pub(super) fn rss_mb(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<f64>().ok());
    (kilobytes.unwrap_or_default() / 1024.0 * 10.0).round() / 10.0
}

pub(super) fn own_rss_mb() -> f64 {
    rss_mb(std::process::id())
}
