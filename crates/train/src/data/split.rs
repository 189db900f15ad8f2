//! Which items are for training, for validation, and for the test.

use glassbox_tensor::Rng;
use serde::{Deserialize, Serialize};

use super::dataset::Dataset;
use super::error::{DataError, DataErrorCode};
use super::targets::Targets;

/// One part of a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// What the weights are fitted to.
    Train,
    /// What decides when to stop and which weights are best.
    Valid,
    /// What is looked at last.
    Test,
}

/// The indices of the items in each part, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Items to train on.
    pub train: Vec<u32>,
    /// Items to validate on; may be empty.
    pub valid: Vec<u32>,
    /// Items to test on; may be empty.
    pub test: Vec<u32>,
}

impl Split {
    /// The indices of one part.
    pub fn part(&self, part: Part) -> &[u32] {
        match part {
            Part::Train => &self.train,
            Part::Valid => &self.valid,
            Part::Test => &self.test,
        }
    }
}

/// How to split a data set. Fractions are of the items that the source has not assigned itself:
/// of all items, or of the training set when there is an official test set.
///
/// What is left out takes the default: 15 % validation and 15 % test; beside an official test set
/// 10 % validation; training takes the rest. Fractions that add up to less than 1 leave items out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SplitConfig {
    /// The fraction to train on.
    pub train: Option<f64>,
    /// The fraction to validate on.
    pub valid: Option<f64>,
    /// The fraction to test on.
    pub test: Option<f64>,
    /// Whether every part has the same proportions of classes, to within one item a class.
    pub stratify: bool,
    /// Decides which items go where. It is not the run's seed: runs with different seeds are
    /// compared on the same test items.
    pub seed: u64,
}

impl Default for SplitConfig {
    fn default() -> Self {
        Self { train: None, valid: None, test: None, stratify: true, seed: 0 }
    }
}

impl SplitConfig {
    /// The same settings with all three fractions written out, as they will be used beside
    /// official parts of the source (if any).
    ///
    /// # Errors
    /// When a fraction is impossible, or names a part that the source brings itself.
    pub fn resolve(&self, official: Option<&Split>) -> Result<Self, DataError> {
        let has = |part: Part| official.is_some_and(|split| !split.part(part).is_empty());
        for (name, part, fraction) in
            [("valid", Part::Valid, self.valid), ("test", Part::Test, self.test)]
        {
            if has(part) && fraction.is_some_and(|fraction| fraction != 0.0) {
                let message = format!("the data source brings its own {name} items");
                return Err(DataError::new(DataErrorCode::Split, message)
                    .expected(format!("no fraction for `{name}`"))
                    .found(format!("{name} = {}", fraction.unwrap_or_default()))
                    .help(format!("remove `{name}` from the split")));
            }
        }
        let default = |part, free: f64| if has(part) { 0.0 } else { free };
        let valid_default = if has(Part::Test) { 0.1 } else { 0.15 };
        let valid = self.valid.unwrap_or(default(Part::Valid, valid_default));
        let test = self.test.unwrap_or(default(Part::Test, 0.15));
        let train = self.train.unwrap_or((1.0 - valid - test).max(0.0));
        for (name, fraction) in [("train", train), ("valid", valid), ("test", test)] {
            if !(0.0..=1.0).contains(&fraction) {
                let message = format!("the fraction `{name}` of the split is impossible");
                return Err(DataError::new(DataErrorCode::Split, message)
                    .expected("0 to 1")
                    .found(fraction));
            }
        }
        if train + valid + test > 1.0 + 1e-6 {
            let message = "the fractions of the split add up to more than all items";
            return Err(DataError::new(DataErrorCode::Split, message)
                .expected("train + valid + test of at most 1")
                .found(format!("{train} + {valid} + {test} = {}", train + valid + test)));
        }
        Ok(Self { train: Some(train), valid: Some(valid), test: Some(test), ..self.clone() })
    }

    /// Splits `dataset`; items of `official` parts stay there.
    ///
    /// # Errors
    /// When a fraction is impossible or nothing is left to train on.
    pub fn split(&self, dataset: &Dataset, official: Option<&Split>) -> Result<Split, DataError> {
        let resolved = self.resolve(official)?;
        let fractions =
            [resolved.train, resolved.valid, resolved.test].map(Option::unwrap_or_default);
        let all: Vec<u32>;
        let (pool, mut split) = match official {
            Some(official) => {
                let (valid, test) = (official.valid.clone(), official.test.clone());
                (&official.train, Split { train: Vec::new(), valid, test })
            }
            None => {
                all = (0..dataset.len() as u32).collect();
                (&all, Split::default())
            }
        };
        match dataset.is_ordered() {
            true => cut(pool, fractions, dataset.overlap(), &mut split),
            false => self.assign(dataset, pool, fractions, &mut split),
        }
        for part in [&mut split.train, &mut split.valid, &mut split.test] {
            part.sort_unstable();
        }
        if split.train.is_empty() {
            let message = format!("the split of {} leaves nothing to train on", dataset.name());
            let error = DataError::new(DataErrorCode::Split, message)
                .expected("at least one training item")
                .found(format!("{} items, train = {}", pool.len(), fractions[0]));
            return Err(match dataset.overlap() {
                0 => error,
                _ => error.help("parts share no values: shorten the windows, or add to the series"),
            });
        }
        Ok(split)
    }

    /// Shuffles each class by itself and deals it out. Rounding is cumulative over the classes:
    /// each part gets its fraction of all items, to the nearest item, and of each class to within
    /// one. A class with any items has at least one to train on.
    fn assign(&self, dataset: &Dataset, pool: &[u32], fractions: [f64; 3], split: &mut Split) {
        let [train, valid, test] = fractions;
        let whole = train + valid + test > 1.0 - 1e-6;
        let (mut seen, mut dealt) = (0, [0; 3]);
        for (class, mut items) in self.strata(dataset, pool).into_iter().enumerate() {
            Rng::new(self.seed).fork(class as u64).shuffle(&mut items);
            seen += items.len();
            let kept = usize::from(train > 0.0 && !items.is_empty());
            let parts = [&mut split.test, &mut split.valid, &mut split.train];
            for (part, (out, fraction)) in parts.into_iter().zip([test, valid, train]).enumerate() {
                let target = (fraction * seen as f64).round() as usize;
                let wanted = target.saturating_sub(dealt[part]);
                let count = match part {
                    2 if whole => items.len(),
                    2 => wanted.clamp(kept, items.len()),
                    _ => wanted.min(items.len() - kept.min(items.len())),
                };
                dealt[part] += count;
                out.extend(items.drain(items.len() - count..));
            }
        }
    }

    /// The items of `pool` by class, or all together.
    fn strata(&self, dataset: &Dataset, pool: &[u32]) -> Vec<Vec<u32>> {
        match dataset.targets() {
            Targets::Classes { labels, names } if self.stratify => {
                let mut strata = vec![Vec::new(); names.len()];
                pool.iter().for_each(|&item| strata[labels[item as usize] as usize].push(item));
                strata
            }
            _ => vec![pool.to_vec()],
        }
    }
}

/// The first items to train on, those after them to validate, the last to test: what trains does
/// not see the future.
///
/// The `overlap` items after a cut share values with those before it. They are left out, so that
/// no value, seen or to be predicted, is in two parts; fractions are of the items that remain.
fn cut(pool: &[u32], fractions: [f64; 3], overlap: usize, split: &mut Split) {
    let used = fractions.iter().filter(|&&fraction| fraction > 0.0).count();
    let kept = pool.len().saturating_sub(overlap.saturating_mul(used.saturating_sub(1)));
    let counts = fractions.map(|fraction| (fraction * kept as f64).round() as usize);
    let [train, valid, test] = counts;
    let whole = fractions.iter().sum::<f64>() > 1.0 - 1e-6;
    let train = if whole { kept.saturating_sub(valid + test) } else { train };
    let mut rest = pool.iter().copied();
    for (part, count) in
        [(&mut split.train, train), (&mut split.valid, valid), (&mut split.test, test)]
    {
        if count > 0 {
            part.extend(rest.by_ref().take(count));
            rest.by_ref().take(overlap).for_each(drop);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::InputStore;

    fn classes(labels: Vec<i32>, count: usize) -> Dataset {
        let names = (0..count).map(|n| n.to_string()).collect();
        let inputs = InputStore::U8 { values: vec![0; labels.len()], unit: 1.0 };
        Dataset::new("test", [1], inputs, Targets::Classes { labels, names }).unwrap()
    }

    fn fractions(train: f64, valid: f64, test: f64) -> SplitConfig {
        let (train, valid, test) = (Some(train), Some(valid), Some(test));
        SplitConfig { train, valid, test, ..Default::default() }
    }

    proptest! {
        #[test]
        fn parts_are_disjoint_cover_everything_and_keep_proportions(
            labels in prop::collection::vec(0..4i32, 1..300),
            valid in 0.0..0.5f64,
            test in 0.0..0.5f64,
            seed in any::<u64>(),
        ) {
            let dataset = classes(labels.clone(), 4);
            let config = SplitConfig { seed, ..fractions(1.0 - valid - test, valid, test) };
            let split = config.split(&dataset, None).unwrap();
            let mut all = [&split.train[..], &split.valid, &split.test].concat();
            all.sort_unstable();
            prop_assert!(all.into_iter().eq(0..labels.len() as u32));
            for class in 0..4 {
                let count = |part: &[u32]| part.iter().filter(|&&i| labels[i as usize] == class).count();
                let total = labels.iter().filter(|&&label| label == class).count();
                prop_assert!(total == 0 || count(&split.train) > 0);
                for (part, fraction) in [(&split.valid, valid), (&split.test, test)] {
                    let exact = fraction * total as f64;
                    // One by rounding, one more where other classes kept their only item.
                    prop_assert!((count(part) as f64 - exact).abs() <= 4.0, "{} {exact}", count(part));
                }
            }
            prop_assert_eq!(config.split(&dataset, None).unwrap(), split);
        }
    }

    #[test]
    fn sizes_are_those_of_the_fractions() {
        let dataset = classes((0..1000).map(|i| i % 10).collect(), 10);
        let split = fractions(0.7, 0.1, 0.2).split(&dataset, None).unwrap();
        assert_eq!((split.train.len(), split.valid.len(), split.test.len()), (700, 100, 200));
        let split = fractions(0.1, 0.1, 0.2).split(&dataset, None).unwrap();
        assert_eq!((split.train.len(), split.valid.len(), split.test.len()), (100, 100, 200));
        let other = SplitConfig { seed: 1, ..fractions(0.1, 0.1, 0.2) };
        assert_ne!(other.split(&dataset, None).unwrap(), split);
    }

    #[test]
    fn windows_at_a_cut_are_left_out() {
        let inputs = InputStore::F32((0..100).map(|n| n as f32).collect());
        let dataset = Dataset::new("series", [1], inputs, Targets::none()).unwrap();
        let of = |overlap, config: SplitConfig| {
            config.split(&dataset.clone().in_order_sharing(overlap), None)
        };
        let split = of(5, fractions(0.6, 0.2, 0.2)).unwrap();
        assert_eq!(split.train, (0..54).collect::<Vec<_>>());
        assert_eq!(split.valid, (59..77).collect::<Vec<_>>());
        assert_eq!(split.test, (82..100).collect::<Vec<_>>());
        let split = of(5, fractions(0.8, 0.0, 0.2)).unwrap();
        assert_eq!((split.train.len(), split.valid.len(), split.test[0]), (76, 0, 81));
        let error = of(60, fractions(0.6, 0.2, 0.2)).unwrap_err();
        assert_eq!(error.code, DataErrorCode::Split);
        assert!(error.to_string().contains("shorten the windows"), "{error}");
    }

    #[test]
    fn an_official_test_set_stays() {
        let dataset = classes((0..100).map(|i| i % 2).collect(), 2);
        let official = Split { train: (0..80).collect(), valid: vec![], test: (80..100).collect() };
        let split = SplitConfig::default().split(&dataset, Some(&official)).unwrap();
        assert_eq!((split.train.len(), split.valid.len()), (72, 8));
        assert_eq!(split.test, official.test);
        let config = SplitConfig { test: Some(0.2), ..Default::default() };
        let error = config.split(&dataset, Some(&official)).unwrap_err();
        assert_eq!(error.code, DataErrorCode::Split);
        assert!(error.help.as_ref().unwrap().contains("remove `test`"));
    }

    #[test]
    fn impossible_fractions_are_refused() {
        let dataset = classes(vec![0, 1, 0, 1], 2);
        let bad = [
            (1.1, 0.0, 0.0),
            (0.5, -0.1, 0.2),
            (0.8, 0.2, 0.2),
            (f64::NAN, 0.1, 0.1),
            (0.0, 0.5, 0.5),
        ];
        for (train, valid, test) in bad {
            let error = fractions(train, valid, test).split(&dataset, None).unwrap_err();
            assert_eq!(error.code, DataErrorCode::Split, "{train} {valid} {test}");
        }
    }
}
