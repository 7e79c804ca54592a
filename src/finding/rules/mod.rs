//! The rules: one table per area, which the validators, `explain`, the manual and the tests read.

pub mod k8s;
pub mod load;
pub mod observe;
pub mod packet;
pub mod release;
pub mod rollback;
pub mod stack;
pub mod trust;

use super::{Area, Severity};

/// What a finding of a rule does to the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The release is at fault.
    Fault,
    /// An input could not be judged; without a fault elsewhere the verdict stays undecided.
    Unjudged,
}

/// One rule: everything about it that is not code.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// `CS-<AREA>-nnn`; never given to another rule.
    pub code: &'static str,
    /// The mistake in a few words with `-` between them.
    pub slug: &'static str,
    /// The area it watches over.
    pub area: Area,
    /// How much its findings weigh.
    pub severity: Severity,
    /// What its findings do to the verdict.
    pub weight: Weight,
    /// What it refuses, in one sentence.
    pub refuses: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// An input that it refuses.
    pub bad: &'static str,
    /// The same input put right.
    pub good: &'static str,
}

impl Rule {
    /// Tells whether a waiver can cover its findings: those about governed inputs, never those
    /// about signatures or archives.
    #[must_use]
    pub fn is_waivable(&self) -> bool {
        self.weight == Weight::Fault && !matches!(self.area, Area::Trust | Area::Packet)
    }
}

/// Returns the rules by which an area of a tree is judged, in the order of their codes.
#[must_use]
pub fn of(area: Area) -> &'static [&'static Rule] {
    match area {
        Area::Stack => stack::RULES,
        Area::K8s => k8s::RULES,
        Area::Observe => observe::RULES,
        Area::Load => load::RULES,
        Area::Release => release::RULES,
        Area::Rollback => rollback::RULES,
        Area::Trust => trust::RULES,
        Area::Packet => packet::RULES,
    }
}

/// Returns all rules, area by area.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    Area::GOVERNED.into_iter().chain([Area::Trust, Area::Packet]).flat_map(|area| {
        let more = if area == Area::Rollback { rollback::PAIR } else { &[] };
        of(area).iter().chain(more).copied()
    })
}

/// Finds a rule by its code.
#[must_use]
pub fn find(code: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.code == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_and_slugs_identify() {
        let mut seen = BTreeSet::new();
        for rule in all() {
            assert!(seen.insert(rule.code), "{} stands twice", rule.code);
            assert!(seen.insert(rule.slug), "{} stands twice", rule.slug);
            let word = rule.area.word().to_uppercase();
            let number = rule.code.strip_prefix(&format!("CS-{word}-"));
            assert!(number.is_some_and(|number| number.len() == 3), "{}", rule.code);
        }
    }

    #[test]
    fn every_rule_teaches() {
        for rule in all() {
            for text in [rule.refuses, rule.why, rule.remedy, rule.bad, rule.good] {
                assert!(text.len() > 3 && !text.ends_with('.'), "{}: {text}", rule.code);
            }
        }
    }
}
