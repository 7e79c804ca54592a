//! The files that a project begins with.

use super::{Pipeline, Request, SPEC};
use crate::finding::{Area, Waivers};
use crate::json;
use crate::packet::manifest::is_product;
use crate::trust::AttestationPolicy;
use crate::trust::root::{Policy, RequiredEvidence, VulnerabilityBudget};

/// The policy with which a trust root is begun.
const POLICY: &str = "keys/policy.json";

/// Holds when the product's name and the source can stand where they will.
pub(super) fn hold_names(product: &str, source: &str) -> Result<(), String> {
    if !is_product(product) {
        let shown = product.escape_debug();
        return Err(format!(
            "`{shown}` is no product's name; expected lower-case letters, digits and `-`, at most 64"
        ));
    }
    let address = source.strip_prefix("git+").unwrap_or(source);
    let is_address = address.starts_with("https://")
        && address.len() > "https://".len()
        && source.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-._~:/@".contains(&byte));
    if !is_address {
        let shown = source.escape_debug();
        return Err(format!(
            "`{shown}` is no source; expected an address like `git+https://git.example/atlas`"
        ));
    }
    Ok(())
}

/// The files and what they hold, by their paths below the root.
pub(super) fn files(request: &Request, areas: &[Area]) -> Vec<(String, String)> {
    let mut files = vec![
        (SPEC.to_owned(), spec(request, areas)),
        (
            Waivers::PATH.to_owned(),
            format!("{{\n  \"schema\": \"{}\",\n  \"waivers\": []\n}}\n", Waivers::SCHEMA),
        ),
        ("ops/README.md".to_owned(), ops_readme(request)),
        (POLICY.to_owned(), policy(request, areas)),
        ("keys/README.md".to_owned(), keys_readme(request)),
        (
            "keys/.gitignore".to_owned(),
            "# Private keys are nobody's but their owner's.\n*.key\n".to_owned(),
        ),
    ];
    match request.pipeline {
        Pipeline::Github => {
            files.push((".github/workflows/countersign.yml".to_owned(), github(request)));
        }
        Pipeline::Gitlab => {
            files.push((".gitlab/countersign.gitlab-ci.yml".to_owned(), gitlab(request)));
        }
        Pipeline::None => {}
    }
    files
}

/// The address of the source, without the tool that fetches it.
fn address(request: &Request) -> &str {
    request.source.strip_prefix("git+").unwrap_or(&request.source).trim_end_matches('/')
}

fn build_type(request: &Request) -> String {
    format!("{}/build-types/release/v1", address(request))
}

fn builder(request: &Request) -> String {
    match request.pipeline {
        Pipeline::Github => format!("{}/.github/workflows/countersign.yml", address(request)),
        Pipeline::Gitlab => format!("{}/.gitlab/countersign.gitlab-ci.yml", address(request)),
        Pipeline::None => format!("{}/builders/by-hand", address(request)),
    }
}

fn spec(request: &Request, areas: &[Area]) -> String {
    let words: Vec<String> = areas.iter().map(|area| format!("\"{area}\"")).collect();
    format!(
        "# What people decide about a release. Fields: schemas/release-release.schema.json of countersign.\n\
         schema = \"countersign.release/v1\"\n\
         product = \"{}\"\n\
         channel = \"stable\"\n\
         # The areas that this project has; an area whose folder holds files is judged whatever stands here.\n\
         areas = [{}]\n\
         \n\
         [build]\n\
         type = \"{}\"\n\
         builder = \"{}\"\n",
        request.product,
        words.join(", "),
        build_type(request),
        builder(request)
    )
}

fn policy(request: &Request, areas: &[Area]) -> String {
    let evidence = areas.iter().flat_map(|area| {
        ["validator-report", "test-result"].map(|kind| RequiredEvidence {
            kind: kind.to_owned(),
            area: Some(area.word().to_owned()),
            max_age_days: 7,
            role: None,
        })
    });
    let policy = Policy {
        product: request.product.clone(),
        channels: vec!["stable".to_owned()],
        builders: vec![builder(request)],
        build_types: vec![build_type(request)],
        sources: vec![request.source.clone()],
        external_parameters: Vec::new(),
        evidence: evidence.collect(),
        vulnerabilities: VulnerabilityBudget { max_critical: 0, max_high: 0 },
        max_waivers: 3,
        waivers: None,
        rollback: None,
        require_proven_time: false,
        log_operators: 0,
        attestations: AttestationPolicy::default(),
        max_packet_bytes: 1 << 30,
        max_members: 10_000,
    };
    String::from_utf8_lossy(&json::to_bytes(&policy)).into_owned()
}

fn ops_readme(request: &Request) -> String {
    format!(
        "# What {} is operated by\n\n\
         | folder | what is governed there |\n|---|---|\n\
         | `ops/stack` | what it runs on: components, compose files, pins |\n\
         | `ops/k8s` | how it is installed: chart, values, rendered manifests |\n\
         | `ops/observe` | how it is watched: rules, dashboards, objectives, drills |\n\
         | `ops/load` | what it bears: scripts, thresholds, baselines, results |\n\
         | `ops/rollback`, `ops/datasets` | how one goes back |\n\
         | `ops/release` | what a release is: `release.toml`, `waivers.json` |\n\n\
         `countersign check` judges all of it; `countersign explain CODE` tells what a finding means.\n",
        request.product
    )
}

fn keys_readme(request: &Request) -> String {
    format!(
        "# Whom {}'s releases are trusted by\n\n\
         `policy.json` is what a release must meet. The trust root is begun with it once:\n\n\
         ```text\n\
         countersign keys generate -o keys/alice.key\n\
         countersign trust init --policy keys/policy.json --expires 2027-12-31T00:00:00Z\n\
         countersign trust add-key keys/alice.pub --owner alice --role root --role release\n\
         countersign trust sign --key keys/alice.key\n\
         ```\n\n\
         `trust-root/1.json` is what consumers get, by a way of their own, and verify with. Private keys\n\
         stay with their owners; `.gitignore` keeps them out of the repository.\n",
        request.product
    )
}

const GITHUB: &str = include_str!("github.yml");
const GITLAB: &str = include_str!("gitlab.yml");

fn github(request: &Request) -> String {
    GITHUB.replace("SOURCE_URI", &request.source)
}

fn gitlab(request: &Request) -> String {
    GITLAB.replace("SOURCE_URI", &request.source)
}
