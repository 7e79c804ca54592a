//! The area `observe`: a foreign tree, its evidence, hostile input, and how long it takes.

mod corpus;
mod evidence;
mod hostile;
mod size;
