//! Which services sign without a key: Sigstore's `signing_config.json` (v0.2).

use serde::Deserialize;

use super::Refusal;
use crate::finding::rules::trust as rules;
use crate::json::{self, Limits};
use crate::time::Timestamp;

/// The services of a Sigstore instance, as whoever signs names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningConfig {
    document: ConfigDocument,
}

/// The services that are asked for one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Services {
    /// Who issues the certificate.
    pub(super) authority: String,
    /// The logs that take it in, each with the version of its interface: 1 or 2.
    pub(super) logs: Vec<(String, u32)>,
    /// Who states the time.
    pub(super) timestamps: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigDocument {
    media_type: String,
    #[serde(default)]
    ca_urls: Vec<Service>,
    #[serde(default)]
    rekor_tlog_urls: Vec<Service>,
    #[serde(default)]
    rekor_tlog_config: Selection,
    #[serde(default)]
    tsa_urls: Vec<Service>,
    #[serde(default)]
    tsa_config: Selection,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    url: String,
    major_api_version: u32,
    valid_for: Window,
    #[serde(default)]
    operator: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
struct Window {
    start: Timestamp,
    #[serde(default)]
    end: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
struct Selection {
    #[serde(default)]
    selector: Selector,
    #[serde(default)]
    count: Option<usize>,
}

/// How many of the services in use are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Selector {
    #[serde(rename = "SERVICE_SELECTOR_UNDEFINED")]
    Undefined,
    All,
    #[default]
    Any,
    Exact,
}

const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.signingconfig.v0.2+json";
const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 16 };
/// The most services of a kind.
const MAX_SERVICES: usize = 64;
/// The most services of a kind that one signature is taken to.
const MAX_SELECTED: usize = 8;

impl SigningConfig {
    /// Reads a `signing_config.json`.
    ///
    /// # Errors
    ///
    /// A refusal of weight `unjudged` for anything but one of version 0.2 with sound addresses.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let document: ConfigDocument =
            json::parse(bytes, LIMITS).map_err(|error| unusable(&error.to_string()))?;
        if document.media_type != MEDIA_TYPE {
            let found = document.media_type.escape_debug();
            return Err(unusable(&format!("media type `{found}`; expected `{MEDIA_TYPE}`")));
        }
        let lists = [&document.ca_urls, &document.rekor_tlog_urls, &document.tsa_urls];
        if lists.iter().any(|services| services.len() > MAX_SERVICES) {
            return Err(unusable(&format!("more than {MAX_SERVICES} services of a kind")));
        }
        for service in lists.into_iter().flatten() {
            check_address(&service.url).map_err(|problem| unusable(&problem))?;
        }
        Ok(Self { document })
    }

    /// Chooses the services that are in use at a time.
    ///
    /// Of each operator the newest interface that is known here; of the operators as many as are
    /// asked for, in the order in which they stand.
    pub(super) fn select(&self, now: Timestamp) -> Result<Services, Refusal> {
        let document = &self.document;
        let any = Selection::default();
        let authorities = select("caUrls", &document.ca_urls, &[1], any, now)?;
        let Some(authority) = authorities.into_iter().next() else {
            return Err(unusable("`caUrls` names nobody who issues certificates"));
        };
        let logs = select(
            "rekorTlogUrls",
            &document.rekor_tlog_urls,
            &[1, 2],
            document.rekor_tlog_config,
            now,
        )?;
        if logs.is_empty() {
            return Err(unusable("`rekorTlogUrls` names no log"));
        }
        let timestamps = select("tsaUrls", &document.tsa_urls, &[1], document.tsa_config, now)?;
        if timestamps.is_empty() && logs.iter().any(|(_, version)| *version == 2) {
            // A log of version 2 states no time.
            return Err(unusable("`tsaUrls` names nobody, and a log of version 2 states no time"));
        }
        let timestamps = timestamps.into_iter().map(|(url, _)| url).collect();
        Ok(Services { authority: authority.0, logs, timestamps })
    }
}

fn select(
    what: &str,
    services: &[Service],
    known: &[u32],
    selection: Selection,
    now: Timestamp,
) -> Result<Vec<(String, u32)>, Refusal> {
    let in_use = |window: Window| window.start <= now && window.end.is_none_or(|end| now <= end);
    let mut eligible: Vec<&Service> = services
        .iter()
        .filter(|service| known.contains(&service.major_api_version) && in_use(service.valid_for))
        .collect();
    if eligible.is_empty() && !services.is_empty() {
        let problem = format!("`{what}` names nothing of a known version that is in use at {now}");
        return Err(unusable(&problem));
    }
    eligible.sort_by_key(|service| std::cmp::Reverse(service.major_api_version));
    let mut chosen: Vec<&Service> = Vec::new();
    for service in eligible {
        // Who does not say who runs a service is taken for somebody else each time.
        let named = !service.operator.is_empty();
        if !(named && chosen.iter().any(|other| other.operator == service.operator)) {
            chosen.push(service);
        }
    }
    let count = match selection {
        Selection { selector: Selector::Any, .. } => chosen.len().min(1),
        Selection { selector: Selector::All, .. } => chosen.len(),
        Selection { selector: Selector::Exact, count: Some(count @ 1..) } => count,
        Selection { selector: Selector::Exact | Selector::Undefined, .. } => {
            return Err(unusable(&format!("`{what}` does not say how many are asked")));
        }
    };
    if count > chosen.len() || count > MAX_SELECTED {
        let found = chosen.len();
        let problem =
            format!("asks for {count} of `{what}`; {found} are in use, {MAX_SELECTED} may be");
        return Err(unusable(&problem));
    }
    let chosen = chosen.into_iter().take(count);
    Ok(chosen.map(|service| (service.url.clone(), service.major_api_version)).collect())
}

/// Holds when an address may be asked: over TLS, or on this machine.
///
/// An identity token goes to one of them: over a connection that others read it would be theirs.
pub fn check_address(url: &str) -> Result<(), String> {
    let shown = || url.chars().take(200).collect::<String>().escape_debug().to_string();
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic());
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if !plain || authority.is_empty() || authority.contains('@') {
        return Err(format!("`{}` is no address of a service", shown()));
    }
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let local = ["127.0.0.1", "[::1]", "localhost"].contains(&host);
    match scheme {
        "https" => Ok(()),
        "http" if local => Ok(()),
        _ => Err(format!("`{}` is not an address with https://", shown())),
    }
}

fn unusable(problem: &str) -> Refusal {
    let problem: String = problem.chars().take(300).collect();
    let message = format!("not a usable signing config: {problem}");
    Refusal::new(&rules::TRUSTED_ROOT_UNUSABLE, message)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const NOW: &str = "2026-11-24T09:00:00Z";

    fn service(url: &str, version: u32, operator: &str) -> String {
        format!(
            r#"{{"url": "{url}", "majorApiVersion": {version}, "operator": "{operator}",
                "validFor": {{"start": "2026-01-01T00:00:00Z"}}}}"#
        )
    }

    pub(in crate::trust) fn config(logs: &[String], logs_asked: &str) -> String {
        format!(
            r#"{{"mediaType": "{MEDIA_TYPE}", "caUrls": [{}], "rekorTlogUrls": [{}],
                "tsaUrls": [{}], "rekorTlogConfig": {logs_asked}, "oidcUrls": [],
                "tsaConfig": {{"selector": "ANY"}}}}"#,
            service("https://ca.example/", 1, "a"),
            logs.join(", "),
            service("https://tsa.example/api/v1/timestamp", 1, "a"),
        )
    }

    pub(in crate::trust) fn log(version: u32) -> String {
        service("https://log.example", version, "a")
    }

    fn select(text: &str) -> Result<Services, String> {
        let config = SigningConfig::parse(text.as_bytes()).map_err(|refusal| refusal.message)?;
        config.select(NOW.parse().unwrap()).map_err(|refusal| refusal.message)
    }

    fn logs(logs: &[String], asked: &str) -> Result<Vec<(String, u32)>, String> {
        select(&config(logs, asked)).map(|services| services.logs)
    }

    const ANY: &str = r#"{"selector": "ANY"}"#;

    #[test]
    fn the_newest_interface_of_each_operator() {
        let one = select(&config(&[log(1)], ANY)).unwrap();
        assert_eq!(one.authority, "https://ca.example/");
        assert_eq!(one.logs, [("https://log.example".to_owned(), 1)]);
        assert_eq!(one.timestamps, ["https://tsa.example/api/v1/timestamp"]);
        let many = [
            service("https://one.example", 1, "a"),
            service("https://two.example", 2, "a"),
            service("https://three.example", 3, "a"),
            service("https://four.example", 1, "b"),
        ];
        let named = |logs: Vec<(String, u32)>| -> Vec<String> {
            logs.into_iter().map(|(url, _)| url).collect()
        };
        assert_eq!(named(logs(&many, ANY).unwrap()), ["https://two.example"]);
        for asked in [r#"{"selector": "ALL"}"#, r#"{"selector": "EXACT", "count": 2}"#] {
            let both = ["https://two.example", "https://four.example"];
            assert_eq!(named(logs(&many, asked).unwrap()), both);
        }
    }

    #[test]
    fn a_choice_that_cannot_be_made() {
        for asked in [
            r#"{"selector": "EXACT", "count": 2}"#,
            r#"{"selector": "EXACT", "count": 0}"#,
            r#"{"selector": "EXACT"}"#,
            r#"{"selector": "SERVICE_SELECTOR_UNDEFINED"}"#,
            r#"{"selector": "SOME"}"#,
        ] {
            assert!(logs(&[log(1)], asked).is_err(), "{asked}");
        }
        assert!(logs(&[], ANY).unwrap_err().contains("names no log"));
        assert!(logs(&[log(3)], ANY).unwrap_err().contains("known version"));
        let over = log(1).replace("Z\"}", "Z\", \"end\": \"2026-11-24T08:59:59Z\"}");
        assert!(logs(&[over], ANY).unwrap_err().contains("in use"));
        let later = log(1).replace("2026-01-01", "2027-01-01");
        assert!(logs(&[later], ANY).unwrap_err().contains("in use"));
        let untimed = config(&[log(2)], ANY);
        let tsa = service("https://tsa.example/api/v1/timestamp", 1, "a");
        assert!(select(&untimed.replace(&tsa, "")).unwrap_err().contains("states no time"));
        assert!(select(&untimed.replace(".v0.2", ".v0.1")).unwrap_err().contains("media type"));
    }

    #[test]
    fn a_token_goes_over_tls_or_stays_on_the_machine() {
        for right in [
            "https://a.example",
            "https://a:8443/b",
            "http://127.0.0.1:80/x",
            "http://[::1]:1",
            "http://localhost",
        ] {
            assert_eq!(check_address(right), Ok(()), "{right}");
        }
        for wrong in [
            "http://a.example",
            "http://127.0.0.1.example",
            "http://127.0.0.1:80@a.example/",
            "http://localhost@a.example",
            "https://user:word@a.example",
            "ftp://a.example",
            "file:///etc/passwd",
            "https://",
            "https:///path",
            "https://a.example/ b",
            "https://a.example/\n",
            "a.example",
            "",
        ] {
            assert!(check_address(wrong).is_err(), "{wrong}");
        }
    }
}
