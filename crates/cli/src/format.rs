//! Numbers as people read them.

use glassbox_report::baseline_title;
use glassbox_train::Scores;
pub use glassbox_train::{baseline_of as baseline, clock, score_text as score};

/// What a run without a value shows.
pub const NOTHING: &str = "–";

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

/// `1 layer`, `1,024 items`: `one` thing, or more with an s.
pub fn counted(count: usize, one: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {one}{ending}", thousands(count as u64))
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

/// `87.6 %`.
pub fn percent(fraction: f64) -> String {
    format!("{:.1} %", 100.0 * fraction)
}

/// A learning rate: `8.0e-4`.
pub fn rate(rate: f64) -> String {
    if rate == 0.0 { "0".into() } else { format!("{rate:.1e}") }
}

/// A value in its own units: as a score, but large numbers keep their digits.
pub fn quantity(value: f64) -> String {
    match value.abs() {
        v if (1e6..1e15).contains(&v) => format!("{value:.0}"),
        _ => score(value),
    }
}

/// A score by name: an accuracy in percent, other scores as numbers.
pub fn named_score(name: &str, value: f64) -> String {
    match name {
        "accuracy" => format!("{:.2} %", 100.0 * value),
        _ => score(value),
    }
}

/// What baselines get where a model got `scores`, a line for each:
/// `last value: mae 12.3 · rmse 15.1`.
pub fn baselines(scores: &Scores) -> Vec<String> {
    let line = |(baseline, scores): (&str, Vec<(&str, f64)>)| {
        format!("{}: {}", baseline_title(baseline), joined(&scores))
    };
    scores.baselines().into_iter().map(line).collect()
}

/// The scores of each output by itself, a line for each: `y1: mae 0.5000 · rmse 0.6124`. Of many
/// outputs, the first.
pub fn outputs(scores: &Scores) -> Vec<String> {
    const SHOWN: usize = 12;
    let all = scores.outputs();
    let more = all.len().saturating_sub(SHOWN);
    let line =
        |(output, scores): (&str, Vec<(&str, f64)>)| format!("{output}: {}", joined(&scores));
    let mut lines: Vec<String> = all.into_iter().take(SHOWN).map(line).collect();
    if more > 0 {
        lines.push(format!("{more} more outputs: `glassbox eval --json` has their scores"));
    }
    lines
}

fn joined(scores: &[(&str, f64)]) -> String {
    let texts: Vec<_> = scores
        .iter()
        .map(|(name, value)| format!("{name} {}", named_score(name, *value)))
        .collect();
    texts.join(" · ")
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
        assert_eq!(rate(8e-4), "8.0e-4");
        assert_eq!(
            [1_700_000_001.4, -12.5, 1e20].map(quantity).join(" "),
            "1700000001 -12.50 1.000e20"
        );
        assert_eq!(percent(0.876), "87.6 %");
    }

    #[test]
    fn baselines_have_a_line_each() {
        let names = [
            "rmse",
            "baseline_last_mae",
            "baseline_last_rmse",
            "baseline_season_mae",
            "baseline_constant_accuracy",
        ];
        let scores = names.into_iter().zip([1.0, 2.0, 3.0, 4.0, 0.102]).collect();
        let lines = [
            "last value: mae 2.0000 · rmse 3.0000",
            "seasonal naive: mae 4.0000",
            "best constant answer: accuracy 10.20 %",
        ];
        assert_eq!(baselines(&scores), lines);
    }

    #[test]
    fn outputs_have_a_line_each() {
        let names = ["rmse", "mae.y1", "r2.y1", "mae.a.b", "r2.a.b"];
        let scores = names.into_iter().zip([1.0, 2.0, 0.5, 3.0, -1.0]).collect();
        assert_eq!(
            outputs(&scores),
            ["y1: mae 2.0000 · r2 0.5000", "a.b: mae 3.0000 · r2 -1.0000"]
        );
        let many: Vec<String> = (0..14).map(|index| format!("mae.y{index}")).collect();
        let scores = many.iter().map(|name| (name.as_str(), 1.0)).collect();
        assert!(outputs(&scores)[12].starts_with("2 more outputs"));
    }
}
