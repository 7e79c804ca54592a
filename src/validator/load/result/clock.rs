//! When samples were taken: RFC 3339 with nanoseconds, a million times over.

use crate::time::Timestamp;

/// The first and the last time of a file's samples.
#[derive(Debug, Default)]
pub(super) struct Clock {
    text: String,
    second: String,
    seconds: i64,
    first: Option<i128>,
    last: Option<i128>,
}

impl Clock {
    /// Takes an RFC 3339 time; its second is read anew only when it changes.
    pub(super) fn tick(&mut self, text: &str) -> Result<(), String> {
        if text == self.text {
            return Ok(());
        }
        let bad =
            || format!("`{}` is no time", text.chars().take(60).collect::<String>().escape_debug());
        let (second, rest) = text.split_at_checked(19).ok_or_else(bad)?;
        let digits = rest.strip_prefix('.').unwrap_or_default();
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let zone = &rest[if rest.starts_with('.') { end + 1 } else { 0 }..];
        let is_known = self.second.strip_prefix(second) == Some(zone);
        if !is_known {
            let whole = format!("{second}{zone}");
            let time: Timestamp = whole.parse().map_err(|_| bad())?;
            self.seconds = time.unix_seconds();
            self.second = whole;
        }
        let mut nanoseconds = 0_i128;
        for index in 0..9 {
            let digit = digits.as_bytes().get(index).filter(|_| index < end);
            nanoseconds = nanoseconds * 10 + digit.map_or(0, |byte| i128::from(byte - b'0'));
        }
        let at = i128::from(self.seconds) * 1_000_000_000 + nanoseconds;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
        text.clone_into(&mut self.text);
        Ok(())
    }

    /// The second of the last sample, since 1970.
    pub(super) fn second(&self) -> i64 {
        self.seconds
    }

    #[expect(clippy::cast_precision_loss, reason = "a run of 100 days has less than 2^53 ns")]
    /// How long it was from the first to the last, in milliseconds.
    pub(super) fn covered_ms(&self) -> Option<f64> {
        Some((self.last? - self.first?) as f64 / 1e6).filter(|covered| *covered > 0.0)
    }
}
