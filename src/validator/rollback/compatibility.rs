//! The compatibility table: whether a step from one version to another is supported.

use std::collections::{BTreeMap, VecDeque};

use super::facts::CompatibilityRow;
use crate::version::{Version, VersionRange};

/// What a table says about one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Support {
    /// A row supports it.
    Supported,
    /// A row says that it is not supported.
    Unsupported,
    /// Only smaller steps are supported, through these versions.
    StepByStep(Vec<String>),
    /// Two rows contradict each other.
    Contradicted,
    /// No row speaks of it.
    Absent,
    /// A row cannot be read; says which and why.
    Malformed(String),
}

/// A row whose versions are understood.
struct Row<'a> {
    from: VersionRange,
    to: VersionRange,
    row: &'a CompatibilityRow,
}

/// Looks a step up. A table with a row that cannot be read supports nothing: the row could be the
/// one that forbids it.
#[must_use]
pub(super) fn support(table: &[CompatibilityRow], from: &Version, to: &Version) -> Support {
    let mut rows = Vec::with_capacity(table.len());
    for (index, row) in table.iter().enumerate() {
        match (row.from.parse(), row.to.parse()) {
            (Ok(from), Ok(to)) => rows.push(Row { from, to, row }),
            (Err(error), _) | (_, Err(error)) => {
                return Support::Malformed(format!("row {index}: {error}"));
            }
        }
    }
    let direct: Vec<bool> = rows
        .iter()
        .filter(|row| row.from.contains(from) && row.to.contains(to))
        .map(|row| row.row.supported)
        .collect();
    match (direct.contains(&true), direct.contains(&false)) {
        (true, true) => Support::Contradicted,
        (true, false) => Support::Supported,
        (false, true) => Support::Unsupported,
        (false, false) => match steps(&rows, from, to) {
            Some(through) => Support::StepByStep(through),
            None => Support::Absent,
        },
    }
}

/// Finds the shortest way over supported rows that never turns round.
fn steps(rows: &[Row<'_>], from: &Version, to: &Version) -> Option<Vec<String>> {
    let is_back = from.is_after(to);
    let named: BTreeMap<String, Version> = rows
        .iter()
        .flat_map(|row| [&row.row.from, &row.row.to])
        .filter_map(|text| Some((text.clone(), text.parse().ok()?)))
        .collect();
    let mut before: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut waiting = VecDeque::from([(from.clone(), from.to_string())]);
    before.insert(from.to_string(), None);
    while let Some((here, name)) = waiting.pop_front() {
        for row in rows.iter().filter(|row| row.row.supported && row.from.contains(&here)) {
            let onward = named.values().chain([to]).filter(|next| row.to.contains(next));
            for next in onward {
                let is_onward = if is_back { here.is_after(next) } else { next.is_after(&here) };
                let label = next.to_string();
                if !is_onward || before.contains_key(&label) {
                    continue;
                }
                before.insert(label.clone(), Some(name.clone()));
                waiting.push_back((next.clone(), label));
            }
        }
    }
    let mut through = Vec::new();
    let mut at = before.get(&to.to_string())?.clone()?;
    while let Some(Some(previous)) = before.get(&at).cloned() {
        through.push(at);
        at = previous;
    }
    through.reverse();
    Some(through)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(rows: &[(&str, &str, bool)], from: &str, to: &str) -> Support {
        let table: Vec<_> = rows
            .iter()
            .map(|(from, to, supported)| CompatibilityRow {
                from: (*from).to_owned(),
                to: (*to).to_owned(),
                kind: String::new(),
                supported: *supported,
            })
            .collect();
        support(&table, &from.parse().unwrap(), &to.parse().unwrap())
    }

    #[test]
    fn rows_ranges_gaps_and_contradictions() {
        let rows = [("0.3.0", "0.2.0", true), (">=0.4.0, <0.5.0", ">=0.3.0, <0.4.0", true)];
        assert_eq!(ask(&rows, "0.3.0", "0.2.0"), Support::Supported);
        assert_eq!(ask(&rows, "0.4.7", "0.3.1"), Support::Supported);
        assert_eq!(ask(&rows, "0.2.0", "0.3.0"), Support::Absent);
        assert_eq!(ask(&rows, "0.3.0", "0.1.0"), Support::Absent);
        let through = Support::StepByStep(vec!["0.3.0".to_owned()]);
        assert_eq!(ask(&rows, "0.4.7", "0.2.0"), through);
        let overlap = [("0.3.0", "0.2.0", true), ("0.*", "0.2.0", false)];
        assert_eq!(ask(&overlap, "0.3.0", "0.2.0"), Support::Contradicted);
        assert_eq!(ask(&overlap, "0.4.0", "0.2.0"), Support::Unsupported);
    }

    #[test]
    fn a_row_that_cannot_be_read_supports_nothing() {
        let rows = [("0.3.0", "0.2.0", true), ("=>0.1", "0.1.0", true)];
        assert!(matches!(ask(&rows, "0.3.0", "0.2.0"), Support::Malformed(_)));
    }

    #[test]
    fn a_cycle_is_no_way() {
        let rows = [("0.3.0", "0.2.0", true), ("0.2.0", "0.3.0", true), ("0.2.0", "0.2.0", true)];
        assert_eq!(ask(&rows, "0.3.0", "0.1.0"), Support::Absent);
    }
}
