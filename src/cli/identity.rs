//! The flags that name a CI workflow.

use countersign::trust::{WorkflowDocument, WorkflowError, WorkflowIdentity};

use super::exit::Failure;

/// The CI workflow that must have signed, instead of a name in full.
#[derive(clap::Args)]
pub(super) struct WorkflowArgs {
    /// The host of the CI workflow that must have signed; the five parts belong together
    #[arg(long, value_name = "HOST", help_heading = WORKFLOW)]
    certificate_workflow_host: Option<String>,
    /// The organisation that owns the workflow's repository; at GitLab the group's whole path
    #[arg(long, value_name = "OWNER", help_heading = WORKFLOW)]
    certificate_workflow_owner: Option<String>,
    /// The repository that holds the workflow
    #[arg(long, value_name = "NAME", help_heading = WORKFLOW)]
    certificate_workflow_repository: Option<String>,
    /// The workflow's path in the repository
    #[arg(long, value_name = "PATH", help_heading = WORKFLOW)]
    certificate_workflow_file: Option<String>,
    /// The branch or tag, from `refs/` on; `*` stands for any characters but `/`
    #[arg(long, value_name = "REF", help_heading = WORKFLOW)]
    certificate_workflow_ref: Option<String>,
    /// The repository that must have been built, where the workflow serves several
    #[arg(long, value_name = "URL", help_heading = WORKFLOW)]
    certificate_source_repository: Option<String>,
    /// The branch or tag that must have been built, in full
    #[arg(long, value_name = "REF", help_heading = WORKFLOW)]
    certificate_source_ref: Option<String>,
    /// The one run that must have signed, by its address
    #[arg(long, value_name = "URL", help_heading = WORKFLOW)]
    certificate_run_invocation: Option<String>,
}

/// The heading of the workflow's flags.
const WORKFLOW: &str = "Workflow";

impl WorkflowArgs {
    /// Returns the workflow, if one is named.
    pub(super) fn identity(&self) -> Result<Option<WorkflowIdentity>, Failure> {
        let parts = [
            ("host", &self.certificate_workflow_host),
            ("owner", &self.certificate_workflow_owner),
            ("repository", &self.certificate_workflow_repository),
            ("file", &self.certificate_workflow_file),
            ("ref", &self.certificate_workflow_ref),
        ];
        let claims = [
            &self.certificate_source_repository,
            &self.certificate_source_ref,
            &self.certificate_run_invocation,
        ];
        if parts.iter().all(|(_, part)| part.is_none()) && claims.iter().all(|one| one.is_none()) {
            return Ok(None);
        }
        // A part that is not asked for would be one that may be anything.
        if let Some((missing, _)) = parts.iter().find(|(_, part)| part.is_none()) {
            let problem = format!(
                "a workflow is named by all five parts: --certificate-workflow-{missing} is missing"
            );
            return Err(Failure::Usage(problem));
        }
        let [host, owner, repository, workflow, reference] =
            parts.map(|(_, part)| part.clone().unwrap_or_default());
        let [source_repository, source_ref, run_invocation] = claims.map(Clone::clone);
        let document = WorkflowDocument {
            host,
            owner,
            repository,
            workflow,
            reference,
            source_repository,
            source_ref,
            run_invocation,
        };
        document
            .try_into()
            .map(Some)
            .map_err(|error: WorkflowError| Failure::Usage(error.to_string()))
    }
}
