//! The command `countersign`.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run()
}
