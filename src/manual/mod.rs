//! The manual: what the design is, what the files are, what the commands promise.

#[doc = include_str!("guide.md")]
pub mod guide {}

#[doc = include_str!("design.md")]
pub mod design {}

#[doc = include_str!("attestations.md")]
pub mod attestations {}

#[doc = include_str!("files.md")]
pub mod files {}

#[doc = include_str!("packet.md")]
pub mod packet {}

#[doc = include_str!("signing.md")]
pub mod signing {}

#[doc = include_str!("trust.md")]
pub mod trust {}

#[doc = include_str!("threat-model.md")]
pub mod threat_model {}

#[doc = include_str!("stack.md")]
pub mod stack {}

#[doc = include_str!("k8s.md")]
pub mod k8s {}

#[doc = include_str!("load.md")]
pub mod load {}

#[doc = include_str!("observe.md")]
pub mod observe {}

#[doc = include_str!("rollback.md")]
pub mod rollback {}

#[doc = include_str!("pipelines.md")]
pub mod pipelines {}

#[doc = include_str!("speed.md")]
pub mod speed {}

#[doc = include_str!("hardening.md")]
pub mod hardening {}

#[doc = include_str!("dependencies.md")]
pub mod dependencies {}

#[doc = include_str!("report.md")]
pub mod report {}

#[doc = include_str!("exit_codes.md")]
pub mod exit_codes {}

#[doc = include_str!("changelog.md")]
pub mod changelog {}
