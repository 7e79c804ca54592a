//! What is wrong with a release, and what follows from it.
//!
//! A [`Finding`] says that the release is at fault. A [`Report`] collects findings and everything
//! that was checked; its [`Verdict`] is computed from them and cannot be stated.

mod document;
mod graph;
mod readiness;
mod report;
pub mod rules;
mod waiver;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::document::Position;
use crate::path::RelPath;

pub use document::{
    AreaDocument, CheckDocument, ComparisonDocument, FindingDocument, HeadlineDocument,
    LocationDocument, ReportDocument, SideDocument, SummaryDocument, ToolDocument, TrustDocument,
    WaivedDocument,
};
pub use graph::{EdgeDocument, GraphDocument, GuardDocument, NodeDocument};
pub use readiness::{
    ApprovalsDocument, Direction, InputDocument, Readiness, ReadinessRow, ReleaseDocument, Status,
};
pub use report::{AreaState, Check, Gate, Outcome, Report, Verdict};
pub use rules::Rule;
pub use waiver::{Waiver, Waivers};

/// What a rule watches over; the word in its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Area {
    /// `ops/stack`: what the service runs on.
    Stack,
    /// `ops/k8s`: how it is installed.
    K8s,
    /// `ops/observe`: how it is watched.
    Observe,
    /// `ops/load`: what it bears.
    Load,
    /// `ops/release`: what is shipped and what speaks for it.
    Release,
    /// Whether the previous release is a safe place to go back to.
    Rollback,
    /// Keys, envelopes, bundles, roots.
    Trust,
    /// The archive, its manifest, its checksums.
    Packet,
}

impl Area {
    /// The areas that `check` judges, in their order.
    pub const GOVERNED: [Self; 6] =
        [Self::Stack, Self::K8s, Self::Observe, Self::Load, Self::Release, Self::Rollback];

    /// Returns the area's one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Stack => "stack",
            Self::K8s => "k8s",
            Self::Observe => "observe",
            Self::Load => "load",
            Self::Release => "release",
            Self::Rollback => "rollback",
            Self::Trust => "trust",
            Self::Packet => "packet",
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// How much a finding weighs at a release gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something in production would break, or something is hidden.
    Error,
    /// Advice.
    Warning,
}

/// What a path is relative to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// A file of the governed tree.
    Tree,
    /// A member of an archive, named by the archive's path.
    Bundle(String),
}

/// Where a finding is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// What the path is relative to.
    pub basis: Basis,
    /// The file, with `/` between its parts.
    pub path: String,
    /// The value in the file, as a JSON Pointer; empty for the whole file.
    pub pointer: String,
    /// Line and column of the value, when they are known.
    pub position: Option<Position>,
}

impl Location {
    /// A file of the tree as a whole.
    #[must_use]
    pub fn file(path: &RelPath) -> Self {
        Self::named(path.as_str())
    }

    /// A file named by text that need not be a portable path.
    #[must_use]
    pub fn named(path: &str) -> Self {
        Self { basis: Basis::Tree, path: path.to_owned(), pointer: String::new(), position: None }
    }

    /// A member of an archive.
    #[must_use]
    pub fn member(archive: &str, path: &str) -> Self {
        Self { basis: Basis::Bundle(archive.to_owned()), ..Self::named(path) }
    }

    /// The same file, at a value.
    #[must_use]
    pub fn at(mut self, pointer: &str, position: Position) -> Self {
        pointer.clone_into(&mut self.pointer);
        self.position = Some(position);
        self
    }

    /// The same file, at a value whose line is not known.
    #[must_use]
    pub fn pointing(mut self, pointer: &str) -> Self {
        pointer.clone_into(&mut self.pointer);
        self
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// Where it is.
    pub location: Location,
    /// What is wrong here, in one line.
    pub message: String,
    /// What the document says, in full.
    pub declared: Option<String>,
    /// What is really so, in full.
    pub actual: Option<String>,
    /// The key of the cause it shares with others; see [`Report::headline`].
    pub cause: Option<String>,
}

impl Finding {
    /// A finding of a rule at a place.
    #[must_use]
    pub fn new(rule: &'static Rule, location: Location, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { rule, location, message, declared: None, actual: None, cause: None }
    }

    /// Says what the document declares.
    #[must_use]
    pub fn declared(mut self, declared: impl fmt::Display) -> Self {
        self.declared = Some(declared.to_string());
        self
    }

    /// Says what is really so.
    #[must_use]
    pub fn actual(mut self, actual: impl fmt::Display) -> Self {
        self.actual = Some(actual.to_string());
        self
    }

    /// Puts the finding under a cause that it shares with others.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }
}
