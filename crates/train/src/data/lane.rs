//! Batches prepared on threads of their own, while training goes on.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::error::{DataError, DataErrorCode};
use super::loader::{Work, worker_failed};
use super::transform::Batch;

/// One worker thread, which prepares every n-th batch, and the queue it fills.
#[derive(Debug)]
pub(super) struct Lane {
    queue: Option<Receiver<Result<Batch, DataError>>>,
    thread: Option<JoinHandle<()>>,
}

/// Finished batches that wait in one worker's queue. With the one in the making it bounds memory.
const QUEUED: usize = 2;

impl Lane {
    pub(super) fn start(
        work: &Work,
        batches: Range<usize>,
        worker: usize,
        workers: usize,
    ) -> Result<Self, DataError> {
        let (sender, queue) = sync_channel(QUEUED);
        let work = work.clone();
        let run = move || run_worker(&work, batches.skip(worker).step_by(workers), &sender);
        let name = format!("glassbox-loader-{worker}");
        let thread = std::thread::Builder::new().name(name).spawn(run).map_err(|error| {
            DataError::new(DataErrorCode::Worker, "no thread could be started to prepare batches")
                .expected("a new thread")
                .found(error)
        })?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// The next batch it has prepared; none when its thread is gone.
    pub(super) fn next(&self) -> Option<Result<Batch, DataError>> {
        self.queue.as_ref()?.recv().ok()
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.queue = None; // makes the worker's next send fail, which ends it
        if let Some(thread) = self.thread.take() {
            // Its panics have already been sent as errors.
            let _ = thread.join();
        }
    }
}

fn run_worker(
    work: &Work,
    batches: impl Iterator<Item = usize>,
    sender: &SyncSender<Result<Batch, DataError>>,
) {
    for batch in batches {
        let outcome = catch_unwind(AssertUnwindSafe(|| work.prepare(batch)))
            .map_err(|panic| worker_failed(batch, &*panic));
        let failed = outcome.is_err();
        if sender.send(outcome).is_err() || failed {
            break;
        }
    }
}
