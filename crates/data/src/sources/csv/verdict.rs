//! From what a column's cells are to what the column is.

use std::path::Path;

use glassbox_train::data::error::{DataError, DataErrorCode, quote};

use super::date::DateFormat;
use super::facts::{COMPACT_DATES, Facts, Others, Sample};
use super::number::NumberFormat;
use super::{ColumnKind, DateUnit};

/// Pairs of words that say no and yes.
const WORDS: [[&str; 2]; 7] = [
    ["false", "true"],
    ["no", "yes"],
    ["f", "t"],
    ["n", "y"],
    ["off", "on"],
    ["disagree", "agree"],
    ["absent", "present"],
];

/// How a file writes what cannot be told from a column alone.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::sources) struct Customs {
    /// What stands before decimals, as the recipe says or as other columns show.
    pub(in crate::sources) decimal: Option<char>,
    /// Whether the recipe says so.
    pub(in crate::sources) declared: bool,
    /// Whether the day stands before the month.
    pub(in crate::sources) day_first: Option<bool>,
    /// What dates become.
    pub(in crate::sources) dates: DateUnit,
}

/// A column that is being judged.
pub(in crate::sources) struct Judged<'a> {
    pub(in crate::sources) name: &'a str,
    pub(in crate::sources) path: &'a Path,
    /// What may be said otherwise about a cell that does not fit: `set categorical = ["a"]`.
    pub(in crate::sources) otherwise: String,
}

/// What a column is, names aside.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sources) enum Verdict {
    /// Numbers, dates or booleans.
    Kind(ColumnKind),
    /// Texts.
    Texts,
}

impl Judged<'_> {
    fn error(&self, code: DataErrorCode, message: &str, sample: &Sample) -> DataError {
        DataError::new(code, message)
            .file(self.path)
            .line(sample.line)
            .column(self.name)
            .found(quote(&sample.cell))
    }

    /// What the column is. A column of numbers or dates in which some cells are neither is an
    /// error, never classes by accident.
    pub(in crate::sources) fn verdict(
        &self,
        facts: &Facts,
        customs: Customs,
    ) -> Result<Verdict, DataError> {
        let others = facts.others();
        let numbers = facts.plain + others.numbers;
        let known = numbers + others.dates;
        if let Some(text) = &others.first_text {
            if let Some(kind) = boolean(&others, known) {
                return Ok(Verdict::Kind(kind));
            }
            if facts.plain == 0 && known <= others.texts {
                return Ok(Verdict::Texts);
            }
            return Err(self.not_a_value(text, &others, numbers >= others.dates));
        }
        if numbers > 0
            && let Some(date) = &others.first_date
        {
            let number = facts.first_plain.as_ref().or(others.first_number.as_ref());
            return Err(match number {
                Some(number) if others.dates > numbers => self.not_a_value(number, &others, false),
                _ => self.not_a_value(date, &others, true),
            });
        }
        let kind = match others.dates {
            0 => self.number(facts, &others, customs)?,
            _ => self.date(&others, customs)?,
        };
        Ok(Verdict::Kind(kind))
    }

    fn not_a_value(&self, sample: &Sample, others: &Others, numbers: bool) -> DataError {
        let what = match (numbers, others.with_date) {
            (true, _) => "a number",
            (false, true) => "a date",
            (false, false) => "a time of day",
        };
        self.error(DataErrorCode::NotANumber, &format!("a value is not {what}"), sample)
            .expected(format!("{what}, as in other rows"))
            .help(format!("correct it, or {}", self.otherwise))
    }

    fn mixed(&self, sample: &Sample, message: &str, expected: &str) -> DataError {
        self.error(DataErrorCode::MixedColumn, message, sample)
            .expected(expected)
            .help(format!("write all cells alike, or {}", self.otherwise))
    }

    fn number(
        &self,
        facts: &Facts,
        others: &Others,
        customs: Customs,
    ) -> Result<ColumnKind, DataError> {
        if facts.is_plain() && facts.not_compact.is_none() && facts.cells >= COMPACT_DATES {
            return Ok(ColumnKind::Date(DateFormat {
                day_first: None,
                year_first: false,
                date: true,
                time: false,
                zone: false,
                unit: customs.dates,
            }));
        }
        let decimal = self.decimal(facts, others, customs)?;
        if others.percent > 0
            && let Some(other) = others.not_percent.as_ref().or(facts.first_plain.as_ref())
        {
            let message = "some numbers are percentages and others are not";
            return Err(self.mixed(other, message, "a percent sign, as in other rows"));
        }
        if let (Some(other), Some(currency)) = (&others.other_currency, &others.currency) {
            let message = "amounts are in different currencies";
            return Err(self.mixed(other, message, &format!("{currency}, as in other rows")));
        }
        let format = NumberFormat {
            decimal,
            percent: others.percent > 0,
            currency: others.currency.clone(),
        };
        Ok(match others.numbers == 0 && decimal == '.' {
            true => ColumnKind::Number,
            false => ColumnKind::Formatted(format),
        })
    }

    /// What stands before the decimals of the column.
    fn decimal(&self, facts: &Facts, others: &Others, customs: Customs) -> Result<char, DataError> {
        let point = facts.pointed.as_ref().or(others.point.as_ref());
        let comma = others.comma.as_ref();
        let wrong = match customs.decimal.filter(|_| customs.declared) {
            Some(',') => point,
            Some(_) => comma,
            None => None,
        };
        if let (Some(sample), Some(decimal)) = (wrong, customs.decimal) {
            let error = self.error(DataErrorCode::NotANumber, "a value is not a number", sample);
            return Err(error
                .expected(format!("a number with decimals after {decimal:?}"))
                .help("correct it, or take `decimal` out of the recipe"));
        }
        match (point, comma) {
            (Some(point), Some(comma)) => {
                let later = if point.line > comma.line { point } else { comma };
                let message = "some numbers have a decimal comma and others a decimal point";
                Err(self.mixed(later, message, "the same separator in all rows"))
            }
            (Some(_), None) => Ok('.'),
            (None, Some(_)) => Ok(','),
            (None, None) => match (customs.decimal, &others.either) {
                (Some(decimal), _) => Ok(decimal),
                // Points are decimal points where nothing speaks against it, as in programs.
                (None, None) => Ok('.'),
                (None, Some(either)) if !either.cell.contains(',') && others.currency.is_none() => {
                    Ok('.')
                }
                (None, Some(either)) => Err(self
                    .error(DataErrorCode::AmbiguousNumber, "a number can be read in two ways", either)
                    .expected("a cell that shows whether commas stand before decimals")
                    .help("set decimal = \",\" if they do, decimal = \".\" if they separate thousands")),
            },
        }
    }

    /// Whether years of two digits come first: 31-12-24 may be of 2024 and of 2031.
    fn year_first(&self, others: &Others, customs: Customs) -> Result<bool, DataError> {
        let Some(short) = &others.short else { return Ok(false) };
        match (&others.year_last, &others.year_first, customs.day_first) {
            (Some(last), Some(first), _) => {
                let later = if last.line > first.line { last } else { first };
                let message = "in some dates the year comes first and in others last";
                Err(self.mixed(later, message, "the same order in all rows"))
            }
            (None, Some(_), _) => Ok(true),
            (Some(_), None, _) | (None, None, Some(_)) => Ok(false),
            (None, None, None) => {
                let message = "a date can be read in two ways: its year may come first or last";
                Err(self
                    .error(DataErrorCode::AmbiguousDate, message, short)
                    .expected("a year of four digits, or a date that shows which number it is")
                    .help("set day_first = true or false if the year is last, or write it in full"))
            }
        }
    }

    fn date(&self, others: &Others, customs: Customs) -> Result<ColumnKind, DataError> {
        if let (Some(clock), true) = (&others.without_date, others.with_date) {
            let message = "some cells are dates and others times of day";
            return Err(self.mixed(clock, message, "a date, as in other rows"));
        }
        if let (Some(local), true) = (&others.without_zone, others.with_zone) {
            let message = "some times have a zone and others do not";
            return Err(self.mixed(local, message, "a zone, as in other rows"));
        }
        let year_first = self.year_first(others, customs)?;
        let day_first = match (&others.day_first, &others.month_first, customs.day_first) {
            _ if year_first => None,
            (Some(day), Some(month), _) => {
                let later = if day.line > month.line { day } else { month };
                let message = "in some dates the day comes first and in others the month";
                return Err(self.mixed(later, message, "the same order in all rows"));
            }
            (Some(day), None, Some(false)) => {
                let message = "day_first = false does not fit";
                return Err(self.mixed(day, message, "the month first"));
            }
            (None, Some(month), Some(true)) => {
                let message = "day_first = true does not fit";
                return Err(self.mixed(month, message, "the day first"));
            }
            (Some(_), None, _) => Some(true),
            (None, Some(_), _) => Some(false),
            (None, None, Some(declared)) => Some(declared),
            (None, None, None) => match &others.open {
                Some(open) => {
                    let message = "a date can be read in two ways";
                    return Err(self
                        .error(DataErrorCode::AmbiguousDate, message, open)
                        .expected("a date that shows whether the day or the month comes first")
                        .help("set day_first = true or day_first = false"));
                }
                None => None,
            },
        };
        Ok(ColumnKind::Date(DateFormat {
            day_first,
            year_first,
            date: others.with_date,
            time: others.with_time,
            zone: others.with_zone,
            unit: customs.dates,
        }))
    }
}

/// What a file's columns show about what is before decimals: nothing, or where they disagree.
pub(in crate::sources) fn shown_decimal<'a>(
    columns: impl Iterator<Item = &'a Facts>,
) -> Option<char> {
    let (mut point, mut comma) = (false, false);
    for facts in columns {
        let others = facts.others.as_deref();
        let column_comma = others.is_some_and(|others| others.comma.is_some());
        let column_point = facts.pointed.is_some() || others.is_some_and(|o| o.point.is_some());
        // A column that disagrees with itself is an error of its own.
        comma |= column_comma && !column_point;
        point |= column_point && !column_comma;
    }
    match (point, comma) {
        (true, false) => Some('.'),
        (false, true) => Some(','),
        _ => None,
    }
}

/// No and yes as the column writes them, where it has both and nothing else.
fn boolean(others: &Others, known: u64) -> Option<ColumnKind> {
    if known > 0 || !(2..=6).contains(&others.values.len()) {
        return None;
    }
    let lower: Vec<String> = others.values.iter().map(|value| value.to_lowercase()).collect();
    let [no, yes] = *WORDS.iter().find(|words| {
        lower.iter().all(|value| words.contains(&value.as_str()))
            && words.iter().all(|word| lower.iter().any(|value| value == word))
    })?;
    Some(ColumnKind::Boolean { no: no.into(), yes: yes.into() })
}
