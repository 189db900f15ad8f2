//! Numbers as people and spreadsheets write them: decimal point or comma, thousands separators,
//! percent, currencies, and the signs of accountants.

use serde::{Deserialize, Serialize};

/// How the numbers of a column are written, where not as in programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberFormat {
    /// What stands before the decimals: `.` or `,`. Whatever else stands between digits separates
    /// thousands.
    pub decimal: char,
    /// Whether they are percentages. `12 %` is read as 12.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub percent: bool,
    /// The currency, as it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// Currencies, the longer before those they begin with.
const CURRENCIES: [&str; 56] = [
    "US$", "AU$", "CA$", "NZ$", "HK$", "A$", "C$", "R$", "S$", "$", "€", "£", "¥", "₹", "₽", "₩",
    "₺", "₪", "฿", "₫", "₴", "₦", "₱", "USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "NZD",
    "CNY", "RMB", "INR", "BRL", "MXN", "RUB", "KRW", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF",
    "TRY", "ZAR", "SGD", "HKD", "THB", "ILS", "Fr.", "Kč", "kr", "Rs.", "Rs", "zł",
];

/// A number taken apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Written<'a> {
    pub(super) negative: bool,
    /// The digits with what is between them.
    pub(super) digits: &'a str,
    pub(super) percent: bool,
    pub(super) currency: Option<&'a str>,
}

/// What a number's digits say about what separates its decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separators {
    /// A decimal point: 1,234.5.
    Point,
    /// A decimal comma: 1.234,5.
    Comma,
    /// Nothing: 1 234.
    Neither,
    /// It is another number with the one than with the other: 1,234.
    Either,
}

/// Takes a number apart; nothing when the cell is none.
pub(super) fn written(cell: &str) -> Option<Written<'_>> {
    let (mut rest, mut sign, mut brackets) = (cell.trim(), None, false);
    let mut out = Written { negative: false, digits: "", percent: false, currency: None };
    // Nothing but a sign stands around digits: most cells, and the quick way for them.
    let bare = rest.strip_prefix(['-', '+']).unwrap_or(rest);
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    if digit(bare.as_bytes().first()) && digit(bare.as_bytes().last()) {
        (out.negative, out.digits) = (rest.starts_with('-'), bare);
        return separators(bare).is_some().then_some(out);
    }
    if let Some(inner) = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        (rest, brackets) = (inner.trim(), true);
    }
    // At most a sign, a currency and a percent sign on either side, in any order.
    loop {
        let before = rest;
        for mark in ['-', '−', '–', '+'] {
            let stripped = rest.strip_prefix(mark).or_else(|| match mark {
                '+' => None,
                mark => rest.strip_suffix(mark),
            });
            if let (None, false, Some(inner)) = (sign, brackets, stripped) {
                (sign, rest) = (Some(mark), inner.trim());
            }
        }
        if let (false, Some(inner)) = (out.percent, rest.strip_suffix('%')) {
            (out.percent, rest) = (true, inner.trim());
        }
        if out.currency.is_none() {
            (out.currency, rest) = currency(rest);
        }
        if rest == before {
            break;
        }
    }
    out.negative = brackets || sign.is_some_and(|sign| sign != '+');
    out.digits = rest;
    let fits = !(out.percent && out.currency.is_some());
    (fits && separators(rest).is_some()).then_some(out)
}

fn currency(text: &str) -> (Option<&str>, &str) {
    for name in CURRENCIES {
        if let Some(rest) = text.strip_prefix(name).or_else(|| text.strip_suffix(name)) {
            let found = if text.starts_with(name) {
                &text[..name.len()]
            } else {
                &text[text.len() - name.len()..]
            };
            return (Some(found), rest.trim());
        }
    }
    (None, text)
}

/// What digits say about their separators; nothing when they are no number.
pub(super) fn separators(digits: &str) -> Option<Separators> {
    match (is_number(digits, '.'), is_number(digits, ',')) {
        (false, false) => None,
        (true, false) => Some(Separators::Point),
        (false, true) => Some(Separators::Comma),
        (true, true) if digits.contains(['.', ',']) => Some(Separators::Either),
        (true, true) => Some(Separators::Neither),
    }
}

/// What may separate thousands where decimals follow `decimal`.
fn is_group(character: char, decimal: char) -> bool {
    match character {
        '.' | ',' => character != decimal,
        ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '’' => true,
        _ => false,
    }
}

/// Whether digits are a number whose decimals follow `decimal`.
fn is_number(digits: &str, decimal: char) -> bool {
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && exponent.bytes().all(|byte| byte.is_ascii_digit())
    });
    let (whole, decimals) = match mantissa.split_once(decimal) {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (mantissa, None),
    };
    let decimals_fit = decimals.is_none_or(|d| d.bytes().all(|byte| byte.is_ascii_digit()));
    let some = !whole.is_empty() || decimals.is_some_and(|decimals| !decimals.is_empty());
    exponent_fits && decimals_fit && some && is_whole(whole, decimal)
}

/// Whether digits are a whole number, with or without thousands separators.
fn is_whole(whole: &str, decimal: char) -> bool {
    let Some(separator) = whole.chars().find(|c| !c.is_ascii_digit()) else { return true };
    if !is_group(separator, decimal) || whole.starts_with('0') {
        return false;
    }
    let groups: Vec<&str> = whole.split(separator).collect();
    let (Some((last, rest)), Some(first)) = (groups.split_last(), groups.first()) else {
        return false;
    };
    let digits = groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_digit()));
    let thousands = rest[1..].iter().all(|group| group.len() == 3) && first.len() <= 3;
    // 12,34,567 in India.
    let lakhs =
        rest.len() > 1 && rest[1..].iter().all(|group| group.len() == 2) && first.len() <= 2;
    digits && !first.is_empty() && last.len() == 3 && (thousands || lakhs)
}

impl NumberFormat {
    /// The number in a cell; nothing when it is none of this format.
    pub(super) fn value(&self, cell: &str) -> Option<f64> {
        let number = written(cell)?;
        let currency = number.currency.is_none_or(|found| self.currency.as_deref() == Some(found));
        if number.percent != self.percent || !currency || !is_number(number.digits, self.decimal) {
            return None;
        }
        let kept = number.digits.chars().filter(|&c| !is_group(c, self.decimal));
        let plain: String = kept.map(|c| if c == self.decimal { '.' } else { c }).collect();
        let value = plain_value(plain.as_bytes())?;
        Some(if number.negative { -value } else { value })
    }

    /// What it is, for people: `decimal comma, €`.
    pub fn describe(&self) -> String {
        let mut parts = Vec::new();
        if self.decimal == ',' {
            parts.push("decimal comma".to_owned());
        }
        if self.percent {
            parts.push("percent".to_owned());
        }
        parts.extend(self.currency.clone());
        if parts.is_empty() {
            parts.push("with separators or signs".to_owned());
        }
        parts.join(", ")
    }
}

/// What a cell that is written as in programs says about its column: digits, a sign, a point, an
/// exponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plain {
    /// Whether it has a decimal point.
    pub(super) point: bool,
    /// Whether the point may separate thousands: 1.234.
    pub(super) thousands: bool,
    /// Whether it is digits alone.
    pub(super) digits: bool,
}

/// Looks at a cell without reading its value; nothing when it is not written as in programs.
pub(super) fn plain(cell: &[u8]) -> Option<Plain> {
    let (signed, rest) = match cell {
        [b'+' | b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let whole = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let after = &rest[whole..];
    if after.is_empty() && whole > 0 {
        return Some(Plain { point: false, thousands: false, digits: !signed });
    }
    let (decimals, after) = match after {
        [b'.', after @ ..] => {
            let decimals = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (Some(decimals), &after[decimals..])
        }
        after => (None, after),
    };
    let exponent = match after {
        [] => true,
        [b'e' | b'E', b'+' | b'-', digits @ ..] | [b'e' | b'E', digits @ ..] => {
            !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    if !exponent || whole + decimals.unwrap_or(0) == 0 {
        return None;
    }
    let thousands = decimals == Some(3) && (1..=3).contains(&whole) && rest[0] != b'0';
    Some(Plain { point: decimals.is_some(), thousands, digits: false })
}

/// The value of a cell that is written as in programs; also `inf`, as Rust reads it.
pub(super) fn plain_value(cell: &[u8]) -> Option<f64> {
    if let Some(value) = exact(cell) {
        return Some(value);
    }
    std::str::from_utf8(cell).ok()?.parse().ok()
}

/// The value of a short number: whole numbers up to 2⁵³ are exact as a double, so are powers of ten
/// up to 10²², and one division of exact numbers is rounded correctly (Clinger, "How to read floating
/// point numbers accurately", 1990).
fn exact(cell: &[u8]) -> Option<f64> {
    const POWERS: [f64; 16] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let (negative, rest) = match cell {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    if rest.is_empty() || rest.len() > 16 {
        return None;
    }
    let (mut digits, mut point, mut count) = (0u64, None, 0);
    for (at, &byte) in rest.iter().enumerate() {
        match byte.wrapping_sub(b'0') {
            digit @ 0..=9 => {
                digits = 10 * digits + u64::from(digit);
                count += 1;
            }
            _ if byte == b'.' && point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    if count == 0 || count > 15 {
        return None;
    }
    let decimals = point.map_or(0, |at| rest.len() - at - 1);
    let value = digits as f64 / POWERS[decimals];
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(cell: &str, decimal: char, percent: bool, currency: Option<&str>) -> Option<f64> {
        NumberFormat { decimal, percent, currency: currency.map(String::from) }.value(cell)
    }

    #[test]
    fn numbers_as_people_write_them() {
        let point = [
            ("1,234,567.89", 1_234_567.89),
            ("1 234 567", 1_234_567.0),
            ("1'234.5", 1_234.5),
            ("1’234", 1_234.0),
            ("12,34,567", 1_234_567.0),
            ("−12.5", -12.5),
            ("(12.50)", -12.5),
            ("12.5-", -12.5),
            ("+3", 3.0),
            (".5", 0.5),
            ("1,234e-2", 12.34),
        ];
        for (cell, expected) in point {
            assert_eq!(value(cell, '.', false, None), Some(expected), "{cell:?}");
        }
        let comma = [
            ("12,80", 12.8),
            ("1.234.567,89", 1_234_567.89),
            ("1\u{a0}234,5", 1_234.5),
            ("1\u{202f}234", 1_234.0),
            ("0,000", 0.0),
            ("-,5", -0.5),
            ("1,5e3", 1500.0),
        ];
        for (cell, expected) in comma {
            assert_eq!(value(cell, ',', false, None), Some(expected), "{cell:?}");
        }
        assert_eq!(value("12.5 %", '.', true, None), Some(12.5));
        assert_eq!(value("-5%", '.', true, None), Some(-5.0));
        for (cell, currency) in
            [("$1,200.00", "$"), ("1200 USD", "USD"), ("EUR 1200", "EUR"), ("US$1200", "US$")]
        {
            assert_eq!(value(cell, '.', false, Some(currency)), Some(1200.0), "{cell:?}");
        }
        assert_eq!(value("-$5", '.', false, Some("$")), Some(-5.0));
        assert_eq!(value("$-5", '.', false, Some("$")), Some(-5.0));
        assert_eq!(value("($5)", '.', false, Some("$")), Some(-5.0));
        assert_eq!(value("12,80 €", ',', false, Some("€")), Some(12.8));
    }

    #[test]
    fn what_is_no_number_of_the_format() {
        for cell in
            ["1,23", "12,3456", "1.2.3", "1,234,56", "01,234", "", "-", "$", "e5", "1e", "12 kg"]
        {
            assert_eq!(value(cell, '.', false, None), None, "{cell:?}");
        }
        assert_eq!(value("12.80", ',', false, None), None);
        assert_eq!(value("12%", '.', false, None), None, "a percentage among numbers");
        assert_eq!(value("12", '.', true, None), None, "a number among percentages");
        assert_eq!(value("£5", '.', false, Some("$")), None);
        assert_eq!(value("--5", '.', false, None), None);
    }

    #[test]
    fn what_digits_say_about_separators() {
        use Separators::*;
        let cases = [
            ("12,80", Some(Comma)),
            ("12.80", Some(Point)),
            ("1,234", Some(Either)),
            ("1.234", Some(Either)),
            ("0,143", Some(Comma)),
            ("1,234,567", Some(Point)),
            ("1.234.567", Some(Comma)),
            ("1.234,5", Some(Comma)),
            ("1 234", Some(Neither)),
            ("12", Some(Neither)),
            ("31.12.2024", None),
        ];
        for (digits, expected) in cases {
            assert_eq!(separators(digits), expected, "{digits:?}");
        }
    }

    #[test]
    fn plain_numbers_are_those_of_programs() {
        for cell in ["1", "-1.5", "+.5", "5.", "1e5", "1.5E-3", "0123"] {
            assert!(plain(cell.as_bytes()).is_some(), "{cell:?}");
            assert_eq!(plain_value(cell.as_bytes()), cell.parse().ok(), "{cell:?}");
        }
        for cell in ["", "-", ".", "1e", "1,5", "1_000", "0x10", "1 2", "nan"] {
            assert_eq!(plain(cell.as_bytes()), None, "{cell:?}");
        }
        assert_eq!(plain(b"1.234"), Some(Plain { point: true, thousands: true, digits: false }));
        assert_eq!(plain(b"0.234"), Some(Plain { point: true, thousands: false, digits: false }));
    }

    mod properties {
        use proptest::prelude::*;

        use super::*;

        proptest! {
            #[test]
            fn the_short_way_gives_the_bits_of_the_long_one(value: f64, digits in 0..20usize, small in -1e6..1e6f64) {
                for text in [format!("{value:e}"), format!("{small:.digits$}"), format!("{}", small as i64)] {
                    let expected: f64 = text.parse().unwrap();
                    prop_assert_eq!(plain_value(text.as_bytes()).map(f64::to_bits), Some(expected.to_bits()));
                }
            }
        }
    }
}
