//! Named scores of a model on a set of samples.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

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

    /// All scores in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }
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
    fn scores_keep_their_order_through_json() {
        let scores: Scores = [("loss", 0.25), ("accuracy", 0.9)].into_iter().collect();
        let json = serde_json::to_string(&scores).unwrap();
        assert_eq!(json, r#"{"loss":0.25,"accuracy":0.9}"#);
        assert_eq!(serde_json::from_str::<Scores>(&json).unwrap(), scores);
    }
}
