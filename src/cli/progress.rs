//! Progress of long work: bytes, rate, time left, on a terminal only.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Work that takes less is over before anybody wonders.
const QUIET: Duration = Duration::from_secs(1);
const BEAT: Duration = Duration::from_millis(100);

/// A display of progress that ends when it is dropped, and leaves nothing behind.
pub(super) struct Progress(Option<(Sender<()>, JoinHandle<()>)>);

impl Progress {
    /// No display.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// A display of work that reads some files and folders once; of work of unknown size without.
    pub(super) fn begin(doing: &'static str, inputs: Vec<PathBuf>) -> Self {
        let (done, waiting) = channel::<()>();
        let already = bytes_read();
        let shown = std::thread::spawn(move || show(doing, &inputs, already, &waiting));
        Self(Some((done, shown)))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((done, shown)) = self.0.take() {
            drop(done);
            // A display that failed has nothing to say about the result.
            let _ = shown.join();
        }
    }
}

fn show(doing: &'static str, inputs: &[PathBuf], already: Option<u64>, waiting: &Receiver<()>) {
    let goes_on = |time| waiting.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
    if !goes_on(QUIET) {
        return;
    }
    let total: u64 = inputs.iter().map(|path| size_of(path, 0)).sum();
    let bar = match (total, already) {
        (1.., Some(_)) => ProgressBar::new(total),
        _ => ProgressBar::new_spinner(),
    };
    bar.set_style(style(total > 0 && already.is_some()));
    bar.set_message(doing);
    while goes_on(BEAT) {
        if let (Some(already), Some(read)) = (already, bytes_read()) {
            // What is read besides the inputs is little; the end is told by the end.
            let read = read.saturating_sub(already);
            bar.set_position(if total > 0 { read.min(total) } else { read });
        }
        bar.tick();
    }
    bar.finish_and_clear();
}

fn style(has_total: bool) -> ProgressStyle {
    let template = if has_total {
        "{spinner} {msg} {wide_bar} {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left"
    } else {
        "{spinner} {msg} {binary_bytes}, {binary_bytes_per_sec}, {elapsed}"
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// How many bytes this process has read, where the system counts them.
fn bytes_read() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/io").ok()?;
    text.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse().ok())
}

/// The size of a file, or of all files in a folder; what cannot be looked at has none.
fn size_of(path: &Path, depth: usize) -> u64 {
    const MAX_DEPTH: usize = 32;
    let Ok(meta) = path.symlink_metadata() else { return 0 };
    if !meta.is_dir() {
        return if meta.is_file() { meta.len() } else { 0 };
    }
    let Ok(entries) = std::fs::read_dir(path) else { return 0 };
    if depth > MAX_DEPTH {
        return 0;
    }
    entries.flatten().map(|entry| size_of(&entry.path(), depth + 1)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/b"), "12345").unwrap();
        std::fs::write(folder.path().join("c"), "123").unwrap();
        assert_eq!(size_of(folder.path(), 0), 8);
        assert_eq!(size_of(&folder.path().join("none"), 0), 0);
    }
}
