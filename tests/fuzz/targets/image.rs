//! The small words: image references, paths, versions, times, digests. What is read is written the same.
#![no_main]

use countersign::path::RelPath;
use countersign::validator::image::ImageReference;
use countersign::version::{Version, VersionRange};
use countersign::{Digest, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(image) = text.parse::<ImageReference>() {
        assert_eq!(
            image.to_string().parse::<ImageReference>().expect("it was written here"),
            image
        );
        let _ = (image.repository(), image.has_moving_tag(), image.sha256());
    }
    if let Ok(path) = text.parse::<RelPath>() {
        assert_eq!(path.as_str(), text);
        assert!(path.parts().all(|part| !part.is_empty() && part != "." && part != ".."));
    }
    if let Ok(version) = text.parse::<Version>() {
        assert_eq!(version.to_string(), text);
    }
    let _ = text.parse::<VersionRange>();
    if let Ok(time) = text.parse::<Timestamp>() {
        assert_eq!(time.to_string().parse::<Timestamp>().expect("it was written here"), time);
    }
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.to_string(), text);
    }
});
