//! Named scores of a model on a set of samples.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A score with about four significant digits, for people.
pub fn score_text(value: f64) -> String {
    match value.abs() {
        v if v.is_infinite() || v.is_nan() => format!("{value}"),
        v if v >= 1e6 => format!("{value:.3e}"),
        v if v >= 1000.0 => format!("{value:.1}"),
        v if v >= 10.0 => format!("{value:.2}"),
        v if v < 5e-5 && v > 0.0 => format!("{value:.1e}"),
        _ => format!("{value:.4}"),
    }
}

/// The baseline and the error of a score `baseline_last_mae`; nothing for a model's own score.
pub fn baseline_of(score: &str) -> Option<(&str, &str)> {
    score.strip_prefix("baseline_")?.split_once('_')
}

/// Scores by name (`loss`, `accuracy`, …) in the order in which they should be shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores(Vec<(String, f64)>);

impl Scores {
    /// No scores yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a score.
    pub fn set(&mut self, name: &str, value: f64) {
        match self.0.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.into(), value)),
        }
    }

    /// The score called `name`.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(n, _)| n == name).map(|&(_, value)| value)
    }

    /// Adds or replaces all of `other`.
    pub fn extend(&mut self, other: &Self) {
        other.iter().for_each(|(name, value)| self.set(name, value));
    }

    /// The scores of what needs no learning: each baseline with its scores, all in order.
    pub fn baselines(&self) -> Vec<(&str, Vec<(&str, f64)>)> {
        let scores = self.iter();
        grouped(scores.filter_map(|(name, value)| {
            let (baseline, name) = baseline_of(name)?;
            Some((baseline, (name, value)))
        }))
    }

    /// The scores of single outputs, `mae.price`: each output with its scores, all in order.
    pub fn outputs(&self) -> Vec<(&str, Vec<(&str, f64)>)> {
        let scores = self.iter();
        grouped(scores.filter_map(|(name, value)| {
            let (name, output) = name.split_once('.')?;
            Some((output, (name, value)))
        }))
    }

    /// All scores in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }
}

/// The values of each key together, keys in the order in which they come first.
fn grouped<'a, V>(pairs: impl Iterator<Item = (&'a str, V)>) -> Vec<(&'a str, Vec<V>)> {
    let mut groups: Vec<(&str, Vec<V>)> = Vec::new();
    for (key, value) in pairs {
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.push(value),
            None => groups.push((key, vec![value])),
        }
    }
    groups
}

impl<'a> FromIterator<(&'a str, f64)> for Scores {
    fn from_iter<I: IntoIterator<Item = (&'a str, f64)>>(scores: I) -> Self {
        Self(scores.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

impl Serialize for Scores {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Scores {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = serde_json::Map::<String, serde_json::Value>::deserialize(deserializer)?;
        let number = |v: serde_json::Value| v.as_f64().unwrap_or(f64::NAN);
        Ok(Self(map.into_iter().map(|(name, value)| (name, number(value))).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn baselines_and_outputs_are_put_together() {
        let names = ["rmse", "baseline_last_mae", "mae.a.b", "baseline_constant_mae", "mae.c"];
        let names = names.into_iter().chain(["baseline_last_rmse", "r2.a.b"]);
        let scores: Scores = names.zip((1..).map(f64::from)).collect();
        let baselines =
            [("last", vec![("mae", 2.0), ("rmse", 6.0)]), ("constant", vec![("mae", 4.0)])];
        assert_eq!(scores.baselines(), baselines);
        let outputs = [("a.b", vec![("mae", 3.0), ("r2", 7.0)]), ("c", vec![("mae", 5.0)])];
        assert_eq!(scores.outputs(), outputs);
    }

    #[test]
    fn scores_have_about_four_digits() {
        let text = [0.4812, 12.345, 4321.6, 0.000_01, 3e7, -0.0].map(score_text);
        assert_eq!(text.join(" "), "0.4812 12.35 4321.6 1.0e-5 3.000e7 -0.0000");
        assert_eq!([f64::NAN, f64::INFINITY].map(score_text), ["NaN", "inf"]);
    }

    #[test]
    fn scores_keep_their_order_through_json() {
        let scores: Scores = [("loss", 0.25), ("accuracy", 0.9)].into_iter().collect();
        let json = serde_json::to_string(&scores).unwrap();
        assert_eq!(json, r#"{"loss":0.25,"accuracy":0.9}"#);
        assert_eq!(serde_json::from_str::<Scores>(&json).unwrap(), scores);
    }
}
