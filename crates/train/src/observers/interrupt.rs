//! Stopping on request, as on Ctrl-C: the state is saved, nothing is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::TrainError;
use crate::event::{Event, Flow, Observer, StopReason};

/// Stops training after the step during which its flag was raised.
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// An observer of `flag`, which any thread or a signal handler may raise.
    pub fn new(flag: Arc<AtomicBool>) -> Self {
        Self(flag)
    }
}

impl Observer for Interrupt {
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, TrainError> {
        let may_stop = matches!(event, Event::Step(_) | Event::Skipped { .. } | Event::EpochEnd(_));
        let asked = may_stop && self.0.load(Ordering::Relaxed);
        Ok(if asked { Flow::Stop(StopReason::Interrupted) } else { Flow::Continue })
    }
}
