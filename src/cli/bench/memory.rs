//! What the kernel says of a process's memory and processor time.

/// Resident memory of a process in MB; 0 where the kernel does not say.
pub(super) fn rss_mb(process: u32) -> f64 {
    line_mb(process, "VmRSS:")
}

/// The most that this process ever had.
pub(super) fn peak_rss_mb() -> f64 {
    line_mb(std::process::id(), "VmHWM:")
}

fn line_mb(process: u32, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<f64>().ok());
    (kilobytes.unwrap_or_default() / 1024.0 * 10.0).round() / 10.0
}

pub(super) fn own_rss_mb() -> f64 {
    rss_mb(std::process::id())
}

/// Ticks of `/proc/<pid>/stat`: 100 a second on every Linux.
const TICKS_PER_S: f64 = 100.0;

/// Processor time that this process has used, all its threads together.
pub(super) fn own_cpu_secs() -> f64 {
    cpu_secs(std::process::id())
}

/// The same of another process; 0 where the kernel does not say.
pub(super) fn cpu_secs(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The second field is the program's name in brackets, whatever is in it.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: f64 = fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / TICKS_PER_S
}
