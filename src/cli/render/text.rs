//! Text for a terminal: escaped, wrapped, coloured.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style as Ansi};

/// How text for people is written.
#[derive(Clone, Copy)]
pub(in crate::cli) struct Style {
    /// Whether colour is used; it is never the only carrier of a meaning.
    pub(in crate::cli) colour: bool,
    /// The width of a line, in characters.
    pub(in crate::cli) width: usize,
    /// Whether that is the width of somebody's terminal: a line of a pipe stays one line.
    pub(in crate::cli) is_of_terminal: bool,
}

/// What a piece of text is.
#[derive(Clone, Copy)]
pub(in crate::cli) enum Tone {
    Good,
    Bad,
    Unsure,
    Strong,
    Faint,
}

impl Style {
    /// Writes text in a tone.
    pub(in crate::cli) fn paint(self, tone: Tone, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let style = match tone {
            Tone::Good => Ansi::new().fg_color(Some(AnsiColor::Green.into())).bold(),
            Tone::Bad => Ansi::new().fg_color(Some(AnsiColor::Red.into())).bold(),
            Tone::Unsure => Ansi::new().fg_color(Some(AnsiColor::Yellow.into())).bold(),
            Tone::Strong => Ansi::new().bold(),
            Tone::Faint => Ansi::new().dimmed(),
        };
        format!("{style}{text}{style:#}")
    }

    /// Writes words in lines no longer than the width, each after an indentation.
    pub(in crate::cli) fn wrap(self, indent: usize, text: &str) -> String {
        let mut lines = String::new();
        let mut line = String::new();
        for word in text.split_whitespace() {
            let longer = line.chars().count() + 1 + word.chars().count();
            if !line.is_empty() && indent + longer > self.width {
                let _ = writeln!(lines, "{:indent$}{line}", "");
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.is_empty() {
            let _ = writeln!(lines, "{:indent$}{line}", "");
        }
        lines
    }
}

/// Makes text from data harmless on a terminal: control characters, and those that reorder or
/// hide text, are written as escapes.
pub(in crate::cli) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        let hides = character.is_control()
            || matches!(character,
                '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
        if hides {
            let _ = write!(escaped, "{}", character.escape_unicode());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_move_the_cursor() {
        assert_eq!(escape("a\u{1b}[2Jb\u{202e}c\nd"), "a\\u{1b}[2Jb\\u{202e}c\\u{a}d");
        assert_eq!(escape("naïve — ok"), "naïve — ok");
    }

    #[test]
    fn lines_keep_the_width() {
        let style = Style { colour: false, width: 20, is_of_terminal: false };
        for line in style.wrap(4, "several words that do not fit on one line").lines() {
            assert!(line.len() <= 20 && line.starts_with("    "), "{line:?}");
        }
    }
}
