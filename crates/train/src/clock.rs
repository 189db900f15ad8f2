//! The clock of a training: it tells durations to observers, and decides nothing.

use std::time::Duration;

/// The time since a moment of its own.
pub(crate) type Clock = Box<dyn Fn() -> Duration>;

/// The system's clock.
#[cfg(feature = "system")]
pub(crate) fn default() -> Clock {
    let start = std::time::Instant::now();
    Box::new(move || start.elapsed())
}

/// No clock: nothing takes any time.
#[cfg(not(feature = "system"))]
pub(crate) fn default() -> Clock {
    Box::new(|| Duration::ZERO)
}
