//! `GLASSBOX_TRACE=ways` in the environment prints to standard error how each distinct product and
//! convolution is made, once.

use std::collections::HashSet;
use std::fmt::Display;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Prints `what → how`, the first time that there is such a pair, if the environment asks for it.
#[inline]
pub(crate) fn way<W: Display, H: Display>(what: impl FnOnce() -> W, how: impl FnOnce() -> H) {
    static IS_ON: OnceLock<bool> = OnceLock::new();
    let asks = || std::env::var("GLASSBOX_TRACE").is_ok_and(|what| what == "ways");
    if *IS_ON.get_or_init(asks) {
        print_once(format!("{} → {}", what(), how()));
    }
}

#[cold]
fn print_once(line: String) {
    static PRINTED: Mutex<Option<HashSet<String>>> = Mutex::new(None);
    let mut printed = PRINTED.lock().unwrap_or_else(PoisonError::into_inner);
    if !printed.get_or_insert_default().contains(&line) {
        eprintln!("{line}");
        printed.get_or_insert_default().insert(line);
    }
}
