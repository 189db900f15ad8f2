//! Data sets one after another.

use super::dataset::Dataset;
use super::error::{DataError, DataErrorCode};
use super::store::InputStore;
use super::targets::Targets;

impl Dataset {
    /// The items of this data set and after them those of `other`, which must be of the same kind:
    /// the same shape, features and classes, as two files have that are read through what one model
    /// learned. Baselines that only one of them has are left out. What a stateful model carries does not
    /// pass from one to the other.
    ///
    /// # Errors
    /// When they are not of one kind.
    pub fn joined(&self, other: &Self) -> Result<Self, DataError> {
        let differ = |what: &str, expected: String, found: String| {
            let message = format!("{} and {} differ in {what}", self.name(), other.name());
            DataError::new(DataErrorCode::OtherData, message)
                .expected(format!("{expected}, as in the first"))
                .found(found)
                .help("evaluate them one by one")
        };
        if self.item_shape() != other.item_shape() {
            let (expected, found) = (self.item_shape(), other.item_shape());
            return Err(differ("the shape of an item", expected.to_string(), found.to_string()));
        }
        let inputs = joined_inputs(self.inputs(), other.inputs())
            .ok_or_else(|| differ("the type of inputs", "one type".into(), "another".into()))?;
        let targets = joined_targets(self.targets(), other.targets())
            .ok_or_else(|| differ("their targets", "the same ones".into(), "others".into()))?;
        let mut joined = Self::new(self.name(), self.item_shape(), inputs, targets)?;
        if !self.features().is_empty() {
            joined = joined.with_features(self.features().to_vec());
        }
        if let (Some(first), Some(second)) = (self.lengths(), other.lengths()) {
            joined = joined.with_lengths([first, second].concat());
        }
        if let Some(tokens) = self.tokens() {
            joined = joined.with_tokens(tokens);
        }
        for baseline in self.baselines() {
            let same = other.baselines().iter().find(|more| more.naive == baseline.naive);
            if let Some(more) = same {
                let mut both = baseline.clone();
                both.values.extend(&more.values);
                joined = joined.with_baseline(both);
            }
        }
        let first = self.len() as u32;
        let later = other.starts().iter().map(|start| first + start);
        let starts = self.starts().iter().copied().chain([first]).chain(later).collect();
        let joined = joined.with_starts(starts);
        Ok(if self.is_ordered() { joined.in_order_sharing(self.overlap()) } else { joined })
    }
}

fn joined_inputs(first: &InputStore, second: &InputStore) -> Option<InputStore> {
    Some(match (first, second) {
        (InputStore::U8 { values, unit }, InputStore::U8 { values: more, unit: other })
            if unit == other =>
        {
            InputStore::U8 { values: [&values[..], more].concat(), unit: *unit }
        }
        (InputStore::F32(values), InputStore::F32(more)) => {
            InputStore::F32([&values[..], more].concat())
        }
        (InputStore::F64(values), InputStore::F64(more)) => {
            InputStore::F64([&values[..], more].concat())
        }
        _ => return None,
    })
}

fn joined_targets(first: &Targets, second: &Targets) -> Option<Targets> {
    Some(match (first, second) {
        (Targets::Classes { labels, names }, Targets::Classes { labels: more, names: others })
            if names == others =>
        {
            Targets::Classes { labels: [&labels[..], more].concat(), names: names.clone() }
        }
        (
            Targets::Tokens { labels, length, names },
            Targets::Tokens { labels: more, length: other, names: others },
        ) if (length, names) == (other, others) => Targets::Tokens {
            labels: [&labels[..], more].concat(),
            length: *length,
            names: names.clone(),
        },
        (
            Targets::Values { values, width, names },
            Targets::Values { values: more, width: other, .. },
        ) if width == other => Targets::Values {
            values: [&values[..], more].concat(),
            width: *width,
            names: names.clone(),
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(values: &[f32], labels: &[i32], names: &[&str]) -> Dataset {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let targets = Targets::Classes { labels: labels.to_vec(), names };
        Dataset::new("table", [2], InputStore::F32(values.to_vec()), targets).unwrap()
    }

    #[test]
    fn items_follow_each_other() {
        let first = table(&[1.0, 2.0], &[1], &["a", "b"]);
        let second = table(&[3.0, 4.0, 5.0, 6.0], &[0, 1], &["a", "b"]);
        let joined = first.joined(&second).unwrap();
        let whole = table(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1, 0, 1], &["a", "b"]);
        assert_eq!((joined.len(), joined.fingerprint()), (3, whole.fingerprint()));
        assert_eq!(
            (joined.starts(), joined.joined(&first).unwrap().starts()),
            (&[1][..], &[1, 3][..])
        );
        let other = table(&[3.0, 4.0], &[0], &["a", "c"]);
        assert_eq!(first.joined(&other).unwrap_err().code, DataErrorCode::OtherData);
    }
}
