//! The load validator on real trees and real results.

mod compare;
mod corpus;
mod results;
mod witness;
