//! The area `stack` on real input, and on trees that know nothing of the handbook.

mod bad_input;
mod corpus;
mod evidence;
mod references;
mod trees;
