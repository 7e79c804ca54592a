//! Durations as Prometheus writes them: `1h30m`, `90s`, `0`.

/// The units in the order in which they may stand, with their seconds.
const UNITS: &[(&str, f64)] = &[
    ("y", 31_536_000.0),
    ("w", 604_800.0),
    ("d", 86_400.0),
    ("h", 3_600.0),
    ("m", 60.0),
    ("s", 1.0),
    ("ms", 0.001),
];
/// The largest duration that Prometheus holds: 2^63 nanoseconds.
const MAX_SECONDS: f64 = 9_223_372_036.0;

/// Reads a duration and returns its seconds; nothing for what Prometheus refuses.
///
/// Each unit stands at most once and larger ones first; `0` needs no unit, every other number does.
pub(super) fn seconds_of(text: &str) -> Option<f64> {
    if text == "0" {
        return Some(0.0);
    }
    let mut rest = text;
    let mut next_unit = 0;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.bytes().take_while(u8::is_ascii_lowercase).count();
        let unit = UNITS.iter().position(|(unit, _)| *unit == &rest[..letters])?;
        if unit < next_unit {
            return None;
        }
        next_unit = unit + 1;
        rest = &rest[letters..];
        #[expect(clippy::cast_precision_loss, reason = "a duration is judged to the second")]
        let count = number as f64;
        total += count * UNITS[unit].1;
    }
    (!text.is_empty() && total <= MAX_SECONDS).then_some(total)
}

/// Writes seconds as people read them.
pub(super) fn text_of(seconds: f64) -> String {
    let unit = UNITS.iter().find(|(_, size)| seconds >= *size && (seconds / size).fract() == 0.0);
    match unit {
        Some((unit, size)) => format!("{}{unit}", seconds / size),
        None => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_stand_once_and_in_order() {
        for (text, seconds) in
            [("0", 0.0), ("5m", 300.0), ("1h30m", 5400.0), ("1d", 86_400.0), ("500ms", 0.5)]
        {
            assert_eq!(seconds_of(text), Some(seconds), "{text}");
        }
        for wrong in
            ["", "5", "-5m", "5m1h", "1m1m", "1.5h", "m", "5 m", "NaN", "inf", "300y", "1M"]
        {
            assert_eq!(seconds_of(wrong), None, "{wrong}");
        }
        assert_eq!(text_of(5400.0), "90m");
        assert_eq!(text_of(259_200.0), "3d");
    }
}
