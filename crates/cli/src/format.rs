//! Numbers as people read them.

use std::time::Duration;

/// `421,738`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `225.8k`, `4.24M`: three or four significant digits.
pub fn short(number: u64) -> String {
    let number = number as f64;
    match number {
        n if n < 1e3 => format!("{n}"),
        n if n < 1e6 => format!("{:.1}k", n / 1e3),
        n if n < 1e9 => format!("{:.2}M", n / 1e6),
        n => format!("{:.2}G", n / 1e9),
    }
}

/// `98.0 KiB`.
pub fn bytes(count: u64) -> String {
    match count as f64 {
        b if b < 1024.0 => format!("{b} B"),
        b if b < 1024.0 * 1024.0 => format!("{:.1} KiB", b / 1024.0),
        b if b < 1024f64.powi(3) => format!("{:.1} MiB", b / 1024f64.powi(2)),
        b => format!("{:.1} GiB", b / 1024f64.powi(3)),
    }
}

/// `0:21`, `1:02:07`; below ten seconds `3.2s`.
pub fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 9.95 {
        return format!("{seconds:.1}s");
    }
    let seconds = seconds.round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// `87.6 %`.
pub fn percent(fraction: f64) -> String {
    format!("{:.1} %", 100.0 * fraction)
}

/// A learning rate: `8.0e-4`.
pub fn rate(rate: f64) -> String {
    format!("{rate:.1e}")
}

/// A score with about four significant digits.
pub fn score(value: f64) -> String {
    match value.abs() {
        v if v >= 1e6 => format!("{value:.3e}"),
        v if v >= 1000.0 => format!("{value:.1}"),
        v if v >= 10.0 => format!("{value:.2}"),
        v if v < 5e-5 && v > 0.0 => format!("{value:.1e}"),
        _ => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_readable() {
        assert_eq!(
            [0, 999, 1000, 421_738, 1_234_567].map(thousands).join(" "),
            "0 999 1,000 421,738 1,234,567"
        );
        assert_eq!([288, 225_792, 4_240_000].map(short).join(" "), "288 225.8k 4.24M");
        assert_eq!([100, 100_352, 64_000_000].map(bytes).join(" "), "100 B 98.0 KiB 61.0 MiB");
        assert_eq!(
            [0.4812, 12.345, 4321.6, 0.000_01].map(score).join(" "),
            "0.4812 12.35 4321.6 1.0e-5"
        );
        assert_eq!(rate(8e-4), "8.0e-4");
        assert_eq!(percent(0.876), "87.6 %");
    }

    #[test]
    fn times_grow_from_seconds_to_hours() {
        let text: Vec<_> =
            [3.21, 21.0, 218.0, 3727.0].map(|s| clock(Duration::from_secs_f64(s))).into();
        assert_eq!(text, ["3.2s", "0:21", "3:38", "1:02:07"]);
    }
}
