//! What can be wrong with a recipe, told for people: a code, a place, what was expected, what was
//! found, and what to do about it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A text that places point into: the recipe file, or one `--set` argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What the text is called in messages: a path, or `--set`.
    pub name: String,
    /// The text.
    pub text: String,
}

impl Source {
    /// The line and column of byte `offset`, both counted from 1, columns in characters.
    pub fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &self.text[..end];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// A stretch of bytes in one of the sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The index of the source.
    pub source: usize,
    /// The bytes meant.
    pub range: Range<usize>,
}

impl Place {
    /// Bytes `range` of source number `source`.
    pub fn new(source: usize, range: Range<usize>) -> Self {
        Self { source, range }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The code, a row of [`crate::codes::CODES`].
    pub code: &'static str,
    /// One sentence saying what is wrong.
    pub message: String,
    /// Where, when it has a place in a source.
    pub place: Option<Place>,
    /// What would have been right.
    pub expected: Option<String>,
    /// What stands there instead.
    pub found: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    /// A problem with neither place nor advice yet.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), place: None, expected: None, found: None, help: None }
    }

    /// Sets the place.
    #[must_use]
    pub fn at(mut self, place: &Place) -> Self {
        self.place = Some(place.clone());
        self
    }

    /// Sets what was expected.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// Sets what was found.
    #[must_use]
    pub fn found(mut self, found: impl Into<String>) -> Self {
        self.found = Some(found.into());
        self
    }

    /// Sets the advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What is written under the underlined text.
    pub fn label(&self) -> String {
        match (&self.expected, &self.found) {
            (Some(expected), Some(found)) => format!("expected {expected}, found {found}"),
            (Some(expected), None) => format!("expected {expected}"),
            (None, Some(found)) => found.clone(),
            (None, None) => "here".into(),
        }
    }
}

/// Everything that is wrong, with the texts it is wrong in.
#[derive(Clone, Debug, Default)]
pub struct Report {
    sources: Arc<Vec<Source>>,
    problems: Vec<Problem>,
}

impl Report {
    /// A report on `sources`, empty so far.
    pub fn new(sources: Vec<Source>) -> Self {
        Self { sources: Arc::new(sources), problems: Vec::new() }
    }

    /// A report on sources that are in use elsewhere as well.
    pub(crate) fn shared(sources: Arc<Vec<Source>>) -> Self {
        Self { sources, problems: Vec::new() }
    }

    pub(crate) fn sources_shared(&self) -> Arc<Vec<Source>> {
        self.sources.clone()
    }

    /// A report of one problem without a place in any text.
    pub fn of(problem: Problem) -> Self {
        Self { sources: Arc::default(), problems: vec![problem] }
    }

    /// Adds a problem.
    pub fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The problems in the order of the text; those without a place come last.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The texts that places point into.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// True when nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Puts the problems in the order of the text and keeps the first of those at the same place:
    /// what follows from an error is not an error of its own.
    pub fn sort(&mut self) {
        let key = |problem: &Problem| match &problem.place {
            Some(place) => (place.source, place.range.start, place.range.end),
            None => (usize::MAX, 0, 0),
        };
        self.problems.sort_by_key(key);
        self.problems.dedup_by(|later, first| {
            later == first || (later.place.is_some() && later.place == first.place)
        });
    }

    /// The line and column of a problem, counted from 1.
    pub fn position(&self, problem: &Problem) -> Option<(&Source, usize, usize)> {
        let place = problem.place.as_ref()?;
        let source = self.sources.get(place.source)?;
        let (line, column) = source.line_and_column(place.range.start);
        Some((source, line, column))
    }
}

impl fmt::Display for Report {
    /// One line a problem, for logs; people get [`Report::render`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{} ", problem.code)?;
            if let Some((source, line, column)) = self.position(problem) {
                write!(f, "{}:{line}:{column}: ", source.name)?;
            }
            write!(f, "{}", problem.message)?;
            if problem.expected.is_some() || problem.found.is_some() {
                write!(f, " ({})", problem.label())?;
            }
            if let Some(help) = &problem.help {
                write!(f, "; help: {help}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Report {}
