//! A real release of another project, judged against an audit that was made by hand.

use std::collections::BTreeMap;
use std::path::Path;

use super::judge;

#[test]
fn dump() {
    let root = std::env::var("DUMP_ROOT").unwrap_or_default();
    if root.is_empty() {
        return;
    }
    let report = judge(Path::new(&root));
    let document = report.to_document();
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for finding in &document.findings {
        *counts.entry((finding.code.clone(), finding.slug.clone())).or_default() += 1;
        println!(
            "{} {} {:?} {}:{}#{} | {} | declared {:?} actual {:?} cause {:?}",
            finding.code,
            finding.slug,
            finding.severity,
            finding.location.basis,
            finding.location.path,
            finding.location.pointer,
            finding.message,
            finding.declared,
            finding.actual,
            finding.cause
        );
    }
    for c in &document.checks {
        println!("CHECK {:?} {} {} | {}", c.outcome, c.check, c.subject, c.detail);
    }
    for h in &document.headlines {
        println!("HEADLINE {} ({})", h.message, h.findings.len());
    }
    for (k, v) in counts {
        println!("COUNT {} {} {v}", k.0, k.1);
    }
    println!("{:?} {:?} {:?}", document.verdict, document.summary, document.areas);
}
