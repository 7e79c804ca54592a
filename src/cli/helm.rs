//! The `helm` of the machine: found on the PATH, asked to render, never imitated.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use countersign::tree::{self, Tree};
use countersign::validator::k8s::Plan;
use countersign::validator::{Context, Rendered, Rendering};

use super::exit::Failure;

/// Rendered manifests, and the folder that they lie in while it lives.
pub(super) struct Made {
    /// What is judged.
    pub(super) rendered: Rendered,
    _folder: tempfile::TempDir,
}

/// Renders every profile of a tree's install matrix, each twice.
///
/// A profile that is not rendered is a finding, as is one that comes out differently the second
/// time; a machine without Helm and a tree without anything to render are errors.
pub(super) fn render(root: &Path, context: &Context) -> Result<Made, Failure> {
    let plan = Plan::of(&Tree::open(root)?, context).ok_or_else(|| {
        Failure::Usage(
            "`--render` needs one chart below `ops/k8s/charts` and an install matrix whose profiles have values"
                .to_owned(),
        )
    })?;
    let helm = find(std::env::var_os("PATH").as_deref()).ok_or_else(|| {
        Failure::Usage(
            "`--render` needs `helm`, and no absolute folder of the PATH holds one".to_owned(),
        )
    })?;
    let folder = tempfile::tempdir().map_err(Failure::Output)?;
    let home = tempfile::tempdir().map_err(Failure::Output)?;
    let root = root.canonicalize().map_err(Failure::Output)?;
    let version =
        run(&helm, home.path(), &["version".into(), "--short".into()]).map_err(|error| {
            Failure::Usage(format!("`{}` does not say its version: {error}", helm.display()))
        })?;
    let version = String::from_utf8_lossy(&version).trim().to_owned();
    let mut rendering = Rendering { by: format!("helm {version}"), ..Rendering::default() };
    for (profile, values) in &plan.profiles {
        let arguments = [
            "template".into(),
            plan.name.clone().into(),
            root.join(&plan.chart).into_os_string(),
            "--namespace".into(),
            plan.namespace.clone().into(),
            "--values".into(),
            root.join(values).into_os_string(),
        ];
        match run(&helm, home.path(), &arguments) {
            Ok(first) => {
                if run(&helm, home.path(), &arguments).as_ref() != Ok(&first) {
                    rendering.unstable.insert(profile.clone());
                }
                // A profile is a word of a document; it must not name a place elsewhere.
                let name: countersign::RelPath =
                    format!("{profile}.yaml").parse().map_err(|_| {
                        Failure::Usage(format!("the profile `{profile}` is no name for a file"))
                    })?;
                if name.parts().count() > 1 {
                    return Err(Failure::Usage(format!(
                        "the profile `{profile}` is no name for a file"
                    )));
                }
                tree::write_atomic(&folder.path().join(name.as_str()), &first, 0o600)?;
            }
            Err(said) => drop(rendering.failed.insert(profile.clone(), said)),
        }
    }
    let tree = Arc::new(Tree::open(folder.path())?);
    let rendered = Rendered { folder: tree, shown: "rendered".to_owned(), by: Some(rendering) };
    Ok(Made { rendered, _folder: folder })
}

/// Finds the program on the PATH. Relative folders, and so the working directory, are passed over:
/// who can write there must not decide what is run.
fn find(path: Option<&OsStr>) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    std::env::split_paths(path?)
        .filter(|folder| folder.is_absolute() && *folder != here)
        .map(|folder| folder.join("helm"))
        .find(|file| {
            let metadata = std::fs::metadata(file);
            metadata.is_ok_and(|one| one.is_file() && one.permissions().mode() & 0o111 != 0)
        })
}

/// Runs Helm without the user's plugins, repositories and cluster; the error is what it said.
fn run(helm: &Path, home: &Path, arguments: &[std::ffi::OsString]) -> Result<Vec<u8>, String> {
    let output = Command::new(helm)
        .args(arguments)
        .env("HELM_CONFIG_HOME", home)
        .env("HELM_CACHE_HOME", home)
        .env("HELM_DATA_HOME", home)
        .env("HELM_PLUGINS", home.join("plugins"))
        .env("KUBECONFIG", home.join("none"))
        .current_dir(home)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    Err(last.unwrap_or("it failed without a word").trim().to_owned())
}
