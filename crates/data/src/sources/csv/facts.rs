//! What a first pass over a column finds out: in how many ways its cells can be read.

use std::collections::BTreeSet;

use super::date::{self, WrittenDate};
use super::identifiers::Whole;
use super::number::{self, Separators};

/// A cell that shows something, and its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sources) struct Sample {
    pub(in crate::sources) line: u64,
    pub(in crate::sources) cell: String,
}

/// From so many cells on, numbers of eight digits that are all dates are dates.
pub(super) const COMPACT_DATES: u64 = 3;

/// What the cells of a column are.
#[derive(Clone, Debug, Default)]
pub(in crate::sources) struct Facts {
    /// Cells with a value, and without.
    pub(in crate::sources) cells: u64,
    pub(in crate::sources) missing: u64,
    /// The first cell, and whether any other differs.
    pub(super) first: String,
    pub(super) varies: bool,
    /// Numbers as programs write them.
    pub(super) plain: u64,
    /// Those of them that have a point which cannot separate thousands: 12.8, not 1.234.
    pub(super) pointed: Option<Sample>,
    /// One of them whose point may separate thousands.
    pub(super) either_point: Option<Sample>,
    /// The first of them that is not a date of eight digits, and how many dates come before it.
    pub(super) not_compact: Option<Sample>,
    pub(super) compact: u64,
    /// Digits that begin with 0, as postal codes do, and digits that double precision rounds.
    pub(super) padded: Option<Sample>,
    pub(super) rounded: Option<Sample>,
    pub(super) first_plain: Option<Sample>,
    /// Whether they are whole numbers that grow from row to row.
    growing: Growing,
    /// Whether they are whole numbers that name the rows.
    pub(super) whole: Whole,
    /// Numbers written otherwise, dates and texts.
    pub(super) others: Option<Box<Others>>,
    /// Every different cell, for columns whose values are names however they look.
    pub(super) names: Option<BTreeSet<String>>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Growing {
    #[default]
    Unknown,
    From {
        first: u64,
        last: u64,
        by_one: bool,
    },
    No,
}

/// Cells that are not written as programs write numbers.
#[derive(Clone, Debug, Default)]
pub(in crate::sources) struct Others {
    /// Numbers with separators, signs or units.
    pub(super) numbers: u64,
    pub(super) first_number: Option<Sample>,
    /// Only with a decimal point, only with a decimal comma, another number with either.
    pub(super) point: Option<Sample>,
    pub(super) comma: Option<Sample>,
    pub(super) either: Option<Sample>,
    pub(super) percent: u64,
    pub(super) not_percent: Option<Sample>,
    pub(super) currency: Option<String>,
    pub(super) other_currency: Option<Sample>,
    /// Dates and times.
    pub(super) dates: u64,
    pub(super) first_date: Option<Sample>,
    pub(super) day_first: Option<Sample>,
    pub(super) month_first: Option<Sample>,
    pub(super) open: Option<Sample>,
    /// Years of two digits: the first date, the first whose year cannot be first, and the first
    /// whose year cannot be last.
    pub(super) short: Option<Sample>,
    pub(super) year_last: Option<Sample>,
    pub(super) year_first: Option<Sample>,
    pub(super) without_date: Option<Sample>,
    pub(super) with_date: bool,
    pub(super) with_time: bool,
    pub(super) with_zone: bool,
    pub(super) without_zone: Option<Sample>,
    /// Anything else.
    pub(super) texts: u64,
    pub(super) first_text: Option<Sample>,
    /// Texts that begin as numbers do: 12 kg.
    pub(super) digit_texts: u64,
    pub(super) values: BTreeSet<String>,
}

impl Facts {
    /// `named`: the cells are names however they look.
    pub(in crate::sources) fn new(named: bool) -> Self {
        Self { names: named.then(BTreeSet::new), ..Self::default() }
    }

    /// A cell that is not missing: `false`, and nothing noted, unless it is a number as programs
    /// write them.
    pub(in crate::sources) fn note_plain(&mut self, cell: &[u8], line: u64) -> bool {
        let Some(plain) = number::plain(cell).filter(|_| self.names.is_none()) else {
            return false;
        };
        self.count(cell);
        self.plain += 1;
        if self.first_plain.is_none() {
            self.first_plain = Some(sample(cell, line));
        }
        if plain.point && !plain.thousands && self.pointed.is_none() {
            self.pointed = Some(sample(cell, line));
        }
        if plain.thousands && self.either_point.is_none() {
            self.either_point = Some(sample(cell, line));
        }
        if self.not_compact.is_none() {
            match date::compact(cell) {
                Some(_) => self.compact += 1,
                None => self.not_compact = Some(sample(cell, line)),
            }
        }
        if plain.digits && cell.len() > 2 {
            self.note_digits(cell, line);
        }
        if !matches!(self.growing, Growing::No) {
            self.growing = self.growing.next(if plain.digits { cell } else { b"" });
        }
        if self.whole.is_open() {
            self.whole.note(number::plain_value(cell).unwrap_or(f64::NAN));
        }
        true
    }

    fn note_digits(&mut self, cell: &[u8], line: u64) {
        /// So many digits are exact in double precision.
        const EXACT: usize = 15;
        if cell[0] == b'0' && self.padded.is_none() {
            self.padded = Some(sample(cell, line));
        }
        if cell.len() > EXACT && self.rounded.is_none() {
            let exact = std::str::from_utf8(cell).ok().and_then(|cell| cell.parse::<u128>().ok());
            let double = number::plain_value(cell).map(|value| value as u128);
            if exact.is_none() || exact != double {
                self.rounded = Some(sample(cell, line));
            }
        }
    }

    /// Any other cell that is not missing. At most `limit` different texts are kept.
    pub(in crate::sources) fn note(&mut self, cell: &str, line: u64, limit: usize) {
        self.count(cell.as_bytes());
        self.growing = Growing::No;
        self.whole.end();
        if self.not_compact.is_none() {
            self.not_compact = Some(sample(cell.as_bytes(), line));
        }
        if self.names.is_none() && is_infinite(cell) {
            // An error of the second pass, which names it in its own words.
            self.plain += 1;
            return;
        }
        match &mut self.names {
            Some(names) if names.len() < limit && !names.contains(cell) => {
                names.insert(cell.to_owned());
            }
            Some(_) => {}
            None => self.others.get_or_insert_default().note(cell, line, limit),
        }
    }

    fn count(&mut self, cell: &[u8]) {
        self.cells += 1;
        if self.cells == 1 {
            self.first = String::from_utf8_lossy(cell).into_owned();
        } else if !self.varies && self.first.as_bytes() != cell {
            self.varies = true;
        }
    }

    /// A number that is another with a decimal point than with a decimal comma, where no cell of
    /// the column shows which it has.
    pub(super) fn ambiguous(&self) -> Option<&Sample> {
        let others = self.others.as_deref();
        let shown = self.pointed.is_some()
            || others.is_some_and(|others| others.point.is_some() || others.comma.is_some());
        let either = others.and_then(|others| others.either.as_ref());
        either.or(self.either_point.as_ref()).filter(|_| !shown)
    }

    /// Whether every cell is a whole number above the one before: 0, 1, 2, … with `by_one`.
    pub(in crate::sources) fn grows(&self, only_by_one: bool) -> bool {
        match self.growing {
            Growing::From { first, by_one, .. } => {
                by_one && first <= 1 || !only_by_one && self.cells > 1
            }
            _ => false,
        }
    }

    /// Whether most texts begin as numbers do.
    pub(super) fn looks_numeric(&self) -> bool {
        self.others.as_deref().is_some_and(Others::looks_numeric)
    }

    /// Whether some cells are numbers.
    pub(in crate::sources) fn has_numbers(&self) -> bool {
        self.plain > 0 || self.others.as_deref().is_some_and(|others| others.numbers > 0)
    }

    /// Whether more cells are dates than are not.
    pub(in crate::sources) fn has_dates(&self) -> bool {
        self.others.as_deref().is_some_and(|others| 2 * others.dates > self.cells)
    }

    /// The first cell that is neither a number nor a date.
    pub(in crate::sources) fn first_text(&self) -> Option<&Sample> {
        self.others.as_deref()?.first_text.as_ref()
    }

    /// What a column of numbers loses, if it may be one of names or dates.
    pub(super) fn digits_lost(&self) -> Option<String> {
        let dates = self.not_compact.as_ref().filter(|_| self.compact >= COMPACT_DATES);
        if let Some(Sample { line, cell }) = &self.rounded {
            return Some(format!(
                "has whole numbers that double precision rounds ({cell:?} in line {line})"
            ));
        }
        if let Some(Sample { line, cell }) = &self.padded {
            return Some(format!(
                "is read as numbers without the zeros they begin with ({cell:?} in line {line})"
            ));
        }
        let Sample { line, cell } = dates?;
        let first = &self.first;
        Some(format!(
            "begins with dates ({first:?}) and is read as numbers, since {cell:?} in line {line} \
             is no date"
        ))
    }

    /// Whether nothing but numbers as programs write them was found.
    pub(super) fn is_plain(&self) -> bool {
        self.others.is_none()
    }

    pub(super) fn others(&self) -> Others {
        self.others.as_deref().cloned().unwrap_or_default()
    }
}

impl Growing {
    fn next(self, digits: &[u8]) -> Self {
        let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        match (self, number) {
            (Self::Unknown, Some(first)) => Self::From { first, last: first, by_one: true },
            (Self::From { first, last, by_one }, Some(number)) if number > last => {
                Self::From { first, last: number, by_one: by_one && number == last + 1 }
            }
            _ => Self::No,
        }
    }
}

impl Others {
    /// Whether most texts begin as numbers do.
    pub(super) fn looks_numeric(&self) -> bool {
        2 * self.digit_texts > self.texts
    }

    fn note(&mut self, cell: &str, line: u64, limit: usize) {
        if let Some(number) = number::written(cell) {
            self.note_number(&number, cell, line);
        } else if let Some(date) = date::written(cell) {
            self.note_date(&date, cell, line);
        } else {
            self.texts += 1;
            set(&mut self.first_text, cell, line);
            let inner = cell.trim_start_matches(['+', '-', '$', '€', '£', '<', '>', '~', '=', ' ']);
            self.digit_texts += u64::from(inner.starts_with(|c: char| c.is_ascii_digit()));
            if self.values.len() < limit && !self.values.contains(cell) {
                self.values.insert(cell.to_owned());
            }
        }
    }

    fn note_number(&mut self, number: &number::Written<'_>, cell: &str, line: u64) {
        self.numbers += 1;
        set(&mut self.first_number, cell, line);
        match number::separators(number.digits) {
            Some(Separators::Point) => set(&mut self.point, cell, line),
            Some(Separators::Comma) => set(&mut self.comma, cell, line),
            Some(Separators::Either) => set(&mut self.either, cell, line),
            Some(Separators::Neither) | None => {}
        }
        match number.percent {
            true => self.percent += 1,
            false => set(&mut self.not_percent, cell, line),
        }
        match (&self.currency, number.currency) {
            (None, Some(found)) => self.currency = Some(found.to_owned()),
            (Some(known), Some(found)) if known != found => {
                set(&mut self.other_currency, cell, line);
            }
            _ => {}
        }
    }

    fn note_date(&mut self, date: &date::Written, cell: &str, line: u64) {
        self.dates += 1;
        set(&mut self.first_date, cell, line);
        self.with_time |= date.time.is_some();
        match (date.time, date.zone) {
            (Some(_), Some(_)) => self.with_zone = true,
            (Some(_), None) => set(&mut self.without_zone, cell, line),
            _ => {}
        }
        match date.date {
            None => set(&mut self.without_date, cell, line),
            Some(open @ WrittenDate::Open { first, second, points: false, short, .. }) => {
                self.with_date = true;
                if short.is_some() {
                    set(&mut self.short, cell, line);
                }
                if open.year_first().is_none() {
                    set(&mut self.year_last, cell, line);
                } else if !open.can_end_with_year() {
                    set(&mut self.year_first, cell, line);
                }
                let place = match (first > 12, second > 12) {
                    (true, _) => &mut self.day_first,
                    (_, true) => &mut self.month_first,
                    _ => &mut self.open,
                };
                set(place, cell, line);
            }
            Some(_) => self.with_date = true,
        }
    }
}

fn is_infinite(cell: &str) -> bool {
    let rest = cell.trim_start_matches(['+', '-']);
    ["inf", "infinity"].iter().any(|name| rest.eq_ignore_ascii_case(name))
}

fn sample(cell: &[u8], line: u64) -> Sample {
    Sample { line, cell: String::from_utf8_lossy(cell).trim().to_owned() }
}

/// Keeps the first sample.
fn set(place: &mut Option<Sample>, cell: &str, line: u64) {
    if place.is_none() {
        *place = Some(Sample { line, cell: cell.to_owned() });
    }
}
