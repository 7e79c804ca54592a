//! `init`: what a project needs to make its first release, and what of it is there already.

mod scaffold;
mod survey;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use survey::{Found, FoundKind};

use super::Error;
use crate::finding::Area;
use crate::packet::ReleaseSpec;
use crate::tree::{self, Tree, TreeError};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// The project's folder, which is made when it is not there.
    pub root: PathBuf,
    /// The product's name: lower-case letters, digits and `-`.
    pub product: String,
    /// Where its source lies: `git+https://git.example/atlas`.
    pub source: String,
    /// Whose pipeline makes the release.
    pub pipeline: Pipeline,
    /// Whether what was found is moved to where it is governed.
    pub adopt: bool,
}

/// Whose pipeline makes the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pipeline {
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
    /// None is written.
    None,
}

/// What came of it.
#[derive(Debug)]
pub struct Prepared {
    /// The files that were written, below the root.
    pub written: Vec<String>,
    /// Those that were there and are as they were.
    pub kept: Vec<String>,
    /// What was found in the project, and whether it was moved.
    pub found: Vec<Found>,
    /// The areas that the project has.
    pub areas: Vec<Area>,
}

/// Looks at a project, writes what is missing, and moves what was found where that is asked for.
///
/// Nothing that is there is written over: a file or folder under the name of one that would be
/// written, or moved to, stays as it is and is told.
///
/// # Errors
///
/// When the name or the source is none, or the project cannot be read or written.
pub fn prepare(request: &Request) -> Result<Prepared, Error> {
    let refused = |problem: String| Error::Unusable { path: request.root.clone(), problem };
    scaffold::hold_names(&request.product, &request.source).map_err(refused)?;
    std::fs::create_dir_all(&request.root).map_err(|error| TreeError::io(&request.root, error))?;
    let mut found = survey::survey(&request.root)?;
    if request.adopt {
        for one in &mut found {
            one.is_moved = adopt(&request.root, one)?;
        }
    }
    let areas = areas_of(&request.root, &found)?;
    let (mut written, mut kept) = (Vec::new(), Vec::new());
    for (path, text) in scaffold::files(request, &areas) {
        let at = request.root.join(&path);
        if is_there(&at) {
            kept.push(path);
            continue;
        }
        create_parent(&at)?;
        tree::write_atomic(&at, text.as_bytes(), 0o644)?;
        written.push(path);
    }
    Ok(Prepared { written, kept, found, areas })
}

/// The areas for which something is governed now, or will be when what was found is moved; the
/// release itself always.
fn areas_of(root: &Path, found: &[Found]) -> Result<Vec<Area>, Error> {
    let tree = Tree::open(root)?;
    let moved: BTreeSet<Area> =
        found.iter().filter(|one| one.is_moved).filter_map(|one| one.kind.area()).collect();
    let has = |area: &Area| {
        *area == Area::Release || moved.contains(area) || crate::validator::has_files(*area, &tree)
    };
    Ok(Area::GOVERNED.into_iter().filter(has).collect())
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn create_parent(path: &Path) -> Result<(), TreeError> {
    let Some(parent) = path.parent() else { return Ok(()) };
    std::fs::create_dir_all(parent).map_err(|error| TreeError::io(parent, error))
}

/// Moves what was found to where it is governed; tells whether it did.
fn adopt(root: &Path, found: &Found) -> Result<bool, Error> {
    let Some(place) = &found.place else { return Ok(false) };
    let (from, to) = (root.join(&found.path), root.join(place));
    if is_there(&to) {
        return Ok(false);
    }
    create_parent(&to)?;
    std::fs::rename(&from, &to).map_err(|error| TreeError::io(&from, error))?;
    Ok(true)
}

/// Where the release specification is written.
pub const SPEC: &str = ReleaseSpec::PATH;
