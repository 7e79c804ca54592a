//! The chain of trust as a picture: from the trust root over people and packet to what is shipped,
//! with what was checked at each link.

use countersign::finding::{CheckDocument, Outcome, ReportDocument};

use super::markup::Markup;

/// One link, and the checks that speak about it.
struct Link {
    title: &'static str,
    says: &'static str,
    checks: &'static [&'static str],
    /// Column and row in the picture; a link of its own row is as wide as the picture.
    place: (u32, u32),
    is_wide: bool,
}

const LINKS: [Link; 7] = [
    Link {
        title: "trust root",
        says: "whom the verifier trusts, brought along and never taken from the release",
        checks: &["trust-root", "trust-root-version"],
        place: (0, 0),
        is_wide: true,
    },
    Link {
        title: "people",
        says: "enough of them signed, each with a key that counts",
        checks: &["packet-seal", "checksums-signature", "log-tree"],
        place: (0, 1),
        is_wide: true,
    },
    Link {
        title: "packet",
        says: "the archive that they sealed, in its one canonical form",
        checks: &["packet", "product", "channel", "issued-at", "sequence", "version", "commit"],
        place: (0, 2),
        is_wide: true,
    },
    Link {
        title: "members",
        says: "every file in it, by the digests of its manifest",
        checks: &["member", "packet-checksums"],
        place: (0, 3),
        is_wide: false,
    },
    Link {
        title: "artifacts",
        says: "what is shipped beside it",
        checks: &["artifact", "checksums"],
        place: (1, 3),
        is_wide: false,
    },
    Link {
        title: "provenance",
        says: "what it was built from, by whom",
        checks: &["provenance", "provenance-policy"],
        place: (0, 4),
        is_wide: false,
    },
    Link {
        title: "evidence",
        says: "what speaks for it, complete and fresh",
        checks: &["evidence", "required-evidence", "sbom", "scan-budget", "waivers", "report"],
        place: (1, 4),
        is_wide: false,
    },
];

const WIDTH: u32 = 380;
const BOX_HEIGHT: u32 = 58;
const STEP: u32 = 86;

/// What came of the checks at a link.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Holds,
    Fails,
    Open,
}

impl State {
    fn class(self) -> &'static str {
        match self {
            Self::Holds => "good",
            Self::Fails => "bad",
            Self::Open => "unsure",
        }
    }

    fn mark(self) -> &'static str {
        match self {
            Self::Holds => "\u{2713}",
            Self::Fails => "\u{2717}",
            Self::Open => "?",
        }
    }
}

struct Judged {
    state: State,
    summary: String,
    rows: Vec<String>,
}

fn judge(link: &Link, report: &ReportDocument) -> Judged {
    let checks: Vec<&CheckDocument> =
        report.checks.iter().filter(|check| link.checks.contains(&&*check.check)).collect();
    let count = |outcome| checks.iter().filter(|check| check.outcome == outcome).count();
    let (held, failed) = (count(Outcome::Passed), count(Outcome::Failed));
    let (state, summary) = match (held, failed) {
        (_, 1..) => (State::Fails, format!("{failed} of {} checks fail", held + failed)),
        (0, 0) => (State::Open, "nothing was checked".to_owned()),
        (held, 0) if held == checks.len() => {
            let checks = if held == 1 { "check holds" } else { "checks hold" };
            (State::Holds, format!("{held} {checks}"))
        }
        (held, 0) => {
            let open = checks.len() - held;
            (State::Open, format!("{held} checks hold, {open} not judged"))
        }
    };
    let rows = checks
        .iter()
        .filter(|check| link.is_wide || check.outcome != Outcome::Passed)
        .take(8)
        .map(|check| format!("{} {}: {}", check.check, check.subject, check.detail));
    Judged { state, summary, rows: rows.collect() }
}

/// Draws the chain and tells it; nothing for a report that verified nothing.
pub(super) fn section(report: &ReportDocument) -> Markup {
    if !report.checks.iter().any(|check| check.check == "packet-seal") {
        return Markup::default();
    }
    let judged: Vec<(&Link, Judged)> =
        LINKS.iter().map(|link| (link, judge(link, report))).collect();
    let mut told = Markup::default();
    for (link, judged) in &judged {
        let mut item = Markup::default();
        let mark = format!("{} {}", judged.state.mark(), link.title);
        item.push(&Markup::element(
            "strong",
            &[("class", judged.state.class())],
            &Markup::text(&mark),
        ));
        item.push(&Markup::text(&format!("{} (asked: {})", judged.summary, link.says)));
        if !judged.rows.is_empty() {
            let rows = judged.rows.iter().map(|row| Markup::plain("li", row)).collect();
            item.push(&Markup::element("ul", &[("class", "rows")], &rows));
        }
        told.push(&Markup::element("li", &[], &item));
    }
    let mut inner = Markup::default();
    inner.push(&picture(&judged));
    inner.push(&Markup::element("ol", &[("class", "links")], &told));
    Markup::element("div", &[("class", "chain")], &inner)
}

fn picture(judged: &[(&Link, Judged)]) -> Markup {
    let mut svg = Markup::default();
    svg.push(&Markup::element("title", &[("id", "chain-title")], &Markup::text("Chain of trust")));
    let told: Vec<String> =
        judged.iter().map(|(link, judged)| format!("{}: {}", link.title, judged.summary)).collect();
    let told = format!("{}.", told.join("; "));
    svg.push(&Markup::element("desc", &[("id", "chain-desc")], &Markup::text(&told)));
    for row in 0..3 {
        svg.push(&line(WIDTH / 2, row * STEP + BOX_HEIGHT, WIDTH / 2, (row + 1) * STEP));
    }
    svg.push(&line(WIDTH / 2, 2 * STEP + BOX_HEIGHT, WIDTH / 2, 4 * STEP + BOX_HEIGHT / 2));
    for row in [3, 4] {
        let middle = row * STEP + BOX_HEIGHT / 2;
        svg.push(&line(WIDTH / 2 - 12, middle, WIDTH / 2 + 12, middle));
    }
    for (link, judged) in judged {
        svg.push(&boxed(link, judged));
    }
    let height = 4 * STEP + BOX_HEIGHT + 2;
    let view = format!("-1 -1 {} {height}", WIDTH + 2);
    let attributes = [
        ("viewBox", view.as_str()),
        ("role", "img"),
        ("aria-labelledby", "chain-title chain-desc"),
        ("class", "picture"),
    ];
    Markup::element("svg", &attributes, &svg)
}

fn line(x1: u32, y1: u32, x2: u32, y2: u32) -> Markup {
    let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(|number| number.to_string());
    let attributes =
        [("x1", x1.as_str()), ("y1", &y1), ("x2", &x2), ("y2", &y2), ("class", "wire")];
    Markup::element("line", &attributes, &Markup::default())
}

fn boxed(link: &Link, judged: &Judged) -> Markup {
    let width = if link.is_wide { WIDTH } else { WIDTH / 2 - 12 };
    let x = if link.place.0 == 0 { 0 } else { WIDTH / 2 + 12 };
    let y = link.place.1 * STEP;
    let numbers = [x, y, width, BOX_HEIGHT].map(|number| number.to_string());
    let [left, top, wide, high] = &numbers;
    let mut inner = Markup::default();
    let class = format!("box {}", judged.state.class());
    let attributes = [
        ("x", left.as_str()),
        ("y", top),
        ("width", wide),
        ("height", high),
        ("rx", "8"),
        ("class", &class),
    ];
    inner.push(&Markup::element("rect", &attributes, &Markup::default()));
    let (text_x, title_y, summary_y) =
        ((x + 14).to_string(), (y + 24).to_string(), (y + 44).to_string());
    let title = format!("{} {}", judged.state.mark(), link.title);
    let attributes = [("x", text_x.as_str()), ("y", &title_y), ("class", "box-title")];
    inner.push(&Markup::element("text", &attributes, &Markup::text(&title)));
    let attributes = [("x", text_x.as_str()), ("y", &summary_y), ("class", "box-text")];
    inner.push(&Markup::element("text", &attributes, &Markup::text(&judged.summary)));
    Markup::element("g", &[], &inner)
}
