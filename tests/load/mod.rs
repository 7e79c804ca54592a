//! The load validator on real trees and real results.

mod corpus;
mod results;
mod witness;
