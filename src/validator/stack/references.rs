//! References: every place of the tree that names an image.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::input::Inputs;
use super::source::{Kind, Source};
use super::{dockerfile, layout, variables};
use crate::digest::Digest;
use crate::document::Node;
use crate::finding::Location;
use crate::validator::image::{ImageProblem, ImageReference, is_template};

/// What an image is named for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// An object for Kubernetes runs it.
    Workload,
    /// A rendered object runs it; the area k8s judges that object.
    Rendered,
    /// It is a node of a kind cluster.
    Node,
    /// A compose service runs it.
    Compose,
    /// Helm values name it.
    Values,
    /// A build starts from it.
    Build,
}

/// One place that names an image.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    /// The place.
    pub(super) location: Location,
    /// The reference, variables resolved.
    pub(super) text: String,
    /// What it says.
    pub(super) image: Result<ImageReference, ImageProblem>,
    /// What it is named for.
    pub(super) role: Role,
}

/// A line of a pin list.
#[derive(Debug, Clone)]
pub(super) struct Pin {
    /// Its name in the list.
    pub(super) key: String,
    /// The place.
    pub(super) location: Location,
    /// The reference as written.
    pub(super) text: String,
    /// What it says.
    pub(super) image: Result<ImageReference, ImageProblem>,
}

impl Reference {
    fn new(location: Location, text: String, role: Role) -> Self {
        let image = text.parse();
        Self { location, text, image, role }
    }
}

/// Finds the references of all documents and Dockerfiles that were kept, and the pin list.
pub(super) fn of_files(inputs: &mut Inputs<'_>) {
    let mut found = Vec::new();
    let defaults = defaults_of(inputs);
    for source in inputs.documents.iter().filter(|source| !layout::is_specimen(&source.path)) {
        match source.kind {
            Kind::Object => found.extend(of_object(source, Role::Workload)),
            Kind::Cluster => found.extend(of_list(source, "/nodes", Role::Node)),
            Kind::Compose => found.extend(of_compose(source, &environment(inputs, &source.path))),
            Kind::Values => of_values(source, &defaults, &mut found),
            Kind::Other => {
                if source.path.starts_with("ops/env/") {
                    found.extend(of_object(source, Role::Workload));
                }
            }
        }
    }
    for (path, text) in &inputs.texts {
        for base in dockerfile::bases_of(text).into_iter().filter(|_| layout::is_dockerfile(path)) {
            let location = Location::named(path).at("", base.position);
            found.push(Reference::new(location, base.text, Role::Build));
        }
    }
    let overrides = overrides_of(inputs);
    for reference in found.iter_mut().filter(|reference| reference.role == Role::Workload) {
        if let Some(text) = kustomized(&overrides, &reference.text) {
            *reference = Reference::new(reference.location.clone(), text, reference.role);
        }
    }
    let before = found.len();
    found.retain(|reference| !is_template(&reference.text));
    inputs.skipped += before - found.len();
    inputs.references.extend(found);
    inputs.references.sort_by(|a, b| (&a.location, &a.text).cmp(&(&b.location, &b.text)));
    inputs.pins =
        inputs.document(layout::PINS).map(|pins| pins_of(pins, "/images")).unwrap_or_default();
}

/// The lines of a list of images: every text in a mapping.
pub(super) fn pins_of(source: &Source, pointer: &str) -> Vec<Pin> {
    let entries = source.root.pointer(pointer).map(Node::entries).unwrap_or_default();
    entries
        .iter()
        .filter_map(|entry| {
            let text = entry.value.as_str()?.to_owned();
            let location = source.at(&format!("{pointer}/{}", entry.key));
            Some(Pin { key: entry.key.clone(), location, image: text.parse(), text })
        })
        .collect()
}

/// The images of an object: `image: "..."` wherever it stands, and image volumes.
pub(super) fn of_object(source: &Source, role: Role) -> Vec<Reference> {
    let kind = source.text("/kind").unwrap_or_default();
    if matches!(kind, "ConfigMap" | "Secret" | "CustomResourceDefinition") {
        return Vec::new();
    }
    let mut found = Vec::new();
    source.root.walk(&mut |pointer, node| {
        let is_volume = pointer.ends_with("/image/reference");
        let is_image = pointer.ends_with("/image") || pointer.ends_with("Image");
        let is_note = pointer.contains("/annotations/") || pointer.contains("/labels/");
        if let Some(text) = node.as_str().filter(|_| (is_image || is_volume) && !is_note) {
            found.push(Reference::new(source.at(pointer), text.to_owned(), role));
        }
    });
    found
}

fn of_list(source: &Source, list: &str, role: Role) -> Vec<Reference> {
    let items = source.items(list).iter().enumerate();
    items
        .filter_map(|(at, item)| {
            let text = item.get("image")?.as_str()?.to_owned();
            Some(Reference::new(source.at(&format!("{list}/{at}/image")), text, role))
        })
        .collect()
}

/// The images of compose services that are pulled; what a service builds it only names.
fn of_compose(source: &Source, values: &BTreeMap<String, String>) -> Vec<Reference> {
    let mut found = Vec::new();
    for service in source.root.get("services").map(Node::entries).unwrap_or_default() {
        let pointer = format!("/services/{}", service.key);
        let image = service.value.get("image").and_then(Node::as_str);
        if let (Some(text), None) = (image, service.value.get("build")) {
            let text = variables::resolve(text, values);
            found.push(Reference::new(source.at(&format!("{pointer}/image")), text, Role::Compose));
        }
        let inline = service.value.get("build").and_then(|build| build.get("dockerfile_inline"));
        for base in inline.and_then(Node::as_str).map(dockerfile::bases_of).unwrap_or_default() {
            let location = source.at(&format!("{pointer}/build/dockerfile_inline"));
            found.push(Reference::new(location, base.text, Role::Build));
        }
        let volumes = service.value.get("volumes").map(Node::items).unwrap_or_default();
        for (at, volume) in volumes.iter().enumerate() {
            let is_image = volume.get("type").and_then(Node::as_str) == Some("image");
            if let Some(text) = volume.get("source").and_then(Node::as_str).filter(|_| is_image) {
                let location = source.at(&format!("{pointer}/volumes/{at}/source"));
                found.push(Reference::new(location, text.to_owned(), Role::Compose));
            }
        }
    }
    found
}

/// What kustomizations put in the place of an image: new name, new tag, digest; by the old name.
fn overrides_of(inputs: &Inputs<'_>) -> BTreeMap<String, [Option<String>; 3]> {
    let mut overrides: BTreeMap<String, [Option<String>; 3]> = BTreeMap::new();
    for source in inputs.documents.iter().filter(|source| layout::is_kustomization(&source.path)) {
        for row in source.items("/images") {
            let text = |key: &str| row.get(key).and_then(Node::scalar_text).map(Cow::into_owned);
            let Some(name) = text("name") else { continue };
            let new = [text("newName"), text("newTag"), text("digest")];
            // Where several overlays name one image, the one that pins it is the one that is released.
            if new[2].is_some() || !overrides.contains_key(&name) {
                overrides.insert(name, new);
            }
        }
    }
    overrides
}

/// The reference that a kustomization makes of another.
fn kustomized(overrides: &BTreeMap<String, [Option<String>; 3]>, text: &str) -> Option<String> {
    let name = text.split('@').next().unwrap_or(text);
    let (name, tag) = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        Some(_) | None => (name, None),
    };
    let [new_name, new_tag, digest] = overrides.get(name)?;
    let name = new_name.as_deref().unwrap_or(name);
    Some(match (digest, new_tag.as_deref().or(tag)) {
        (Some(digest), _) => format!("{name}@{digest}"),
        (None, Some(tag)) => format!("{name}:{tag}"),
        (None, None) => name.to_owned(),
    })
}

/// The variables that are set for a compose file: those of the `.env` beside it.
pub(super) fn environment(inputs: &Inputs<'_>, path: &str) -> BTreeMap<String, String> {
    let folder = layout::folder_of(path);
    let beside = if folder.is_empty() { ".env".to_owned() } else { format!("{folder}/.env") };
    inputs.read_file(&beside).map(|text| variables::environment_of(&text)).unwrap_or_default()
}

/// The repositories and digests that charts give by default, by the pointer of the image.
fn defaults_of(inputs: &Inputs<'_>) -> BTreeMap<String, (String, Option<String>)> {
    let mut defaults = BTreeMap::new();
    for source in inputs.of_kind(Kind::Values).filter(|source| is_default(inputs, &source.path)) {
        source.root.walk(&mut |pointer, node| {
            let text =
                |key: &str| node.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
            if let Some(repository) = text("repository").filter(|_| is_image_key(pointer)) {
                let value = (repository.to_owned(), text("digest").map(str::to_owned));
                defaults.entry(pointer.to_owned()).or_insert(value);
            }
        });
    }
    defaults
}

/// Tells whether values are a chart's own: the chart lies beside them.
pub(super) fn is_default(inputs: &Inputs<'_>, path: &str) -> bool {
    layout::name_of(path).starts_with("values.")
        && inputs.files.contains(&format!("{}/Chart.yaml", layout::folder_of(path)))
}

fn is_image_key(pointer: &str) -> bool {
    let key = pointer.rsplit('/').next().unwrap_or_default();
    key == "image" || key.ends_with("Image") || key.ends_with("_image")
}

/// The images of Helm values, in both shapes: one text, or repository, tag and digest apart. A
/// profile that sets only a digest means the chart's own repository.
fn of_values(
    source: &Source,
    defaults: &BTreeMap<String, (String, Option<String>)>,
    found: &mut Vec<Reference>,
) {
    let is_profile = !layout::name_of(&source.path).starts_with("values.");
    source.root.walk(&mut |pointer, node| {
        if !is_image_key(pointer) {
            return;
        }
        if let Some(text) = node.as_str() {
            if text.contains(['/', ':', '@']) {
                found.push(Reference::new(source.at(pointer), text.to_owned(), Role::Values));
            }
            return;
        }
        let text =
            |key: &str| node.get(key).and_then(Node::scalar_text).filter(|text| !text.is_empty());
        let (tag, digest) = (text("tag"), text("digest"));
        let default = defaults.get(pointer);
        let repository = text("repository").map(|text| text.into_owned());
        let Some(repository) = repository.or_else(|| default.map(|(name, _)| name.clone())) else {
            return;
        };
        // A chart's own values without tag or digest leave both to the profiles.
        let inherited = default.and_then(|(_, digest)| digest.as_deref()).filter(|_| is_profile);
        if digest.is_none() && (tag.is_none() || inherited.is_some()) {
            return;
        }
        let mut whole = text("registry").map(|name| format!("{name}/")).unwrap_or_default();
        whole.push_str(&repository);
        whole.extend(tag.map(|tag| format!(":{tag}")));
        let at = if digest.is_some() { "digest" } else { "tag" };
        whole.extend(digest.map(|digest| format!("@{digest}")));
        found.push(Reference::new(source.at(&format!("{pointer}/{at}")), whole, Role::Values));
    });
}

/// Collects the repositories that a release document names.
pub(super) fn products_of(root: &Node, products: &mut BTreeSet<String>) {
    root.walk(&mut |pointer, node| {
        let is_name = pointer.starts_with("/images/") && pointer.ends_with("/name");
        let is_repository = pointer.ends_with("/repository");
        let Some(text) = node.as_str() else { return };
        if is_name || is_repository || text.contains("@sha256:") {
            products.extend(text.parse::<ImageReference>().ok().map(|image| image.repository()));
        }
    });
}

/// The digests that a bill of materials speaks of; nothing for another document.
pub(super) fn subjects_of(root: &Node) -> Option<Vec<Digest>> {
    root.get("spdxVersion").or_else(|| root.get("bomFormat"))?;
    let mut found = Vec::new();
    root.walk(&mut |_, node| {
        let Some(text) = node.as_str() else { return };
        let hex = text.rsplit("sha256:").next().unwrap_or(text);
        found.extend(hex.get(..64).and_then(|hex| hex.parse::<Digest>().ok()));
    });
    Some(found)
}
