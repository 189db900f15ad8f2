//! Ctrl-C and other requests to stop during training: the first saves, the second stops at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::failure::Failure;
use crate::terminal::complain;

/// The exit status of an interrupted program.
const INTERRUPTED: i32 = 130;

/// How a line is shown beside whatever moves on the terminal.
type Announce = Box<dyn Fn(&str) + Send>;

static ANNOUNCE: Mutex<Option<Announce>> = Mutex::new(None);

/// Lets `announce` show what is said about an interruption: a moving bar has to make way for it.
pub fn announce_with(announce: impl Fn(&str) + Send + 'static) {
    if let Ok(mut current) = ANNOUNCE.lock() {
        *current = Some(Box::new(announce));
    }
}

/// A flag that the first Ctrl-C, request to terminate (SIGTERM) or loss of the terminal (SIGHUP)
/// raises; the second ends the program. A signal that was ignored when the program started, as
/// SIGHUP under `nohup`, stays ignored.
pub fn on_ctrl_c() -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    let raised = flag.clone();
    watch(move || asked_to_stop(&raised))
        .map_err(|error| Failure::Failed(format!("Ctrl-C cannot be watched: {error}")))?;
    Ok(flag)
}

fn asked_to_stop(raised: &AtomicBool) {
    if raised.swap(true, Ordering::Relaxed) {
        std::process::exit(INTERRUPTED);
    }
    let text = "stopping after this step and saving; Ctrl-C again stops at once";
    match ANNOUNCE.lock().as_deref() {
        Ok(Some(announce)) => announce(text),
        _ => complain!("\n{text}"),
    }
}

#[cfg(unix)]
fn watch(handler: impl Fn() + Send + 'static) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let signals = [("INT", SIGINT), ("TERM", SIGTERM), ("HUP", SIGHUP)].into_iter();
    let wanted: Vec<i32> = signals
        .filter(|(name, number)| !is_ignored(name, *number))
        .map(|(_, number)| number)
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let mut signals = Signals::new(wanted)?;
    let watching = move || signals.forever().for_each(|_| handler());
    std::thread::Builder::new().name("signals".into()).spawn(watching).map(|_| ())
}

#[cfg(not(unix))]
fn watch(handler: impl Fn() + Send + 'static) -> Result<(), ctrlc::Error> {
    match ctrlc::set_handler(handler) {
        Err(ctrlc::Error::MultipleHandlers) => Ok(()),
        outcome => outcome,
    }
}

/// Whether the program was started with this signal ignored.
#[cfg(unix)]
fn is_ignored(name: &str, number: i32) -> bool {
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        return ignores(&status, number);
    }
    // Elsewhere a child tells, for it is started like this program: it outlives the signal, or not.
    let script = format!("kill -{name} $$");
    let child = std::process::Command::new("sh").args(["-c", &script]).status();
    child.is_ok_and(|status| status.success())
}

/// Whether the line `SigIgn:` of `/proc/self/status` has the bit of the signal.
#[cfg(unix)]
fn ignores(status: &str, number: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (number - 1) & 1 == 1)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_mask_counts_signals_from_one() {
        let status = "Name:\tglassbox\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
        assert!(ignores(status, 1) && ignores(status, 13));
        assert!(!ignores(status, 2) && !ignores(status, 15) && !ignores("", 1));
    }
}
