//! The story from the command line: two releases, a drill, two people, ready; then a key is revoked.
