//! A quantity of Kubernetes: `500m`, `1Gi`, `2`.

/// An amount.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(super) struct Quantity(f64);

/// Suffixes and what they multiply by.
const SUFFIXES: &[(&str, f64)] = &[
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
];

impl Quantity {
    /// Reads a quantity; nothing for text that is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        for (suffix, times) in SUFFIXES {
            if let Some(number) = text.strip_suffix(suffix) {
                return number.parse::<f64>().ok().map(|number| Self(number * times));
            }
        }
        text.parse().ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_compared_by_what_they_mean() {
        let parse = |text: &str| Quantity::parse(text).unwrap();
        assert!(parse("500m") < parse("1"));
        assert!(parse("1Gi") > parse("1G"));
        assert_eq!(parse("1024Mi"), parse("1Gi"));
        assert_eq!(parse("1e3"), parse("1k"));
        assert!(Quantity::parse("much").is_none());
    }
}
