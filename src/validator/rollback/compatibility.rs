//! The compatibility table: whether a step from one version to another is supported.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

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

/// Two rows of which one supports what the other forbids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Overlap {
    /// The later row.
    pub(super) row: usize,
    /// The earlier one.
    pub(super) earlier: usize,
    /// A step that both speak of.
    pub(super) step: (Version, Version),
}

/// The most versions at which rows are compared.
const MAX_PROBES: usize = 512;

/// Finds rows that overlap and contradict each other, at the versions that the table names and just
/// after them.
pub(super) fn overlaps(table: &[CompatibilityRow]) -> Vec<Overlap> {
    let texts = table.iter().flat_map(|row| [&row.from, &row.to]);
    let probes: BTreeMap<String, Version> = texts
        .flat_map(|text| probes_of(text))
        .map(|version| (version.to_string(), version))
        .take(MAX_PROBES)
        .collect();
    let probes: Vec<Version> = probes.into_values().collect();
    let within = |text: &str| -> BTreeSet<usize> {
        let Ok(range) = text.parse::<VersionRange>() else { return BTreeSet::new() };
        (0..probes.len()).filter(|index| range.contains(&probes[*index])).collect()
    };
    let reach: Vec<_> = table.iter().map(|row| (within(&row.from), within(&row.to))).collect();
    let mut found = Vec::new();
    for (row, (from, to)) in reach.iter().enumerate() {
        for (earlier, (other_from, other_to)) in reach.iter().enumerate().take(row) {
            if table[row].supported == table[earlier].supported {
                continue;
            }
            let (Some(from), Some(to)) =
                (from.intersection(other_from).next(), to.intersection(other_to).next())
            else {
                continue;
            };
            let step = (probes[*from].clone(), probes[*to].clone());
            found.push(Overlap { row, earlier, step });
        }
    }
    found
}

/// The versions that a range names, and the patch after each: a bound may leave its version out.
fn probes_of(range: &str) -> Vec<Version> {
    let words = range.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '+'));
    let mut found = Vec::new();
    for word in words.filter(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
        let core = word.split(['-', '+']).next().unwrap_or_default();
        let parts = core.split('.').map(|part| part.parse::<u64>().unwrap_or(0));
        let parts: Vec<u64> = parts.chain([0, 0]).take(3).collect();
        let next = format!("{}.{}.{}", parts[0], parts[1], parts[2].saturating_add(1));
        let first = format!("{}.{}.{}", parts[0], parts[1], parts[2]);
        found.extend([word, &first, &next].into_iter().filter_map(|text| text.parse().ok()));
    }
    found
}

/// Finds the versions that an upgrade leads to, that none leads on from, and that are not the newest.
pub(super) fn gaps(table: &[CompatibilityRow]) -> Vec<(usize, Version)> {
    let steps = || {
        table.iter().enumerate().filter(|(_, row)| row.supported).filter_map(|(index, row)| {
            let (from, to): (Version, Version) = (row.from.parse().ok()?, row.to.parse().ok()?);
            to.is_after(&from).then_some((index, to))
        })
    };
    let leads_on = |version: &Version| {
        table.iter().filter(|row| row.supported).any(|row| {
            let goes_back = row.to.parse().is_ok_and(|to: Version| version.is_after(&to));
            !goes_back && row.from.parse().is_ok_and(|from: VersionRange| from.contains(version))
        })
    };
    let is_newest = |version: &Version| steps().all(|(_, other)| !other.is_after(version));
    let mut found: Vec<(usize, Version)> = Vec::new();
    for (index, version) in steps().filter(|(_, to)| !is_newest(to) && !leads_on(to)) {
        if found.iter().all(|(_, known)| *known != version) {
            found.push((index, version));
        }
    }
    found
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
        support(&table(rows), &from.parse().unwrap(), &to.parse().unwrap())
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

    fn table(rows: &[(&str, &str, bool)]) -> Vec<CompatibilityRow> {
        let row = |(from, to, supported): &(&str, &str, bool)| CompatibilityRow {
            from: (*from).to_owned(),
            to: (*to).to_owned(),
            kind: String::new(),
            supported: *supported,
        };
        rows.iter().map(row).collect()
    }

    #[test]
    fn rows_that_overlap_contradict_only_where_both_reach() {
        let pairs = |rows: &[(&str, &str, bool)]| {
            overlaps(&table(rows)).into_iter().map(|it| (it.earlier, it.row)).collect::<Vec<_>>()
        };
        let wide = (">=0.3.0, <0.5.0", ">=0.2.0, <0.4.0", true);
        assert_eq!(pairs(&[wide, ("0.4.0", "0.3.0", false)]), [(0, 1)]);
        assert_eq!(pairs(&[wide, (">0.4.0, <0.4.2", "0.2.*", false)]), [(0, 1)]);
        assert_eq!(pairs(&[wide, ("0.5.0", "0.3.0", false), ("0.4.0", "0.3.0", true)]), []);
        assert_eq!(pairs(&[wide, ("no version", "0.3.0", false)]), []);
    }

    #[test]
    fn a_version_that_nothing_leads_on_from_is_a_gap() {
        let found = |rows: &[(&str, &str, bool)]| {
            gaps(&table(rows)).into_iter().map(|(_, it)| it.to_string()).collect::<Vec<_>>()
        };
        let sound = [("0.1.0", "0.1.1", true), ("0.1.1", "0.2.0", true), ("0.2.0", "0.1.1", true)];
        assert_eq!(found(&sound), [""; 0]);
        let broken = [("0.1.0", "0.1.1", true), ("0.1.5", "0.2.0", true), ("0.1.1", "0.1.0", true)];
        assert_eq!(found(&broken), ["0.1.1"]);
        assert_eq!(found(&[("0.1.0", "0.1.1", true), ("0.1.*", "0.2.0", true)]), [""; 0]);
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
