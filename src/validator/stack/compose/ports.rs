//! The ports that a compose service publishes.

use std::collections::BTreeMap;

use super::super::variables;
use crate::document::Node;

/// The widest range that is spelled out.
const WIDEST: u32 = 1024;

/// One port of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Published {
    /// The address; empty for every one.
    pub(in super::super) address: String,
    /// The number.
    pub(in super::super) number: u32,
    /// `tcp` or `udp`.
    pub(in super::super) protocol: String,
}

/// Every port of the host that a service takes, with the index of its row.
pub(in super::super) fn published(
    service: &Node,
    values: &BTreeMap<String, String>,
) -> Vec<(usize, Published)> {
    let rows = service.get("ports").map(Node::items).unwrap_or_default().iter().enumerate();
    rows.flat_map(|(at, row)| {
        let ports = if row.entries().is_empty() {
            let text = row.scalar_text().unwrap_or_default();
            short(&variables::resolve(&text, values))
        } else {
            long(row, values)
        };
        ports.into_iter().map(move |port| (at, port))
    })
    .collect()
}

/// `[[address:]host:]container[/protocol]`; a port alone takes one that is free.
fn short(text: &str) -> Vec<Published> {
    let (body, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let Some((before, _container)) = body.rsplit_once(':') else { return Vec::new() };
    let (address, host) = match before.rsplit_once(':') {
        Some((address, host)) => (address.trim_matches(['[', ']']), host),
        None => ("", before),
    };
    spelled_out(address, host, protocol)
}

fn long(row: &Node, values: &BTreeMap<String, String>) -> Vec<Published> {
    let text = |key: &str| {
        let text = row.get(key).and_then(Node::scalar_text).unwrap_or_default();
        variables::resolve(&text, values)
    };
    let protocol = text("protocol");
    let protocol = if protocol.is_empty() { "tcp" } else { &protocol };
    spelled_out(&text("host_ip"), &text("published"), protocol)
}

fn spelled_out(address: &str, host: &str, protocol: &str) -> Vec<Published> {
    let (first, last) = host.split_once('-').unwrap_or((host, host));
    let (Ok(first), Ok(last)) = (first.parse::<u32>(), last.parse::<u32>()) else {
        return Vec::new();
    };
    let last = last.min(first.saturating_add(WIDEST)).min(65_535);
    (first..=last)
        .filter(|number| *number != 0)
        .map(|number| Published {
            address: address.to_owned(),
            number,
            protocol: protocol.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_rows_are_read_as_compose_reads_them() {
        let numbers = |text: &str| -> Vec<(String, u32)> {
            short(text).into_iter().map(|port| (port.address, port.number)).collect()
        };
        assert_eq!(numbers("80"), []);
        assert_eq!(numbers("8080:80"), [(String::new(), 8080)]);
        assert_eq!(numbers("127.0.0.1:8080:80/udp"), [("127.0.0.1".to_owned(), 8080)]);
        assert_eq!(numbers("[::1]:8080:80"), [("::1".to_owned(), 8080)]);
        assert_eq!(numbers("3000-3001:80-81").len(), 2);
        assert_eq!(numbers("127.0.0.1::80"), []);
        assert_eq!(numbers("${PORT}:80"), []);
        assert_eq!(numbers("1-4294967295:80").len(), 1025);
    }
}
