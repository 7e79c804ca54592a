//! The area `k8s` on trees that no case is made of.

mod corpus;
mod derived;
mod previous;
mod render;
mod trees;
