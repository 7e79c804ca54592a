//! Archives: the canonical one, which has one form and no other, and those of others. The first byte
//! chooses whether the bytes are the archive or are compressed first.
#![no_main]

use std::io::Write;

use countersign::packet::archive::{Limits, unpack};
use countersign::packet::foreign::{Compression, ForeignArchive};
use countersign::packet::{MemberSource, pack};
use flate2::{Compression as Level, GzBuilder};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { packed_bytes: 1 << 20, unpacked_bytes: 4 << 20, members: 100 };

fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    let compressed;
    let packed = if first % 2 == 0 {
        bytes
    } else {
        let mut encoder = GzBuilder::new().operating_system(255).write(Vec::new(), Level::fast());
        encoder.write_all(bytes).expect("memory takes it");
        compressed = encoder.finish().expect("memory takes it");
        &compressed
    };
    let mut members = Vec::new();
    let read = unpack(packed, LIMITS, |path, size, reader| {
        let mut content = Vec::new();
        reader.read_to_end(&mut content)?;
        members.push((path.clone(), size, content));
        Ok(())
    });
    if read.is_ok() {
        // Of an archive that ends in the middle, less is shown than was announced, and it is refused.
        assert!(members.iter().all(|(_, size, content)| content.len() as u64 == *size));
        // One form: who reads it can write it again, byte for byte.
        let mut sources =
            members.into_iter().map(|(path, _, content)| (path, MemberSource::Bytes(content)));
        let mut again = Vec::new();
        pack(&mut again, |_| sources.next()).expect("what was read can be written");
        if first % 2 == 0 {
            assert_eq!(inflated(packed), inflated(&again));
        }
    }
    let _ = ForeignArchive::read(packed, Compression::Gzip);
    let _ = ForeignArchive::read(bytes, Compression::None);
});

fn inflated(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed), &mut bytes)
        .expect("it was read");
    bytes
}
