//! The glassbox command.
fn main() {}
