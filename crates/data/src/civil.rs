//! Days of the calendar.

use std::fmt;

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// The year, astronomical: 0 is 1 BC.
    pub year: i64,
    /// From 1 to 12.
    pub month: u32,
    /// From 1.
    pub day: u32,
}

impl Civil {
    /// The day with these numbers, where there is one.
    pub fn new(year: i64, month: u32, day: u32) -> Option<Self> {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            _ => return None,
        };
        let fits = (1..=length).contains(&day) && (1000..=9999).contains(&year);
        fits.then_some(Self { year, month, day })
    }

    /// A day of a week as ISO 8601 counts them: the first one has 4 January in it.
    pub fn of_week(year: i64, week: i64, day: i64) -> Option<Self> {
        let first_monday = |year: i64| {
            let fourth = Self { year, month: 1, day: 4 }.days();
            fourth - (fourth + 3).rem_euclid(7)
        };
        let monday = first_monday(year) + 7 * (week - 1);
        let fits = week >= 1 && monday < first_monday(year + 1);
        fits.then(|| Self::from_days(monday + day - 1))
    }

    /// The day that is so many after the beginning of 1970.
    pub fn from_days(days: i64) -> Self {
        let mut year = 1970 + (days as f64 / 365.2425) as i64;
        let start = |year: i64| Self { year, month: 1, day: 1 }.days();
        while start(year) > days {
            year -= 1;
        }
        while start(year + 1) <= days {
            year += 1;
        }
        let starts = |month: u32| Self { year, month, day: 1 }.days();
        let month = (1..=12).rev().find(|&month| starts(month) <= days).unwrap_or(1);
        Self { year, month, day: (days - starts(month) + 1) as u32 }
    }

    /// Days since the beginning of 1970. Years are counted from March, so that the leap day is the
    /// last of its year.
    pub fn days(self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let month = i64::from((self.month + 9) % 12);
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        // 153 days are five months of 31, 30, 31, 30 and 31 days, as from March and from August.
        let day_of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        365 * year + leap_days + day_of_year - 719_468
    }
}

impl fmt::Display for Civil {
    /// As ISO 8601 writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day } = self;
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_since_1970_are_those_of_the_calendar() {
        let date = |seconds: i64| Civil::from_days(seconds / 86_400).to_string();
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(951_782_400), "2000-02-29");
        assert_eq!(date(1_795_392_000), "2026-11-23");
        assert_eq!(date(4_107_542_399), "2100-02-28");
        assert_eq!(date(4_107_542_400), "2100-03-01");
    }
}
