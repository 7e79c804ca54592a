//! The packet of the release before in place of its renders.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign::finding::{Area, Report};
use countersign::tree::Tree;
use countersign::validator::{Context, PreviousRelease, derive};

use crate::areas::judge_with;
use crate::specimen;

/// What a packet of the tree as it is would tell of it.
fn as_it_is() -> PreviousRelease {
    let now = "2026-11-23T09:00:00Z".parse().unwrap();
    let tree = Tree::open(&specimen::root()).unwrap();
    let mut members = BTreeMap::new();
    for area in [Area::Rollback, Area::Stack] {
        for derived in derive(area, &tree, &Context::at(now)) {
            members.insert(format!("evidence/{area}/{}", derived.name), derived.bytes);
        }
    }
    let packet = crate::forgery::members_of(&specimen::specimen().files[specimen::PACKET]);
    let mut manifest = crate::forgery::manifest_of(&packet);
    manifest.version = "0.2.0".parse().unwrap();
    PreviousRelease::of(&manifest, &members)
}

fn judge(area: Area, before: PreviousRelease) -> Report {
    let mut context = Context::at("2026-11-23T09:00:00Z".parse().unwrap());
    context.previous = Some(Arc::new(before));
    judge_with(area, &specimen::root(), &context)
}

fn found(report: &Report) -> Vec<(&str, &str)> {
    report.findings().iter().map(|one| (one.rule.code, one.location.pointer.as_str())).collect()
}

#[test]
fn a_field_that_cannot_change_is_held_against_the_packet() {
    let report = judge(Area::K8s, as_it_is());
    assert_eq!(found(&report), []);
    let said = report.checks().iter().find(|check| check.name == "immutable-fields").unwrap();
    assert_eq!(said.subject, "lantern-0.2.0");
    let mut before = as_it_is();
    let objects = before.objects.get_mut("prod").unwrap();
    let deployment = objects.iter_mut().find(|object| object.kind == "Deployment").unwrap();
    deployment.immutable.insert("/spec/selector".to_owned(), "{}".to_owned());
    let report = judge(Area::K8s, before);
    assert_eq!(found(&report), [("CS-K8S-016", "/spec/selector")]);
    // A packet that tells of no objects is no comparison.
    let mut before = as_it_is();
    before.objects.clear();
    let report = judge(Area::K8s, before);
    let said = report.checks().iter().find(|check| check.name == "immutable-fields").unwrap();
    assert!(said.detail.contains("neither a render nor a packet"), "{}", said.detail);
}

#[test]
fn a_component_that_changed_without_a_word_is_held_against_the_packet() {
    assert_eq!(found(&judge(Area::Stack, as_it_is())), []);
    let with = |key: &str, change: fn(&str) -> String| {
        let mut before = as_it_is();
        let image = before.images.as_mut().unwrap().get_mut(key).unwrap();
        *image = change(image);
        let report = judge(Area::Stack, before);
        report.findings().iter().map(|one| one.rule.code).collect::<Vec<_>>()
    };
    assert_eq!(with("redis", |image| image.replace(":7.4.6@", ":7.4.5@")), ["CS-STACK-049"]);
    // The release's own image carries its version and changes with it.
    assert_eq!(with("lantern", |image| image.replace(":0.3.0@", ":0.2.0@")), [""; 0]);
    assert_eq!(with("lantern", |image| image.replace(":0.3.0@", ":0.1.0@")), ["CS-STACK-049"]);
    let mut before = as_it_is();
    before.images.as_mut().unwrap().remove("redis");
    assert_eq!(found(&judge(Area::Stack, before)).len(), 1, "one was added");
}
