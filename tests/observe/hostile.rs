//! Input that nobody would write by accident: a finding with its place, never a panic, and the rest
//! of the tree is still judged.

use std::fs;
use std::path::Path;

use countersign::finding::Area;

use crate::areas::judge;

fn codes(files: &[(&str, &[u8])]) -> Vec<&'static str> {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join("ops/observe").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let report = judge(Area::Observe, folder.path());
    let mut codes: Vec<_> = report.findings().iter().map(|finding| finding.rule.code).collect();
    codes.dedup();
    codes
}

/// Every scalar and list of every document of a tree is replaced by something of another type.
#[test]
fn wrong_types_everywhere_never_panic() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = Vec::new();
    collect(&repository.join("ops/observe"), &mut documents);
    for wrong in ["null", "7", "[]", "{}", "\"\"", "[[{}]]", "-1e999", "\"NaN\""] {
        let folder = tempfile::tempdir().unwrap();
        for path in &documents {
            let text = fs::read_to_string(path).unwrap();
            let target = folder.path().join(path.strip_prefix(repository).unwrap());
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            let changed = match path.extension().and_then(|ending| ending.to_str()) {
                Some("json") => replaced(&text, wrong),
                _ => text,
            };
            fs::write(target, changed).unwrap();
        }
        let report = judge(Area::Observe, folder.path());
        assert!(!report.findings().is_empty(), "{wrong}");
    }
}

fn collect(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, found) } else { found.push(path) }
    }
}

/// The value of every third line that has one is replaced.
fn replaced(text: &str, wrong: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for line in lines.iter_mut().skip(2).step_by(3) {
        let Some((key, value)) = line.split_once("\": ") else { continue };
        if value.ends_with(['{', '[']) {
            continue;
        }
        let comma = if value.ends_with(',') { "," } else { "" };
        *line = format!("{key}\": {wrong}{comma}");
    }
    lines.join("\n")
}

#[test]
fn bad_bytes_are_named_and_the_rest_is_judged() {
    let rule = b"groups: [{name: a, rules: [{alert: A, expr: 'rate(x[5m])'}]}]" as &[u8];
    for bad in [b"\xff\xfe" as &[u8], b"a: 1\na: 2\n", b"a:\n\t- b", b"{\"a\"", b"a: &a [*a]"] {
        let codes = codes(&[("alerts/bad.yaml", bad), ("alerts/good.yaml", rule)]);
        assert!(codes.contains(&"CS-OBSERVE-002"), "{codes:?}");
        assert!(codes.contains(&"CS-OBSERVE-008"), "{codes:?}");
    }
    assert!(codes(&[("alerts/empty.yaml", b""), ("alerts/none.yaml", b"---\n---\n")]).is_empty());
}

#[test]
fn expressions_and_templates_of_any_kind_are_answered() {
    for expr in [
        "rate(x[1e300])",
        "x offset 1e300",
        "x[5m:1e300]",
        "x @ 1e300",
        "x > NaN",
        "-Inf",
        "{}",
        "{__name__=~\".*\"}",
        "x{a=~\"(\"}",
        "\"text\"",
        "((((",
        "a:b:c > 1e308 * 10",
        "sum by (a) (b) / on () group_left () c",
        "clamp_min(x, NaN) / clamp_min(rate(x[5m]), -1) > 0",
        "x\u{0}y",
        "\u{202e}x",
    ] {
        for template in ["{{", "{{ $labels }}", "{{ index $labels \"a\" }}", "{{ \"\\\"}}", "}}"] {
            let escape = |text: &str| {
                text.replace('\\', "\\\\").replace('"', "\\\"").replace('\u{0}', "\\u0000")
            };
            let file = format!(
                "{{\"groups\": [{{\"name\": \"a\", \"rules\": [{{\"alert\": \"A\", \"expr\": \"{}\", \"annotations\": {{\"b\": \"{}\"}}}}]}}]}}",
                escape(expr),
                escape(template)
            );
            let codes = codes(&[("alerts/a.json", file.as_bytes())]);
            assert!(!codes.is_empty(), "{expr} {template}");
        }
    }
}

/// Recorded metrics that read each other, in a ring and in a fan, take no more time than a list.
#[test]
fn recorded_metrics_in_rings_and_fans_end() {
    let mut rules = Vec::new();
    for level in 0..40 {
        let next = (level + 1) % 40;
        let operands = vec![format!("r:{next}"); 60].join(" + ");
        rules.push(format!("{{record: 'r:{level}', expr: '{operands}'}}"));
    }
    rules.push("{alert: A, expr: 'r:0 > 1', for: 5m, labels: {severity: page}}".to_owned());
    let file = format!("groups: [{{name: a, rules: [{}]}}]", rules.join(", "));
    let begun = std::time::Instant::now();
    codes(&[("alerts/a.yaml", file.as_bytes())]);
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}
