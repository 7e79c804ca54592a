//! Points in time, always UTC, always given by the caller.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time with a resolution of one second, written as RFC 3339 in UTC.
///
/// Reads any RFC 3339 date-time with an offset (a fraction of a second is dropped) and writes one
/// form only: `2026-11-23T09:00:00Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Seconds since 1970-01-01T00:00:00Z; years 0001 to 9999 only.
    ///
    /// # Errors
    ///
    /// A number of seconds outside those years.
    pub fn from_unix_seconds(seconds: i64) -> Result<Self, ParseTimestampError> {
        if (-62_135_596_800..=253_402_300_799).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(ParseTimestampError(seconds.to_string()))
        }
    }

    /// Returns the seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0
    }

    /// Returns the whole seconds from `earlier` to this time; negative when this one is earlier.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// Returns the time `seconds` seconds later, at most the last second of the year 9999.
    #[must_use]
    pub fn plus_seconds(self, seconds: u32) -> Self {
        Self((self.0 + i64::from(seconds)).min(253_402_300_799))
    }

    /// Returns the time `days` days later, at most the last second of the year 9999.
    #[must_use]
    pub fn plus_days(self, days: u32) -> Self {
        Self((self.0 + i64::from(days) * 86_400).min(253_402_300_799))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::UNIX_EPOCH
            .checked_add(SignedDuration::from_secs(self.0))
            .expect("a Timestamp is within the years that jiff knows");
        write!(formatter, "{}", time.strftime("%Y-%m-%dT%H:%M:%SZ"))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The text is not an RFC 3339 date-time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseTimestampError(String);

impl fmt::Display for ParseTimestampError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.0.chars().take(80).collect();
        write!(
            formatter,
            "`{}` is not an RFC 3339 time: expected the form `2026-11-23T09:00:00Z`",
            shown.escape_debug()
        )
    }
}

impl std::error::Error for ParseTimestampError {}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseTimestampError(text.to_owned());
        // jiff reads more of ISO 8601 than RFC 3339 allows: hold the outer shape first.
        let bytes = text.as_bytes();
        let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
        let shape = (20..=40).contains(&bytes.len())
            && digits(0..4)
            && bytes[4] == b'-'
            && digits(5..7)
            && bytes[7] == b'-'
            && digits(8..10)
            && matches!(bytes[10], b'T' | b't')
            && digits(11..13)
            && bytes[13] == b':'
            && digits(14..16)
            && bytes[16] == b':'
            && digits(17..19)
            && !text.contains('[');
        if !shape {
            return Err(error());
        }
        let time: jiff::Timestamp = text.parse().map_err(|_| error())?;
        let floor = time.as_nanosecond().div_euclid(1_000_000_000);
        Self::from_unix_seconds(i64::try_from(floor).map_err(|_| error())?).map_err(|_| error())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_one_form() {
        let time: Timestamp = "2026-11-23T10:00:00.9+01:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-11-23T09:00:00Z");
        assert_eq!(time.unix_seconds(), 1_795_424_400);
        assert_eq!(time.plus_days(1).to_string(), "2026-11-24T09:00:00Z");
    }

    #[test]
    fn refuses_what_is_no_time() {
        for wrong in [
            "",
            "2026-11-23",
            "2026-11-23T09:00:00",
            "2026-13-01T00:00:00Z",
            "20261123T090000Z",
            "2026-11-23T09:00Z",
            "2026-11-23T09:00:00Z[UTC]",
            "+002026-11-23T09:00:00Z",
            "never",
        ] {
            assert!(wrong.parse::<Timestamp>().is_err(), "{wrong}");
        }
        assert!(Timestamp::from_unix_seconds(i64::MAX).is_err());
    }
}
