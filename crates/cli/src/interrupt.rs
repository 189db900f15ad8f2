//! Ctrl-C during training: the first saves, the second stops at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;
use crate::terminal::complain;

/// The exit status of an interrupted program.
const INTERRUPTED: i32 = 130;

/// A flag that the first Ctrl-C (or request to terminate) raises; the second ends the program.
pub fn on_ctrl_c() -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    let raised = flag.clone();
    let handler = move || {
        if raised.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED);
        }
        complain!("\nstopping after this step and saving; Ctrl-C again stops at once");
    };
    match ctrlc::set_handler(handler) {
        Ok(()) | Err(ctrlc::Error::MultipleHandlers) => Ok(flag),
        Err(error) => Err(Failure::Failed(format!("Ctrl-C cannot be watched: {error}"))),
    }
}
