//! The area `release` on real input.

mod corpus;
