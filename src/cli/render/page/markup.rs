//! Markup from text: whatever comes from data is text, and nothing else.

use std::fmt::Write as _;

use super::super::text::escape;

/// Markup that is whole: only this file makes it.
#[derive(Debug, Clone, Default)]
pub(super) struct Markup(String);

impl Markup {
    /// Text from data. Characters that hide or reorder text are shown as escapes.
    pub(super) fn text(text: &str) -> Self {
        Self(escaped(text))
    }

    /// Text that is not to be broken into lines by a reader's eye: digests, paths, values.
    pub(super) fn code(text: &str) -> Self {
        Self(format!("<code>{}</code>", escaped(text)))
    }

    /// An element with attributes; their values are text.
    pub(super) fn element(
        name: &'static str,
        attributes: &[(&'static str, &str)],
        inner: &Self,
    ) -> Self {
        let mut out = format!("<{name}");
        for (attribute, value) in attributes {
            let _ = write!(out, " {attribute}=\"{}\"", escaped(value));
        }
        let _ = write!(out, ">{}</{name}>", inner.0);
        Self(out)
    }

    /// An element without attributes around text.
    pub(super) fn plain(name: &'static str, text: &str) -> Self {
        Self::element(name, &[], &Self::text(text))
    }

    /// Appends, with a space between for readers of text.
    pub(super) fn push(&mut self, more: &Self) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.0.push_str(&more.0);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl FromIterator<Markup> for Markup {
    fn from_iter<I: IntoIterator<Item = Markup>>(pieces: I) -> Self {
        let mut all = Self::default();
        for piece in pieces {
            all.push(&piece);
        }
        all
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in escape(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_text_in_elements_and_attributes() {
        let hostile = "\"><script>'&\u{202e}\n";
        let written = "&quot;&gt;&lt;script&gt;&#39;&amp;\\u{202e}\\u{a}";
        let made = Markup::element("p", &[("title", hostile)], &Markup::text(hostile));
        assert_eq!(made.into_string(), format!("<p title=\"{written}\">{written}</p>"));
        assert_eq!(Markup::code(hostile).into_string(), format!("<code>{written}</code>"));
    }
}
