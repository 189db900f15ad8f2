//! Names of classes and categories, some of which are numbers.

use std::collections::{BTreeSet, HashMap};

/// Where each of some names stands, found by any spelling of it.
pub(in crate::sources) struct Names<'a> {
    names: &'a [String],
    places: HashMap<&'a str, usize>,
    numbers: HashMap<String, usize>,
}

impl<'a> Names<'a> {
    pub(in crate::sources) fn new(names: &'a [String]) -> Self {
        let places = names.iter().map(String::as_str).zip(0..).collect();
        let mut numbers = HashMap::new();
        for (name, place) in names.iter().zip(0..) {
            if let Some(number) = number(name) {
                numbers.entry(number).or_insert(place);
            }
        }
        Self { names, places, numbers }
    }

    /// The name that a text is: the same, or the same number, as 1 and 1.0 are; or of two, the same
    /// word in another case, as booleans may be written.
    pub(in crate::sources) fn place(&self, text: &str) -> Option<usize> {
        if let Some(&place) = self.places.get(text) {
            return Some(place);
        }
        if let Some(number) = number(text) {
            return self.numbers.get(&number).copied();
        }
        let word = text.to_lowercase();
        let is_word = |name: &String| self.names.len() == 2 && name.to_lowercase() == word;
        self.names.iter().position(is_word)
    }
}

/// Classes, where all are numbers each number once: as it is written, or plainly where it is
/// written in more than one way.
pub(in crate::sources) fn merged(classes: &BTreeSet<String>) -> BTreeSet<String> {
    let mut spellings: HashMap<String, Vec<&String>> = HashMap::new();
    for class in classes {
        let Some(number) = number(class) else { return classes.clone() };
        spellings.entry(number).or_default().push(class);
    }
    let name = |(number, written): (String, Vec<&String>)| match written[..] {
        [one] => one.clone(),
        _ => number,
    };
    spellings.into_iter().map(name).collect()
}

/// A finite number as it is written plainly: 1 for 1.0, 01 and 1e0. Digits are exact: more of them
/// than a double holds are often identifiers.
fn number(text: &str) -> Option<String> {
    let unsigned = text.strip_prefix('-').unwrap_or(text.strip_prefix('+').unwrap_or(text));
    let is_digits = !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit());
    let sign = if text.starts_with('-') { "-" } else { "" };
    if is_digits {
        return Some(match unsigned.trim_start_matches('0') {
            "" => "0".into(),
            digits => format!("{sign}{digits}"),
        });
    }
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite())?;
    Some(if value == 0.0 { "0".into() } else { value.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(classes: &[&str]) -> BTreeSet<String> {
        classes.iter().map(|&class| class.to_owned()).collect()
    }

    #[test]
    fn numbers_that_are_equal_are_one_class() {
        assert_eq!(
            merged(&set(&["1", "1.0", "01", "1e0", "2.0", "-0", "0"])),
            set(&["0", "1", "2.0"])
        );
        assert_eq!(merged(&set(&[".5", "0.5", "5e-1"])), set(&["0.5"]));
        assert_eq!(merged(&set(&["01", "02"])), set(&["01", "02"]));
        // Texts are what they are, and so are more digits than a double holds.
        for classes in [["1", "1.0", "a"], ["9007199254740992", "9007199254740993", "1"]] {
            assert_eq!(merged(&set(&classes)), set(&classes));
        }
    }

    #[test]
    fn a_name_is_found_by_any_spelling() {
        let names = ["1", "2.0"].map(str::to_owned);
        let names = Names::new(&names);
        assert_eq!(
            ["1", "1.0", "01", "+1", "2", "3", "x"].map(|text| names.place(text)),
            [Some(0), Some(0), Some(0), Some(0), Some(1), None, None]
        );
        let written = ["1", "1.0", "No"].map(str::to_owned);
        assert_eq!(
            ["1.0", "1.00", "no"].map(|text| Names::new(&written).place(text)),
            [Some(1), Some(0), None]
        );
        assert_eq!(Names::new(&["No", "Yes"].map(str::to_owned)).place("YES"), Some(1));
    }
}
