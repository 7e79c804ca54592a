//! Standard output: how wide it is, and whether it is closed (`>&-`) or can only be read, which the
//! runtime hides.
//!
//! Before `main` the runtime opens `/dev/null` in the place of a closed standard output, so that no
//! other file gets its number. From then on every write succeeds and nobody reads the result; a
//! verdict that nobody got would be told as a pass. `/dev/null` itself is no sign of it: that is what
//! `stdout=DEVNULL` of other programs opens too, in the same way, and there it is meant. So it is
//! looked at before the runtime does.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Tells whether the program was started without a standard output that takes anything. Where it cannot be looked at so
/// early (elsewhere than on Linux), it counts as open.
pub(super) fn is_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

/// What a write to it would have said.
pub(super) fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "standard output is closed, or can only be read")
}

/// Returns how many columns the terminal has, where standard output is one.
pub(super) fn width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Run by the loader before the runtime begins. It makes one system call and sets one flag.
#[cfg(target_os = "linux")]
extern "C" fn look() {
    let flags = rustix::fs::fcntl_getfl(rustix::stdio::stdout());
    // The runtime takes a write to what can only be read for one that was made, too.
    let is_closed = flags.is_err() || flags.is_ok_and(is_read_only);
    CLOSED.store(is_closed, Ordering::Relaxed);
}

#[cfg(target_os = "linux")]
fn is_read_only(flags: rustix::fs::OFlags) -> bool {
    flags & rustix::fs::OFlags::RWMODE == rustix::fs::OFlags::RDONLY
}

#[cfg(target_os = "linux")]
#[used]
#[expect(
    unsafe_code,
    reason = "the only way to run before the runtime; the section is as ELF has it"
)]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;
