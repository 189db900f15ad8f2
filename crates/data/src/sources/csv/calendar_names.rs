//! The names of months and days, in English.

pub(super) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
pub(super) const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Whether a text is a month's name and two digits, as spreadsheets write both `Jan 2023` and
/// the 23rd of January: `Jan-23`.
pub(super) fn is_short_month(text: &str) -> bool {
    let parts: Vec<&str> = text.trim().split(['-', ' ', '/']).collect();
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    match parts[..] {
        [a, b] => {
            (is_name_of(a, &MONTHS).is_some() && two_digits(b))
                || (two_digits(a) && is_name_of(b, &MONTHS).is_some())
        }
        _ => false,
    }
}

/// Which of `names` a word is, written out or by three letters or more.
pub(super) fn is_name_of(word: &str, names: &[&str]) -> Option<usize> {
    let word = word.to_ascii_lowercase();
    names.iter().position(|name| word.len() >= 3 && name.starts_with(&word))
}
