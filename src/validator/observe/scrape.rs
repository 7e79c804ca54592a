//! The text that an exporter answers with: `name{label="value"} 1`, with its `# TYPE` lines.

use std::collections::BTreeMap;

use super::rulefile::{is_label_name, is_metric_name};

/// The most lines that are read.
const MAX_LINES: usize = 500_000;

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    /// Its line, from 1.
    pub(super) line: u32,
    pub(super) metric: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: f64,
}

/// A scrape.
#[derive(Debug, Default)]
pub(super) struct Scrape {
    pub(super) samples: Vec<Sample>,
    /// The type of every family that states one.
    pub(super) types: BTreeMap<String, String>,
    /// Lines that are neither comment nor sample, and why.
    pub(super) broken: Vec<(u32, String)>,
}

impl Scrape {
    /// Reads a scrape line by line.
    pub(super) fn parse(text: &str) -> Self {
        let mut scrape = Self::default();
        for (index, line) in text.lines().take(MAX_LINES).enumerate() {
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            let line = line.trim();
            if let Some(comment) = line.strip_prefix('#') {
                let mut words = comment.split_whitespace();
                if let (Some("TYPE"), Some(name), Some(kind)) =
                    (words.next(), words.next(), words.next())
                {
                    scrape.types.insert(name.to_owned(), kind.to_owned());
                }
            } else if !line.is_empty() {
                match sample_of(line, number) {
                    Ok(sample) => scrape.samples.push(sample),
                    Err(problem) => scrape.broken.push((number, problem)),
                }
            }
        }
        scrape
    }
}

/// Reads one sample.
pub(super) fn sample_of(line: &str, number: u32) -> Result<Sample, String> {
    let end = line.find(|c: char| c == '{' || c.is_whitespace()).unwrap_or(line.len());
    let (metric, mut rest) = line.split_at(end);
    if !is_metric_name(metric) {
        return Err(format!("`{}` is no metric name", metric.escape_debug()));
    }
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = labels_of(inner, &mut labels)?;
    }
    let mut words = rest.split_whitespace();
    let value = words.next().ok_or("a sample without a value")?;
    let value = match value {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        "NaN" => f64::NAN,
        _ => value.parse().map_err(|_| format!("`{}` is no number", value.escape_debug()))?,
    };
    Ok(Sample { line: number, metric: metric.to_owned(), labels, value })
}

/// Reads `a="1",b="2"}` and returns what follows.
fn labels_of<'a>(text: &'a str, labels: &mut BTreeMap<String, String>) -> Result<&'a str, String> {
    let mut rest = text.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Ok(after);
        }
        let (name, after) = rest.split_once('=').ok_or("a label without a value")?;
        let name = name.trim();
        if !is_label_name(name) {
            return Err(format!("`{}` is no label name", name.escape_debug()));
        }
        let after = after.trim_start().strip_prefix('"').ok_or("a label's value has no quotes")?;
        let mut value = String::new();
        let mut characters = after.char_indices();
        let end = loop {
            match characters.next() {
                None => return Err("a label's value does not end".to_owned()),
                Some((at, '"')) => break at + 1,
                Some((_, '\\')) => match characters.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, other)) => value.push(other),
                    None => return Err("a label's value does not end".to_owned()),
                },
                Some((_, character)) => value.push(character),
            }
        };
        if labels.insert(name.to_owned(), value).is_some() {
            return Err(format!("the label `{name}` stands twice"));
        }
        rest = after[end..].trim_start();
        rest = rest.strip_prefix(',').map_or(rest, str::trim_start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_and_types_are_read() {
        let scrape = Scrape::parse(
            "# HELP x What\n# TYPE x counter\nx{a=\"1\",b=\"}\\\"\",} 2 1700000000\n\ny NaN\n",
        );
        assert_eq!(scrape.types["x"], "counter");
        assert_eq!(scrape.samples[0].labels["b"], "}\"");
        assert!(scrape.samples[1].value.is_nan() && scrape.broken.is_empty());
    }

    #[test]
    fn broken_lines_are_named() {
        for broken in [
            "x{a=\"1\"}} 1",
            "1x 2",
            "x",
            "x{a=1} 1",
            "x{a=\"1} 1",
            "x one",
            "x{a=\"1\",a=\"2\"} 1",
        ] {
            assert_eq!(Scrape::parse(broken).broken.len(), 1, "{broken}");
        }
    }
}
