//! What the terminal can show.

use std::env;
use std::io::{self, IsTerminal, Write as _, stderr, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

use console::Term;
use glassbox_recipe::Style;

use crate::arguments::Progress;
use crate::wrapping::{wrapped, wrapped_lines};

/// Whether a line of the standard output could not be written, though there is a reader.
static LOST: AtomicBool = AtomicBool::new(false);

/// Notes what became of a line.
pub(crate) fn written(outcome: io::Result<()>) {
    if outcome.is_err_and(|error| error.kind() != io::ErrorKind::BrokenPipe) {
        LOST.store(true, Ordering::Relaxed);
    }
}

/// Whether all lines so far are written.
pub fn all_written() -> bool {
    !LOST.load(Ordering::Relaxed)
}

/// Prints a line. A reader that has gone away (`glassbox train | head`) does not end training.
macro_rules! say {
    ($($argument:tt)*) => {{
        use std::io::Write as _;
        $crate::terminal::written(writeln!(std::io::stdout(), $($argument)*));
    }};
}
pub(crate) use say;

/// Prints on the standard error stream, in lines that the terminal has room for. A reader that has
/// gone away does not end anything.
macro_rules! complain {
    ($($argument:tt)*) => { $crate::terminal::complain_wrapped(&format!($($argument)*)) };
}
pub(crate) use complain;

/// Prints lines on the standard error stream; those that are long become several.
pub fn complain_wrapped(text: &str) {
    let _ = writeln!(stderr(), "{}", wrapped_lines(text, width_of(&Term::stderr())));
}

/// Prints what is drawn of a recipe, as it is but for the help below it.
pub fn complain_drawn(text: &str) {
    let room = width_of(&Term::stderr());
    for line in text.lines() {
        let room = room.filter(|_| line.trim_start().starts_with("help: "));
        let _ = writeln!(stderr(), "{}", wrapped(line, room));
    }
}

/// How errors are drawn on the standard error stream.
pub fn error_style() -> Style {
    Style { color: stderr().is_terminal() && colors_wanted(), unicode: !is_dumb() }
}

/// How progress is shown when the user has not said how.
pub fn default_progress() -> Progress {
    let moving = stdout().is_terminal() && stderr().is_terminal() && !is_dumb();
    if moving && env::var_os("CI").is_none() { Progress::Bar } else { Progress::Plain }
}

/// The cells of a line of the standard output: the terminal's, or what `COLUMNS` says where it does
/// not tell. A file or a pipe has lines of any length, whatever the terminal beside it has, unless
/// `GLASSBOX_COLUMNS` says otherwise: so tests see what narrow terminals show.
pub fn width() -> Option<usize> {
    width_of(&Term::stdout())
}

/// As [`width`], of one stream.
fn width_of(stream: &Term) -> Option<usize> {
    let (own, variable) = match stream.is_term() {
        true => (stream.size_checked().map(|(_, columns)| columns.into()), "COLUMNS"),
        false => (None, "GLASSBOX_COLUMNS"),
    };
    let said = || env::var(variable).ok()?.parse().ok().filter(|columns| *columns > 0);
    own.filter(|columns| *columns > 0).or_else(said)
}

/// Prints a text, in several lines where one is not long enough.
pub fn say_wrapped(text: &str) {
    say!("{}", wrapped(text, width()));
}

/// Whether the user wants colors on the standard output.
pub fn output_colors() -> bool {
    stdout().is_terminal() && colors_wanted()
}

/// See <https://no-color.org>: the variable counts when it is not empty.
fn colors_wanted() -> bool {
    env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && !is_dumb()
}

fn is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|term| term == "dumb")
}
