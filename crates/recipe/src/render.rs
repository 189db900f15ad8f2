//! A report drawn for the terminal: the line of the recipe with what is wrong underlined.

use std::fmt::Write as _;
use std::ops::Range;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents,
};

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
    let mut theme = match (style.unicode, style.color) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, _) => GraphicalTheme::none(),
    };
    let mark = if style.unicode { "×" } else { "x" };
    theme.characters.error = format!("{} {mark}", problem.code);
    let drawing = Drawing::new(problem, report);
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(theme)
        // Wrapped lines would cut paths, which people copy.
        .with_wrap_lines(false)
        // `OneLine` answers any context with the line itself.
        .with_context_lines(1)
        .with_links(false);
    if handler.render_report(&mut text, &drawing).is_err() {
        let _ = write!(text, "{} {mark} {}", problem.code, problem.message);
    }
    text
}

/// A problem as miette wants it.
#[derive(Debug)]
struct Drawing<'a> {
    problem: &'a Problem,
    message: String,
    source: Option<OneLine<'a>>,
    label: Option<LabeledSpan>,
}

impl<'a> Drawing<'a> {
    fn new(problem: &'a Problem, report: &'a Report) -> Self {
        let mut drawing =
            Self { problem, message: problem.message.clone(), source: None, label: None };
        match report.position(problem) {
            Some((source, line, column)) if !drawable(source, problem) => {
                let _ = write!(drawing.message, " ({}:{line}:{column})", source.name);
                drawing.append_label();
            }
            Some((source, line, column)) => {
                let range = first_line(source, problem);
                drawing.label =
                    Some(LabeledSpan::new(Some(problem.label()), range.start, range.len()));
                let whole = whole_line(&source.text, range.start);
                drawing.source = Some(OneLine { source, whole, line, column });
            }
            None => drawing.append_label(),
        }
        drawing
    }

    fn append_label(&mut self) {
        if self.problem.expected.is_some() || self.problem.found.is_some() {
            let _ = write!(self.message, "; {}", self.problem.label());
        }
    }
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

/// The line of a recipe in which a problem stands.
#[derive(Debug)]
struct OneLine<'a> {
    source: &'a Source,
    /// The line's bytes.
    whole: Range<usize>,
    /// Where the problem stands, from 1.
    line: usize,
    column: usize,
}

impl SourceCode for OneLine<'_> {
    /// The whole line where surroundings are asked for, otherwise the place of the problem.
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let (range, column) = if before == 0 {
            (span.offset()..span.offset() + span.len(), self.column - 1)
        } else {
            (self.whole.clone(), 0)
        };
        let data = self.source.text.as_bytes().get(range.clone());
        Ok(Box::new(MietteSpanContents::new_named(
            self.source.name.clone(),
            data.ok_or(MietteError::OutOfBounds)?,
            range.into(),
            self.line - 1,
            column,
            1,
        )))
    }
}

impl std::fmt::Display for Drawing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Drawing<'_> {}

impl Diagnostic for Drawing<'_> {
    fn help<'b>(&'b self) -> Option<Box<dyn std::fmt::Display + 'b>> {
        match &self.problem.help {
            Some(help) => Some(Box::new(help)),
            None => Some(Box::new(format!("`glassbox explain {}` says more", self.problem.code))),
        }
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = self.label.clone()?;
        Some(Box::new(std::iter::once(label)))
    }
}
