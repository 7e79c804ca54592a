//! One cause, one headline: what one template does wrong in many renders is said once.

use std::collections::BTreeMap;

use crate::finding::Report;

/// Names the causes that several findings share.
pub(super) fn group(report: &mut Report) {
    let mut causes: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for finding in report.findings() {
        let Some(cause) = finding.cause.as_ref().filter(|cause| cause.starts_with("k8s ")) else {
            continue;
        };
        let row = causes.entry(cause.clone()).or_insert_with(|| {
            let made_by = cause.splitn(3, ' ').nth(2).map(|name| format!("{name}: "));
            (0, format!("{}{}", made_by.unwrap_or_default(), finding.rule.refuses))
        });
        row.0 += 1;
    }
    for (cause, (count, message)) in causes {
        if count > 1 {
            report.headline(&cause, message);
        }
    }
}
