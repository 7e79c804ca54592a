//! Files of a tree opened one after another: the folder of the last one stays open, since the next
//! one mostly lies in it too.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags, Stat};

use super::{Tree, TreeError, open_folder, refusal, regular};
use crate::path::RelPath;

/// Opens files of one tree.
pub(super) struct Opener<'a> {
    tree: &'a Tree,
    /// The folder of the last file, by its path, when it is not the tree's own.
    last: Option<(String, OwnedFd)>,
}

impl<'a> Opener<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        Self { tree, last: None }
    }

    /// Opens a regular file, through no link.
    ///
    /// # Errors
    ///
    /// When it is missing, unreadable, behind a link, or anything but a regular file.
    pub(super) fn open(&mut self, path: &RelPath) -> Result<(File, Stat), TreeError> {
        let shown = || self.tree.path.join(path.as_str());
        let (folder, name) = match path.as_str().rsplit_once('/') {
            Some((folder, name)) => (Some(folder), name),
            None => (None, path.as_str()),
        };
        if let Some(folder) = folder
            && self.last.as_ref().is_none_or(|(last, _)| last != folder)
        {
            let mut opened: Option<OwnedFd> = None;
            for part in folder.split('/') {
                let at = opened.as_ref().map_or(self.tree.folder.as_fd(), AsFd::as_fd);
                let next = open_folder(at, part).map_err(|error| refusal(&shown(), error))?;
                opened = Some(next);
            }
            self.last = opened.map(|opened| (folder.to_owned(), opened));
        }
        let at = match (&self.last, folder) {
            (Some((_, last)), Some(_)) => last.as_fd(),
            (_, _) => self.tree.folder.as_fd(),
        };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::openat(at, name, flags, Mode::empty())
            .map_err(|error| refusal(&shown(), error))?;
        regular(File::from(file), &shown())
    }
}
