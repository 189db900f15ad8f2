//! Dates and times as people and programs write them, as numbers.
//!
//! Read are ISO 8601 (`2024-12-31`, `2024-12-31T23:59:00.5+01:00`, `20241231T2359Z`, `2024-12`,
//! `2024-W53`), `31.12.2024`, `12/31/2024`, `31 Dec 2024`, `December 31, 2024`, `2024-Q4` and times
//! of day, with the names of months in English. A time without a zone counts as UTC.

use serde::{Deserialize, Serialize};

use super::calendar_names::{MONTHS, WEEKDAYS, is_name_of};
use super::clock::time_of_day;
use crate::civil::Civil;

/// What dates become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateUnit {
    /// Days since the beginning of 1970, a time of day being a fraction.
    #[default]
    Days,
    /// Seconds since the beginning of 1970.
    Seconds,
    /// Several features: year, month, day, weekday (1 for Monday) and hour, a fraction included.
    Parts,
}

/// How the dates of a column are written and what they become.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateFormat {
    /// Whether the day stands before the month, as in 31/12/2024. `None` where neither the training
    /// data nor the recipe shows it: a date such as 1/2/2024 in another file is an error.
    pub day_first: Option<bool>,
    /// Whether years of two digits come first, as in 99-12-31.
    #[serde(default)]
    pub year_first: bool,
    /// Whether there are dates, not only times of day.
    pub date: bool,
    /// Whether there are times of day.
    pub time: bool,
    /// Whether times have a zone.
    pub zone: bool,
    /// What they become.
    pub unit: DateUnit,
}

/// A cell that is a date, a time of day, or both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Written {
    pub(super) date: Option<WrittenDate>,
    /// Seconds of the day.
    pub(super) time: Option<f64>,
    /// Seconds that the zone is ahead of UTC.
    pub(super) zone: Option<f64>,
}

/// A date as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WrittenDate {
    /// Day and month are told apart by how they are written.
    Known(Civil),
    /// Which is the day and which the month has to be known: 1/2/2024.
    Open {
        first: u32,
        second: u32,
        year: i64,
        /// Points are between: the day comes first wherever dates are written so.
        points: bool,
        /// The last number, where it has two digits and there are no points: the year may as well be
        /// the first number, and this the day.
        short: Option<u32>,
    },
}

pub(super) const DAY: f64 = 86_400.0;

impl WrittenDate {
    /// The day, where `format` says how open dates are written.
    pub(super) fn civil(self, format: &DateFormat) -> Option<Civil> {
        match self {
            Self::Known(civil) => Some(civil),
            Self::Open { .. } if format.year_first => self.year_first(),
            Self::Open { first, second, year, points, .. } => match points || format.day_first? {
                true => Civil::new(year, second, first),
                false => Civil::new(year, first, second),
            },
        }
    }

    /// The day, if the first number is the year.
    pub(super) fn year_first(self) -> Option<Civil> {
        let Self::Open { first, second, short, .. } = self else { return None };
        Civil::new(century(first.into()), second, short?)
    }

    /// Whether it can be a date whose year is the last number.
    pub(super) fn can_end_with_year(self) -> bool {
        let Self::Open { first, second, year, points, .. } = self else { return false };
        let month_first = Civil::new(year, first, second).filter(|_| !points);
        Civil::new(year, second, first).or(month_first).is_some()
    }
}

/// Reads a cell; nothing when it is neither a date nor a time.
pub(super) fn written(cell: &str) -> Option<Written> {
    let cell = without_weekday(cell.trim());
    if let Some(written) = basic(cell) {
        return Some(written);
    }
    if !cell.as_bytes().iter().any(u8::is_ascii_digit) || cell.len() > 64 {
        return None;
    }
    let (date, time) = match cell.find(':') {
        None => (cell, None),
        Some(colon) => {
            let digits = cell[..colon].bytes().rev().take_while(u8::is_ascii_digit).count();
            let start = colon - digits;
            (&cell[..start], Some(&cell[start..]))
        }
    };
    let (time, zone) = match time {
        None => (None, None),
        Some(time) => time_of_day(time).map(|(time, zone)| (Some(time), zone))?,
    };
    let date = match time {
        None => date,
        Some(_) => date.trim_end().trim_end_matches(['T', 't', ',']).trim_end(),
    };
    match date {
        "" => time.map(|_| Written { date: None, time, zone }),
        date => Some(Written { date: Some(date_of(date)?), time, zone }),
    }
}

/// The basic format of ISO 8601: 20241231T235900Z.
fn basic(cell: &str) -> Option<Written> {
    let (day, clock) = cell.split_once('T')?;
    let date = Some(WrittenDate::Known(compact(day.as_bytes())?));
    let digits = clock.bytes().take_while(u8::is_ascii_digit).count();
    let (h, rest) = clock.split_at_checked(2)?;
    let (m, rest) = rest.split_at_checked(2).filter(|_| matches!(digits, 4 | 6))?;
    let second = if digits == 6 { ":" } else { "" };
    let (time, zone) = time_of_day(&format!("{h}:{m}{second}{rest}"))?;
    Some(Written { date, time: Some(time), zone })
}

/// A date of eight digits, such as 20241231, in the 20th or 21st century.
pub(super) fn compact(cell: &[u8]) -> Option<Civil> {
    if cell.len() != 8 || !cell.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |digits: &[u8]| digits.iter().fold(0, |sum, d| 10 * sum + u32::from(d - b'0'));
    let year = i64::from(number(&cell[..4]));
    if !(1900..2100).contains(&year) {
        return None;
    }
    Civil::new(year, number(&cell[4..6]), number(&cell[6..]))
}

fn without_weekday(cell: &str) -> &str {
    let end = cell.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(cell.len());
    match is_name_of(&cell[..end], &WEEKDAYS) {
        Some(_) => cell[end..].trim_start_matches(['.', ',', ' ']),
        None => cell,
    }
}

fn date_of(text: &str) -> Option<WrittenDate> {
    let separators = ['-', '/', '.', ' ', ',', '_'];
    if text.contains(|c: char| c.is_ascii_alphabetic()) {
        let parts: Vec<&str> = text.split(separators).filter(|part| !part.is_empty()).collect();
        return named(&parts).map(WrittenDate::Known);
    }
    let separator = text.chars().find(|c| ['-', '/', '.'].contains(c))?;
    let parts: Vec<&str> = text.split(separator).map(str::trim).collect();
    let number = |part: &str, most: usize| {
        let fits = (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| part.parse::<u32>().ok()).flatten()
    };
    let year = |part: &str| number(part, 4).filter(|_| part.len() == 4).map(i64::from);
    let known = |y, m, d| Civil::new(y, m, d).map(WrittenDate::Known);
    match parts[..] {
        [y, m] if separator != '.' && y.len() == 4 => known(year(y)?, number(m, 2)?, 1),
        [m, y] if separator != '.' => known(year(y)?, number(m, 2)?, 1),
        [y, m, d] if y.len() == 4 => known(year(y)?, number(m, 2)?, number(d, 2)?),
        [first, second, y] => {
            let (first, second) = (number(first, 2)?, number(second, 2)?);
            let year = year_of(y)?;
            let points = separator == '.';
            let short = number(y, 2).filter(|_| !points);
            let open = WrittenDate::Open { first, second, year, points, short };
            (open.can_end_with_year() || open.year_first().is_some()).then_some(open)
        }
        _ => None,
    }
}

/// A year of four digits, or of two.
fn year_of(text: &str) -> Option<i64> {
    let year: i64 = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())??;
    match text.len() {
        4 => Some(year),
        2 => Some(century(year)),
        _ => None,
    }
}

/// A year of two digits: 69 to 99 are of the 20th century, as POSIX has it.
fn century(year: i64) -> i64 {
    if year >= 69 { 1900 + year } else { 2000 + year }
}

/// A date with a month's name, or a quarter.
fn named(parts: &[&str]) -> Option<Civil> {
    let quarter = |text: &str| {
        let digits = text.strip_prefix(['Q', 'q'])?;
        digits.parse::<u32>().ok().filter(|quarter| (1..=4).contains(quarter) && digits.len() == 1)
    };
    let quarters = |year: &str, q: &str| {
        let year = year_of(year).filter(|_| year.len() == 4)?;
        Civil::new(year, 3 * quarter(q)? - 2, 1)
    };
    let month = |text: &str| is_name_of(text, &MONTHS).map(|index| index as u32 + 1);
    let day = |text: &str| {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let suffix = &text[digits.len()..];
        let ordinal = ["", "st", "nd", "rd", "th"].contains(&suffix);
        digits.parse::<u32>().ok().filter(|_| ordinal && digits.len() <= 2)
    };
    let week = |year: &str, week: &str, day: &str| {
        let year = year_of(year).filter(|_| year.len() == 4)?;
        let (week, day) = (week.strip_prefix('W')?, day.parse::<i64>().ok()?);
        let number = week.parse::<i64>().ok().filter(|_| week.len() == 2)?;
        (1..=7).contains(&day).then(|| Civil::of_week(year, number, day))?
    };
    match parts {
        [y, w] if w.starts_with('W') => week(y, w, "1"),
        [y, w, d] if w.starts_with('W') && d.len() == 1 => week(y, w, d),
        [one] if one.is_ascii() && one.len() == 6 => quarters(&one[..4], &one[4..]),
        [a, b] => quarters(a, b).or_else(|| quarters(b, a)).or_else(|| match month(a) {
            Some(month) => Civil::new(year_of(b).filter(|_| b.len() == 4)?, month, 1),
            None => Civil::new(year_of(a).filter(|_| a.len() == 4)?, month(b)?, 1),
        }),
        [a, b, c] => match (month(a), month(b)) {
            (Some(month), _) => Civil::new(year_of(c)?, month, day(b)?),
            (None, Some(month)) if a.len() == 4 => Civil::new(year_of(a)?, month, day(c)?),
            (None, Some(month)) => Civil::new(year_of(c)?, month, day(a)?),
            (None, None) => None,
        },
        _ => None,
    }
}

impl DateFormat {
    /// The names of what a date becomes, after the column's own; an empty one for a single number.
    pub(super) fn parts(&self) -> &'static [&'static str] {
        match (self.unit, self.date, self.time) {
            (DateUnit::Days | DateUnit::Seconds, ..) => &[""],
            (DateUnit::Parts, true, false) => &["year", "month", "day", "weekday"],
            (DateUnit::Parts, true, true) => &["year", "month", "day", "weekday", "hour"],
            (DateUnit::Parts, false, _) => &["hour"],
        }
    }

    /// The number in a cell, in days or seconds since 1970; nothing when it is none of this format.
    pub(super) fn value(&self, cell: &str) -> Option<f64> {
        let (civil, seconds) = self.moment(cell)?;
        let days = civil.map_or(0, Civil::days) as f64;
        Some(match self.unit {
            DateUnit::Seconds => DAY * days + seconds,
            DateUnit::Days | DateUnit::Parts => days + seconds / DAY,
        })
    }

    /// Adds what a cell becomes to `out`; `false` when it is none of this format.
    pub(super) fn write(&self, cell: &str, out: &mut Vec<f64>) -> bool {
        if self.unit != DateUnit::Parts {
            return self.value(cell).map(|value| out.push(value)).is_some();
        }
        let Some((civil, seconds)) = self.moment(cell) else { return false };
        if let Some(civil) = civil {
            // 1 January 1970 was a Thursday.
            let weekday = (civil.days() + 3).rem_euclid(7) + 1;
            out.extend([civil.year as f64, civil.month.into(), civil.day.into(), weekday as f64]);
        }
        if self.time || !self.date {
            out.push(seconds / 3600.0);
        }
        true
    }

    /// The day and the seconds of it, in UTC where there are zones (they may be less than 0 or
    /// more than a day has).
    fn moment(&self, cell: &str) -> Option<(Option<Civil>, f64)> {
        let moment = match compact(cell.as_bytes()) {
            Some(civil) => {
                Written { date: Some(WrittenDate::Known(civil)), time: None, zone: None }
            }
            None => written(cell)?,
        };
        let fits = moment.date.is_some() == self.date
            && (moment.zone.is_some() == self.zone || moment.time.is_none());
        if !fits {
            return None;
        }
        let civil = match moment.date {
            Some(date) => Some(date.civil(self)?),
            None => None,
        };
        Some((civil, moment.time.unwrap_or(0.0) - moment.zone.unwrap_or(0.0)))
    }

    /// A number of days as a cell of the column, for people.
    pub(in crate::sources) fn shown(&self, days: f64) -> String {
        let text = shown(days);
        match self.date {
            true => text,
            false => text.split_once(' ').map_or("00:00:00", |(_, clock)| clock).to_owned(),
        }
    }

    /// Whether a cell that cannot be read is a date whose day and month the training data does not
    /// tell apart.
    pub(in crate::sources) fn is_open(&self, cell: &str) -> bool {
        let open = |date| matches!(date, Some(WrittenDate::Open { .. }));
        self.day_first.is_none()
            && !self.year_first
            && written(cell).is_some_and(|moment| open(moment.date))
    }

    /// What it is, for people: `dates, as days since 1970`.
    pub fn describe(&self) -> String {
        let what = match (self.date, self.time) {
            (true, true) => "dates and times",
            (true, false) => "dates",
            (false, _) => "times of day",
        };
        let day_first = self.date && self.day_first == Some(true);
        let order = match (day_first, self.year_first) {
            (_, true) => ", year first",
            (true, _) => ", day first",
            _ => "",
        };
        let unit = match self.unit {
            DateUnit::Days if self.date => "days since 1970".to_owned(),
            DateUnit::Seconds if self.date => "seconds since 1970".to_owned(),
            DateUnit::Days => "days".to_owned(),
            DateUnit::Seconds => "seconds".to_owned(),
            DateUnit::Parts => self.parts().join(", "),
        };
        format!("{what}{order}, as {unit}")
    }
}

/// A number of days or seconds since 1970 as a date, for people.
pub(in crate::sources) fn shown(days: f64) -> String {
    let whole = days.floor();
    // Beyond a million years it is no date.
    let day = Civil::from_days((whole as i64).clamp(-400_000_000, 400_000_000));
    let seconds = ((days - whole) * DAY).round();
    match seconds > 0.0 && seconds < DAY {
        false => day.to_string(),
        true => {
            let seconds = seconds as u64;
            let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            format!("{day} {h:02}:{m:02}:{s:02}")
        }
    }
}

#[cfg(test)]
#[path = "date_tests.rs"]
mod tests;
