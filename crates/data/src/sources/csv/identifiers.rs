//! Whether whole numbers name the rows, as customer numbers do, rather than measure something.

use std::collections::HashSet;

use super::facts::Facts;

/// The whole numbers of a column, of its first rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Whole {
    /// `None` once they repeat too often, or one is not whole.
    seen: Option<HashSet<i64>>,
    /// The numbers noted, and those of them that were there before.
    count: u64,
    repeats: u64,
    min: i64,
    max: i64,
    ended: bool,
}

/// So many rows show what they are; more would only take memory.
const MOST: u64 = 10_000;
/// Of so many numbers, one may repeat: an identifier that is in the file twice.
const REPEATS: u64 = 50;
/// So many repeats are expected by chance before having none says something: e^-10 is 0.005 %.
const EXPECTED: f64 = 10.0;

impl Whole {
    /// Whether more numbers may say more.
    pub(super) fn is_open(&self) -> bool {
        !self.ended && self.count < MOST
    }

    /// Notes the next number.
    pub(super) fn note(&mut self, value: f64) {
        // Beyond 2⁵³ not every whole number is a double.
        if value.fract() != 0.0 || value.abs() > 9e15 {
            return self.end();
        }
        let value = value as i64;
        (self.min, self.max) = match self.count {
            0 => (value, value),
            _ => (self.min.min(value), self.max.max(value)),
        };
        self.count += 1;
        self.repeats += u64::from(!self.seen.get_or_insert_default().insert(value));
        // The first rows may have one by chance.
        if self.repeats > 1 + self.count / REPEATS {
            self.end();
        }
    }

    /// They are no identifiers.
    pub(super) fn end(&mut self) {
        (self.seen, self.ended) = (None, true);
    }

    /// Whether they are different in nearly every row.
    fn differ(&self) -> bool {
        !self.ended && self.count > 1 && self.repeats * REPEATS <= self.count
    }

    /// Whether they repeat much less often than numbers drawn at random from their range would, as
    /// numbers do that are given to one row each. Of n numbers, n (n - 1) / 2 pairs may be equal,
    /// each with a chance of at least 1 in the size of the range, however the numbers are
    /// distributed.
    fn avoid_each_other(&self) -> bool {
        let pairs = self.count as f64 * (self.count as f64 - 1.0) / 2.0;
        let expected = pairs / ((self.max - self.min) as f64 + 1.0);
        expected >= EXPECTED && self.repeats as f64 <= expected / 10.0
    }
}

/// How a column of numbers names the rows, if it does.
pub(super) fn told(facts: &Facts, name: &str) -> Option<&'static str> {
    if is_time(name) {
        return None;
    }
    if facts.grows(true) || facts.grows(false) && is_identifier(name) {
        return Some("numbers the rows");
    }
    let whole = &facts.whole;
    let identifies = whole.differ() && (is_identifier(name) || whole.avoid_each_other());
    identifies.then_some("has another whole number in nearly every row")
}

/// Whether a name is one that identifiers have.
fn is_identifier(name: &str) -> bool {
    const WORDS: [&str; 14] = [
        "id", "ids", "index", "idx", "key", "uuid", "guid", "no", "nr", "num", "number", "nummer",
        "row", "rownum",
    ];
    /// What is written in one word with `id` or `no`: `customerid`.
    const NAMED: [&str; 22] = [
        "account",
        "case",
        "client",
        "customer",
        "device",
        "employee",
        "house",
        "invoice",
        "item",
        "member",
        "object",
        "order",
        "passenger",
        "patient",
        "person",
        "product",
        "record",
        "row",
        "sample",
        "student",
        "subject",
        "user",
    ];
    let words = words(name);
    let is_one = |word: &String| {
        WORDS.contains(&word.as_str())
            || ["number", "nummer"].iter().any(|end| word.ends_with(end))
            || ["id", "no", "nr"]
                .iter()
                .any(|end| word.strip_suffix(end).is_some_and(|noun| NAMED.contains(&noun)))
    };
    words.last().is_some_and(is_one) || words.first().is_some_and(|word| word == "id")
}

/// Whether a name is one that times have: they differ from row to row, and are to be learned from.
fn is_time(name: &str) -> bool {
    const WORDS: [&str; 21] = [
        "year",
        "yr",
        "month",
        "week",
        "day",
        "date",
        "hour",
        "minute",
        "min",
        "second",
        "sec",
        "time",
        "timestamp",
        "datetime",
        "epoch",
        "unix",
        "quarter",
        "ms",
        "jahr",
        "datum",
        "zeit",
    ];
    words(name).iter().any(|word| {
        let one = word.strip_suffix('s').unwrap_or(word);
        WORDS.contains(&word.as_str()) || WORDS.contains(&one)
    })
}

/// The words of a name in lower case: `customer_no`, `CustomerNo` and `Customer No.` have two.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() && before.is_lowercase() {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(cells: impl Iterator<Item = String>) -> Facts {
        let mut facts = Facts::new(false);
        cells.zip(2..).for_each(|(cell, line)| assert!(facts.note_plain(cell.as_bytes(), line)));
        facts
    }

    /// The numbers below `n` in another order, each as `cell` writes it.
    fn shuffled(n: u64, cell: impl Fn(u64) -> String) -> Facts {
        facts((0..n).map(|i| cell(i * 7919 % n)))
    }

    #[test]
    fn identifiers_are_told_in_any_order() {
        let shuffled_rows = shuffled(100, |i| i.to_string());
        assert!(told(&shuffled_rows, "x").is_some());
        // As pandas writes whole numbers of a column with a missing value.
        assert!(told(&shuffled(100, |i| format!("{i}.0")), "x").is_some());
        // Far apart: the name tells.
        let apart = shuffled(100, |i| (100_000 + i * i * 83).to_string());
        assert!(told(&apart, "customer").is_none());
        for name in ["customer_no", "CustomerID", "PassengerId", "customerid", "Kundennummer", "id"]
        {
            assert!(told(&apart, name).is_some(), "{name}");
        }
        for name in ["amount paid", "humid", "number_of_rooms", "grid"] {
            assert!(told(&apart, name).is_none(), "{name}");
        }
        // One that is there twice.
        let twice = facts((0..100).map(|i| (i * 7919 % 100).max(1).to_string()));
        assert!(told(&twice, "x").is_some());
    }

    #[test]
    fn measurements_and_times_are_not() {
        assert!(told(&shuffled(100, |i| format!("{}", i as f64 + 0.5)), "x").is_none());
        assert!(told(&shuffled(100, |i| (i / 2).to_string()), "id").is_none());
        // 200 prices below a million may all differ by chance.
        let prices = shuffled(200, |i| (i * i * 24 + 7).to_string());
        assert!(told(&prices, "price").is_none());
        for name in ["year", "Unix time", "timestamp", "time_ms", "days"] {
            assert!(told(&shuffled(100, |i| (1920 + i).to_string()), name).is_none(), "{name}");
        }
    }
}
