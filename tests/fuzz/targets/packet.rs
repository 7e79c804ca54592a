//! The documents of a packet: checksums, manifest, waivers, what a project states, and the glance at a
//! bill of materials.
#![no_main]

use countersign::finding::Waivers;
use countersign::packet::glance::glance;
use countersign::packet::{Checksums, ReleaseManifest, ReleaseSpec};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(list) = Checksums::parse(bytes) {
        assert_eq!(list.to_bytes(), bytes, "a list has one form");
    }
    if let Ok(manifest) = ReleaseManifest::parse(bytes) {
        let written = manifest.to_bytes();
        assert_eq!(
            ReleaseManifest::parse(&written).expect("it was written here").to_bytes(),
            written
        );
    }
    let _ = Waivers::parse(bytes, |_| None);
    let _ = ReleaseSpec::parse(bytes);
    let _ = glance(bytes);
});
