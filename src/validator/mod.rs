//! The validators: one per area, each with its inputs and its table of rules.
//!
//! A rule is a plain function over typed inputs that adds findings to a report. Nothing here
//! reads the clock, the environment or the network.

mod governed;
pub mod image;
pub mod k8s;
pub mod load;
pub mod observe;
pub mod packet;
mod previous;
pub mod release;
pub mod rollback;
pub mod stack;
pub mod vex;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::finding::{Area, Report};
use crate::time::Timestamp;
use crate::tree::Tree;
use crate::version::Version;

pub use governed::{Governed, Hygiene};
pub use previous::PreviousRelease;

/// What the caller knows and the inputs must agree with.
#[derive(Debug, Clone)]
pub struct Context {
    /// The time to judge as of.
    pub now: Timestamp,
    /// The version that the release must have.
    pub expect_version: Option<Version>,
    /// The commit that the release must be built from, lower-case hexadecimal.
    pub expect_commit: Option<String>,
    /// The tag that the release must be built from.
    pub expect_tag: Option<String>,
    /// Rendered manifests to judge instead of the tree's own.
    pub rendered: Option<Rendered>,
    /// Rendered manifests of the release before this one.
    pub previous_rendered: Option<Rendered>,
    /// What the packet of the release before this one says.
    pub previous: Option<Arc<PreviousRelease>>,
}

/// A folder of rendered manifests outside the tree: one multi-document file a profile.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The folder.
    pub folder: Arc<Tree>,
    /// What stands before the file's name in findings, `rendered`.
    pub shown: String,
    /// What rendered them, when the caller had it done.
    pub by: Option<Rendering>,
}

impl Rendered {
    /// A folder that somebody rendered before.
    #[must_use]
    pub fn given(folder: Tree, shown: &str) -> Self {
        Self { folder: Arc::new(folder), shown: shown.to_owned(), by: None }
    }
}

/// What a renderer said while it made the manifests of a tree.
#[derive(Debug, Clone, Default)]
pub struct Rendering {
    /// The renderer and its version, `helm v4.2.3`.
    pub by: String,
    /// Profiles that it did not render, and what it said.
    pub failed: BTreeMap<String, String>,
    /// Profiles that it rendered to other bytes the second time.
    pub unstable: BTreeSet<String>,
}

impl Context {
    /// Judges as of a time, with nothing expected.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            expect_version: None,
            expect_commit: None,
            expect_tag: None,
            rendered: None,
            previous_rendered: None,
            previous: None,
        }
    }
}

/// A document that a validator derives from its inputs and that travels as evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// Its file name, `stack-index.json`; one of its kind in an area.
    pub name: String,
    /// Its canonical JSON.
    pub bytes: Vec<u8>,
}

/// Derives the documents of an area from its governed inputs: from primary data alone, never from
/// what a tree states about itself. What cannot be read derives nothing; [`check`] says why.
#[must_use]
pub fn derive(area: Area, tree: &Tree, context: &Context) -> Vec<Derived> {
    match area {
        Area::Stack => stack::derive(tree, context),
        Area::K8s => k8s::derive(tree, context),
        Area::Observe => observe::derive(tree, context),
        Area::Load => load::derive(tree, context),
        Area::Rollback => rollback::derive(tree, context),
        Area::Release | Area::Trust | Area::Packet => Vec::new(),
    }
}

/// Returns the folders in which an area's governed files lie.
#[must_use]
pub fn folders(area: Area) -> &'static [&'static str] {
    match area {
        Area::Stack => stack::FOLDERS,
        Area::K8s => k8s::FOLDERS,
        Area::Observe => observe::FOLDERS,
        Area::Load => load::FOLDERS,
        Area::Release => release::FOLDERS,
        Area::Rollback => rollback::FOLDERS,
        Area::Trust | Area::Packet => &[],
    }
}

/// Tells whether a tree holds a file in one of an area's folders, or something that cannot be looked
/// into.
#[must_use]
pub fn has_files(area: Area, tree: &Tree) -> bool {
    folders(area).iter().any(|folder| {
        let folder = folder.parse().expect("an area's folder is a portable path");
        match tree.list(Some(&folder)) {
            Ok(listing) => !listing.files.is_empty() || !listing.oddities.is_empty(),
            Err(error) => !error.is_not_found(),
        }
    })
}

/// Judges one area of a governed tree; the folder `ops/` lies in the tree's root.
pub fn check(area: Area, tree: &Tree, context: &Context, report: &mut Report) {
    match area {
        Area::Stack => stack::check(tree, context, report),
        Area::K8s => k8s::check(tree, context, report),
        Area::Observe => observe::check(tree, context, report),
        Area::Load => load::check(tree, context, report),
        Area::Release => release::check(tree, context, report),
        Area::Rollback => rollback::check(tree, context, report),
        Area::Trust | Area::Packet => {
            report.not_evaluated(area, "this area is judged by `verify`, not in a tree");
        }
    }
}
