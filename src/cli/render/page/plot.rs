//! Load figures as pictures: every run of both sides on one axis, with the median of each.

use countersign::finding::{ComparisonDocument, SideDocument};

use super::markup::Markup;

const WIDTH: f64 = 560.0;
const LEFT: f64 = 92.0;
const RIGHT: f64 = 12.0;

/// The most figures that are drawn; the rest is counted.
const MOST: usize = 40;

/// Draws every figure that was compared.
pub(super) fn section(comparisons: &[ComparisonDocument]) -> Markup {
    let mut out: Markup = comparisons.iter().take(MOST).enumerate().map(figure).collect();
    let left_out = comparisons.len().saturating_sub(MOST);
    if left_out > 0 {
        out.push(&Markup::plain("p", &format!("{left_out} more figures are not drawn.")));
    }
    out
}

fn figure((index, compared): (usize, &ComparisonDocument)) -> Markup {
    let (class, answer) = match compared.answer.as_str() {
        "not_regressed" => ("good", "not regressed"),
        "regressed" => ("bad", "regressed"),
        _ => ("unsure", "inconclusive"),
    };
    let mut caption = Markup::default();
    let name = format!("{} {}", compared.subject, compared.metric);
    caption.push(&Markup::plain("strong", &name));
    caption.push(&Markup::element("span", &[("class", class)], &Markup::text(answer)));
    caption.push(&Markup::text(&compared.reason));
    let mut inner = Markup::element("figcaption", &[], &caption);
    inner.push(&picture(index, compared, &name));
    Markup::element("figure", &[], &inner)
}

fn values(side: &SideDocument) -> Vec<f64> {
    let known = side.runs_millionths.iter().flatten();
    let mut values: Vec<f64> = known.map(|value| millionths(*value)).collect();
    values.sort_by(f64::total_cmp);
    values
}

#[expect(clippy::cast_precision_loss, reason = "a picture is a thousand points wide")]
fn millionths(value: i64) -> f64 {
    value as f64 / 1e6
}

fn median(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 { Some(upper) } else { Some(f64::midpoint(sorted[middle - 1], upper)) }
}

fn picture(index: usize, compared: &ComparisonDocument, name: &str) -> Markup {
    let sides =
        [("baseline", values(&compared.baseline)), ("candidate", values(&compared.candidate))];
    let all = || sides.iter().flat_map(|(_, values)| values.iter().copied());
    let low = all().min_by(f64::total_cmp).unwrap_or(0.0);
    let high = all().max_by(f64::total_cmp).unwrap_or(1.0);
    let span = if high > low { high - low } else { 1.0 };
    let x = |value: f64| LEFT + (value - low) / span * (WIDTH - LEFT - RIGHT);
    let (title, desc) = (format!("plot-{index}-title"), format!("plot-{index}-desc"));
    let mut svg = Markup::default();
    svg.push(&Markup::element("title", &[("id", &title)], &Markup::text(name)));
    let told: Vec<String> = sides
        .iter()
        .map(|(side, values)| match (values.first(), median(values), values.last()) {
            (Some(least), Some(median), Some(most)) => {
                let count = values.len();
                format!("{side}: {count} runs, {least:.3} to {most:.3}, median {median:.3}")
            }
            _ => format!("{side}: no figures"),
        })
        .collect();
    let told = told.join("; ");
    svg.push(&Markup::element("desc", &[("id", &desc)], &Markup::text(&told)));
    for (row, (side, values)) in sides.iter().enumerate() {
        let y = if row == 0 { 22.0 } else { 58.0 };
        let text_y = format!("{:.1}", y + 4.0);
        let attributes = [("x", "0"), ("y", text_y.as_str()), ("class", "box-text")];
        svg.push(&Markup::element("text", &attributes, &Markup::text(side)));
        svg.push(&line(LEFT, y, WIDTH - RIGHT, y, "axis"));
        for value in values.iter().take(500) {
            let (cx, cy) = (format!("{:.1}", x(*value)), format!("{y:.1}"));
            let attributes = [("cx", cx.as_str()), ("cy", &cy), ("r", "4.5"), ("class", "run")];
            svg.push(&Markup::element("circle", &attributes, &Markup::default()));
        }
        if let Some(median) = median(values) {
            svg.push(&line(x(median), y - 12.0, x(median), y + 12.0, "median"));
        }
    }
    for (at, value, anchor) in [(LEFT, low, "start"), (WIDTH - RIGHT, high, "end")] {
        let (at, text) = (format!("{at:.1}"), format!("{value:.3}"));
        let attributes =
            [("x", at.as_str()), ("y", "90"), ("text-anchor", anchor), ("class", "box-text")];
        svg.push(&Markup::element("text", &attributes, &Markup::text(&text)));
    }
    let view = format!("0 0 {WIDTH:.0} 96");
    let labels = format!("{title} {desc}");
    let attributes = [
        ("viewBox", view.as_str()),
        ("role", "img"),
        ("aria-labelledby", &labels),
        ("class", "plot"),
    ];
    let mut out = Markup::element("svg", &attributes, &svg);
    out.push(&Markup::element("p", &[("class", "faint")], &Markup::text(&told)));
    out
}

fn line(x1: f64, y1: f64, x2: f64, y2: f64, class: &'static str) -> Markup {
    let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(|number| format!("{number:.1}"));
    let attributes = [("x1", x1.as_str()), ("y1", &y1), ("x2", &x2), ("y2", &y2), ("class", class)];
    Markup::element("line", &attributes, &Markup::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[1.0]), Some(1.0));
        assert_eq!(median(&[1.0, 2.0]), Some(1.5));
        assert_eq!(median(&[1.0, 2.0, 9.0]), Some(2.0));
    }
}
