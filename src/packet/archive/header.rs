//! The one header that a member's name and size can have.

use super::{ArchiveError, BLOCK, MAX_MEMBER_BYTES};
use crate::path::RelPath;

pub(super) const ZEROS: [u8; BLOCK] = [0; BLOCK];

pub(super) fn padding(size: u64) -> usize {
    let over = usize::try_from(size % BLOCK as u64).expect("below 512");
    if over == 0 { 0 } else { BLOCK - over }
}

/// The one header of a member.
pub(super) fn header(path: &RelPath, size: u64) -> Result<[u8; BLOCK], ArchiveError> {
    let does_not_fit = |problem| ArchiveError::DoesNotFit { path: path.to_string(), problem };
    if size > MAX_MEMBER_BYTES {
        return Err(does_not_fit("larger than 8 GiB, the most that ustar can tell"));
    }
    let (prefix, name) =
        split_name(path.as_str()).ok_or_else(|| does_not_fit("the name is too long for ustar"))?;
    let mut block = [0; BLOCK];
    let mut put = |at: usize, text: &[u8]| block[at..at + text.len()].copy_from_slice(text);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    put(345, prefix.as_bytes());
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(block)
}

/// Splits a name as Python's `tarfile` does: no prefix when it fits, else the shortest one.
fn split_name(name: &str) -> Option<(&str, &str)> {
    if name.len() <= 100 {
        return Some(("", name));
    }
    name.match_indices('/')
        .map(|(at, _)| (&name[..at], &name[at + 1..]))
        .find(|(prefix, rest)| prefix.len() <= 155 && rest.len() <= 100)
}

/// Reads name and size and holds the block against the one header they have.
pub(super) fn parse_header(block: &[u8; BLOCK]) -> Result<(RelPath, u64), ArchiveError> {
    let not_canonical = |problem: &str| ArchiveError::NotCanonical(problem.to_owned());
    let text = |range: std::ops::Range<usize>| {
        let field = &block[range];
        let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
        std::str::from_utf8(&field[..end]).ok()
    };
    let (Some(name), Some(prefix)) = (text(0..100), text(345..500)) else {
        return Err(not_canonical("a member's name is not UTF-8 text"));
    };
    let whole = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
    let shown = whole.escape_debug().to_string();
    let size = text(124..136)
        .filter(|digits| digits.len() == 11 && digits.bytes().all(|b| (b'0'..=b'7').contains(&b)))
        .and_then(|digits| u64::from_str_radix(digits, 8).ok())
        .ok_or_else(|| not_canonical(&format!("`{shown}`: the size is not 11 octal digits")))?;
    let path: RelPath =
        whole.parse().map_err(|error| ArchiveError::NotCanonical(format!("{error}")))?;
    let expected = header(&path, size).map_err(|error| not_canonical(&error.to_string()))?;
    if expected != *block {
        let at = (0..BLOCK).find(|at| expected[*at] != block[*at]).unwrap_or(0);
        let problem =
            format!("`{shown}`: the header has another {} than the canonical one", field_at(at));
        return Err(ArchiveError::NotCanonical(problem));
    }
    Ok((path, size))
}

fn field_at(offset: usize) -> &'static str {
    match offset {
        0..=99 => "name",
        100..=107 => "mode",
        108..=123 => "owner",
        124..=135 => "size",
        136..=147 => "modification time",
        148..=155 => "checksum",
        156 => "type (a regular file is `0`)",
        157..=256 => "link name",
        257..=264 => "format mark",
        265..=328 => "owner name",
        329..=344 => "device number",
        345..=499 => "prefix",
        _ => "padding",
    }
}
