//! People whom a certificate names by an e-mail address: exactly the one that is asked for.

use countersign::Verdict;
use countersign::trust::sigstore::Identity;

use crate::instance::certificate::{address, uri};
use crate::instance::{Asked, By, ISSUER, Instance, Recipe, paths};

const MAIL: &str = "releaser@lantern.example";

/// The verdicts on a certificate with these names, asked for this one, on every path.
fn judged(instance: &Instance, names: &[Vec<u8>], asked_for: &str) -> Vec<Verdict> {
    let identity =
        Identity::Certificate { identity: asked_for.to_owned(), issuer: ISSUER.to_owned() };
    let certified = paths().into_iter().filter(|path| path.by == By::Certificate);
    certified
        .map(|path| {
            let mut recipe = Recipe::of(path);
            recipe.leaf.names = names.to_vec();
            let asked = instance.asked(path.by, instance.bake(&recipe));
            instance.judge(&Asked { identity: identity.clone(), ..asked }).verdict()
        })
        .collect()
}

#[test]
fn p04_addresses_that_readers_differ_on() {
    let instance = Instance::new();
    let is = |names: &[Vec<u8>], asked_for: &str, verdict: Verdict| {
        let found = judged(&instance, names, asked_for);
        assert!(!found.is_empty());
        assert!(found.iter().all(|one| *one == verdict), "{names:?} {asked_for}: {found:?}");
    };
    is(&[address(MAIL)], MAIL, Verdict::Pass);
    // What is asked for is no pattern, and nothing is folded, trimmed or completed.
    for other in [
        "Releaser@lantern.example",
        "releaser@LANTERN.example",
        "releaser@lantern.example ",
        " releaser@lantern.example",
        "releaser@lantern.example.",
        "mailto:releaser@lantern.example",
        "releaser",
        "lantern.example",
        "@lantern.example",
        ".*@lantern.example",
        "*@lantern.example",
        "releaser+evil@lantern.example",
        "releaser@lantern.example\0",
        "r\u{435}leaser@lantern.example",
        "",
    ] {
        is(&[address(MAIL)], other, Verdict::Refused);
        // Nor the other way round.
        is(&[address(other)], MAIL, Verdict::Refused);
    }
    // Two names; the right one beside another kind.
    is(&[address(MAIL), address("mallory@lantern.example")], MAIL, Verdict::Refused);
    is(&[address("mallory@lantern.example"), address(MAIL)], MAIL, Verdict::Refused);
    is(&[address(MAIL), address(MAIL)], MAIL, Verdict::Refused);
    is(&[address(MAIL), uri("https://lantern.example/releaser")], MAIL, Verdict::Refused);
    is(&[], MAIL, Verdict::Refused);
}
