//! Without threads the loader prepares every batch when it is asked for.

use std::ops::Range;

use super::error::DataError;
use super::loader::Work;
use super::transform::Batch;

/// There is none.
#[derive(Debug)]
pub(super) enum Lane {}

impl Lane {
    pub(super) fn start(
        _work: &Work,
        _batches: Range<usize>,
        _worker: usize,
        _workers: usize,
    ) -> Result<Self, DataError> {
        unreachable!("the loader counts no workers")
    }

    pub(super) fn next(&self) -> Option<Result<Batch, DataError>> {
        match *self {}
    }
}
