//! What is wrong with a shape, for those who build programs from outside input.

use std::fmt;

/// A shape that an operation cannot work on, found before it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeError {
    /// What the operation needs.
    pub expected: String,
    /// What it was given.
    pub found: String,
}

impl ShapeError {
    /// An error that says what was needed and what was there.
    pub fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { expected: expected.into(), found: found.into() }
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

impl std::error::Error for ShapeError {}
