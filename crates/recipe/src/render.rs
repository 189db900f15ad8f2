//! A report drawn for the terminal: the line of the recipe with what is wrong underlined.

use std::fmt::Write as _;
use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

use crate::diagnostic::{Problem, Report, Source};

/// How a report is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Use colours.
    pub color: bool,
    /// Use line-drawing characters, otherwise ASCII only.
    pub unicode: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, unicode: true }
    }
}

/// How many problems are drawn; the rest is counted.
const MOST_DRAWN: usize = 40;

/// Lines of the recipe longer than this are not drawn, in bytes.
const LONGEST_LINE: usize = 300;

impl Report {
    /// The whole report, one drawing a problem.
    pub fn render(&self, style: Style) -> String {
        let mut text = String::new();
        for problem in self.problems().iter().take(MOST_DRAWN) {
            text.push_str(&render(problem, self, style));
            text.push('\n');
        }
        let count = self.problems().len();
        if count > MOST_DRAWN {
            let _ = writeln!(text, "… and {} more", count - MOST_DRAWN);
        }
        if count > 1 {
            let _ = writeln!(text, "{count} errors");
        }
        text
    }
}

fn render(problem: &Problem, report: &Report, style: Style) -> String {
    let mark = if style.unicode { "×" } else { "x" };
    let code = style.paint(RED, &format!("{} {mark}", problem.code));
    let says_more = || format!("`glassbox explain {}` says more", problem.code);
    let help = problem.help.clone().unwrap_or_else(says_more);
    let help = format!("  {} {}\n", style.paint(CYAN, "help:"), indented(&help, 8));
    let (place, drawing) = match report.position(problem) {
        Some((source, line, column)) if drawable(source, problem) => {
            (String::new(), drawing(problem, source, (line, column), style))
        }
        Some((source, line, column)) => {
            let place = format!(" ({}:{line}:{column}){}", source.name, appended(problem));
            (place, String::new())
        }
        None => (appended(problem), String::new()),
    };
    format!("  {code} {}\n{drawing}{help}", indented(&format!("{}{place}", problem.message), 4))
}

const RED: u8 = 31;
const MAGENTA: u8 = 35;
const CYAN: u8 = 36;

impl Style {
    /// In a color, where there are colors.
    fn paint(self, color: u8, text: &str) -> String {
        if self.color { format!("\u{1b}[{color}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// The corner above a line, the bar before it and before what is below it, the line under its
    /// part and its middle, and the corners under both.
    fn characters(self) -> [&'static str; 7] {
        match self.unicode {
            true => ["╭─", "│", "·", "─", "┬", "╰──", "╰────"],
            false => [",-", "|", ":", "^", "|", "`--", "`----"],
        }
    }
}

/// What was expected and found, where there is no place to write it at.
fn appended(problem: &Problem) -> String {
    match problem.expected.is_some() || problem.found.is_some() {
        true => format!("; {}", problem.label()),
        false => String::new(),
    }
}

/// Further lines are indented, too.
fn indented(text: &str, by: usize) -> String {
    text.replace('\n', &format!("\n{}", " ".repeat(by)))
}

/// The line of the recipe, with the problem's part of it underlined.
fn drawing(
    problem: &Problem,
    source: &Source,
    (line, column): (usize, usize),
    style: Style,
) -> String {
    let range = first_line(source, problem);
    let whole = whole_line(&source.text, range.start);
    let [top, bar, gap, under, middle, corner, bottom] = style.characters();
    let shown = |range: Range<usize>| as_shown(&source.text[range]);
    let before = " ".repeat(shown(whole.start..range.start).width());
    let length = shown(range.start..range.end.min(whole.end.max(range.start))).width().max(1);
    let (left, right) = (length / 2, length - length / 2 - 1);
    let line_under = format!("{}{middle}{}", under.repeat(left), under.repeat(right));
    let pad = " ".repeat(line.to_string().len() + 2);
    let name = style.paint(CYAN, &format!("{}:{line}:{column}", source.name));
    let line_under = style.paint(MAGENTA, &line_under);
    let label = style.paint(MAGENTA, &format!("{corner} {}", problem.label()));
    let to_middle = " ".repeat(left);
    format!(
        "{pad}{top}[{name}]\n {line} {bar} {}\n{pad}{gap} {before}{line_under}\n{pad}{gap} \
         {before}{to_middle}{label}\n{pad}{bottom}\n",
        shown(whole)
    )
}

/// A part of a line as terminals show it: tabs as spaces, and no character that moves the cursor.
fn as_shown(text: &str) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.replace('\t', "    ").chars().map(shown).collect()
}

/// The part of the problem's place that lies in its first line: a table's place may span the file.
fn first_line(source: &Source, problem: &Problem) -> Range<usize> {
    let text = &source.text;
    let range = problem.place.as_ref().map_or(0..0, |place| place.range.clone());
    let mut start = range.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
    let mut end = range.end.clamp(start, line_end);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // What is missing at the end of a line is shown at the last character.
    if start == line_end {
        let line = &text[whole_line(text, start)];
        start -= line.chars().next_back().map_or(0, char::len_utf8);
    }
    start..end
}

/// The line of `text` around byte `at`, without its end.
fn whole_line(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    start..start + text[start..end].trim_end_matches('\r').len()
}

fn drawable(source: &Source, problem: &Problem) -> bool {
    let whole = whole_line(&source.text, first_line(source, problem).start);
    whole.len() <= LONGEST_LINE && !source.text.is_empty()
}
