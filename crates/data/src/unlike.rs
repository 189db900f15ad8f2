//! Telling inputs that are unlike everything a model was trained on.

use glassbox_train::data::{Dataset, Distribution, Moments};

use crate::statistics::{InputStatistics, Look, SizeRange, ValueStatistics};

/// In what inputs differ from those of the training, with the figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unlike {
    /// What is true of many items together, one sentence each.
    pub whole: Vec<String>,
    /// Those of `whole` that are true of every item: a mean elsewhere.
    pub shifted: Vec<String>,
    /// The items that differ, and in what, one sentence each.
    pub items: Vec<(usize, Vec<String>)>,
}

impl Unlike {
    /// At most `most` of `sentences` about columns; the others are counted.
    pub fn shortened(mut sentences: Vec<String>, most: usize) -> Vec<String> {
        let more = sentences.len().saturating_sub(most);
        if more > 0 {
            sentences.truncate(most);
            sentences.push(format!("{more} more columns are unlike the training's"));
        }
        sentences
    }
}

/// Values that lie further outside of the training's range than this share of it are told.
const SLACK: f64 = 0.5;
/// Means that differ by more standard deviations than this are told, of so many items or more.
const SHIFT: f64 = 2.0;
const ENOUGH: usize = 10;
/// Deviations of an image's brightness that are told, and the least deviation that is assumed: of
/// few or very even training images the measured one may be close to 0.
const BRIGHTNESS_DEVIATIONS: f64 = 4.0;
const LEAST_DEVIATION: f64 = 0.05;
/// Images that are resized by more than this are told; sides by more than this differently, too.
const RESIZED: f64 = 3.0;
const DISTORTED: f64 = 1.5;

impl InputStatistics {
    /// In what the items of `dataset` differ from the training items: values far outside of their
    /// range, a mean elsewhere (another unit, say), images that are brighter or darker or look
    /// inverted. Nothing is told of a data set of other items than the training's.
    pub fn unlike(&self, dataset: &Dataset) -> Unlike {
        let shape = dataset.item_shape();
        let (width, items) = (self.values.len(), dataset.len());
        let mut unlike = Unlike::default();
        if dataset.tokens().is_some() || width == 0 || shape.last() != Some(&width) {
            return unlike;
        }
        let mut columns: Vec<Column> = vec![Column::default(); width];
        let mut item = vec![0.0; shape.elements()];
        for index in 0..dataset.len() {
            dataset.write_raw(index, &mut item);
            let mut told = Vec::new();
            match Look::of(&item, shape) {
                Some(look) => told.extend(self.image(look)),
                None => {
                    for (place, (value, column)) in self.values.iter().zip(&mut columns).enumerate()
                    {
                        let of_item = item.iter().skip(place).step_by(width).copied();
                        told.extend(column.item(value, of_item));
                    }
                }
            }
            if !told.is_empty() {
                unlike.items.push((index, told));
            }
        }
        if !dataset.is_image() {
            let all = self.values.iter().zip(&columns);
            let told = all.filter_map(|(v, column)| Some((column.far, column.whole(v, items)?)));
            for (far, sentence) in told {
                if far == 0 {
                    unlike.shifted.push(sentence.clone());
                }
                unlike.whole.push(sentence);
            }
        }
        unlike
    }

    /// In what an image differs.
    fn image(&self, look: Look) -> Option<String> {
        let (brightness, border) = (self.brightness?, self.border?);
        let far = |value: f64, seen: Distribution| {
            let outside = (value - seen.max).max(seen.min - value);
            let deviations = (value - seen.mean).abs() / seen.std.max(LEAST_DEVIATION);
            outside > LEAST_DEVIATION && deviations > BRIGHTNESS_DEVIATIONS
        };
        if !far(look.brightness, brightness) && !far(look.border, border) {
            return None;
        }
        // How far an image is from the training's, as it is and with its colors inverted.
        let distance = |brightness_of: f64, border_of: f64| {
            (brightness_of - brightness.mean).abs() / brightness.std.max(LEAST_DEVIATION)
                + (border_of - border.mean).abs() / border.std.max(LEAST_DEVIATION)
        };
        let as_is = distance(look.brightness, look.border);
        let inverted = distance(1.0 - look.brightness, 1.0 - look.border);
        let figures = format!(
            "its mean is {:.2} and its border {:.2} (0 black, 1 white), in training {} and {}",
            look.brightness,
            look.border,
            spread(brightness),
            spread(border)
        );
        Some(match inverted < 0.5 * as_is {
            true => format!("the image looks inverted: {figures}; inverted it would be closer"),
            false => format!("the image is unlike those of the training: {figures}"),
        })
    }

    /// How many image files have a size that is unlike the training's, and in what the first of
    /// them is; see [`InputStatistics::unlike_size`].
    pub fn unlike_sizes(&self, found: &[[usize; 2]], to: [usize; 2]) -> Option<String> {
        let told = |(item, size): (usize, &[usize; 2])| Some((item, self.unlike_size(*size, to)?));
        let mut told = found.iter().enumerate().filter_map(told);
        let (item, first) = told.next()?;
        let (count, all) = (1 + told.count(), found.len());
        Some(match all {
            1 => first,
            _ => format!("{count} of {all} images have another size; item {}: {first}", item + 1),
        })
    }

    /// In what the size of an image file differs, `[height, width]` in pixels, which is resized to
    /// `to`.
    pub fn unlike_size(&self, found: [usize; 2], to: [usize; 2]) -> Option<String> {
        let sizes = self.sizes.unwrap_or(SizeRange::of(to));
        let larger = |axis: usize| found[axis] as f64 / sizes.max[axis] as f64;
        let smaller = |axis: usize| sizes.min[axis] as f64 / found[axis] as f64;
        let ratio = |size: [usize; 2]| size[1] as f64 / size[0] as f64;
        let narrow = ratio([sizes.max[0], sizes.min[1]]);
        let wide = ratio([sizes.min[0], sizes.max[1]]);
        let distorted = (ratio(found) / wide).max(narrow / ratio(found));
        let text = |size: [usize; 2]| format!("{}×{}", size[1], size[0]);
        let trained = match sizes.min == sizes.max {
            true => text(sizes.min),
            false => format!("{} to {}", text(sizes.min), text(sizes.max)),
        };
        let (found_text, to_text) = (text(found), text(to));
        let (larger, smaller) = (larger(0).max(larger(1)), smaller(0).max(smaller(1)));
        for (factor, how) in [(larger, "larger"), (smaller, "smaller")] {
            if factor > RESIZED {
                return Some(format!(
                    "the image is {found_text} pixels, {factor:.0} times {how} than the training's \
                     ({trained}), and is resized to {to_text}"
                ));
            }
        }
        (distorted > DISTORTED).then(|| {
            format!(
                "the image is {found_text} pixels, the training's {trained}: resized to {to_text} \
                 its sides change differently"
            )
        })
    }
}

/// One feature over the items of a data set.
#[derive(Clone, Default)]
struct Column {
    sums: Moments,
    /// Items with a value far outside.
    far: usize,
    /// Those values.
    outliers: Moments,
}

impl Column {
    /// Adds the values of an item; a sentence when one is far outside of the training's range.
    fn item(
        &mut self,
        seen: &ValueStatistics,
        values: impl Iterator<Item = f64>,
    ) -> Option<String> {
        if seen.one_hot {
            return None;
        }
        let mut farthest: Option<f64> = None;
        for value in values {
            self.sums.add(value);
            let outside = |value: f64| {
                (value - seen.distribution.max).max(seen.distribution.min - value).max(0.0)
            };
            if outside(value) > slack(seen.distribution) {
                self.outliers.add(value);
                let further = farthest.is_none_or(|other| outside(value) > outside(other));
                farthest = if further { Some(value) } else { farthest };
            }
        }
        self.far += usize::from(farthest.is_some());
        farthest
            .map(|value| format!("{} is {}, in training {}", seen.name, short(value), range(seen)))
    }

    /// A sentence when many items are unlike the training's.
    fn whole(&self, seen: &ValueStatistics, items: usize) -> Option<String> {
        let (name, training) = (&seen.name, seen.distribution);
        if self.far > 0 {
            let found = self.outliers.distribution();
            let values = match found.min == found.max {
                true => format!("is {}", short(found.min)),
                false => format!("is {} to {}", short(found.min), short(found.max)),
            };
            let of = if items == 1 {
                String::new()
            } else {
                format!(" in {} of {items} items", self.far)
            };
            // A few values far outside are not another unit.
            let unit = if 2 * self.far > items { ": is it in the same unit?" } else { "" };
            return Some(format!("{name} {values}{of}, in training {}{unit}", range(seen)));
        }
        let found = self.sums.distribution();
        let shifted = (found.mean - training.mean).abs() > SHIFT * training.std;
        (items >= ENOUGH && !seen.one_hot && shifted && training.std > 0.0).then(|| {
            format!(
                "the mean of {name} is {}, in training {}: is it in the same unit?",
                short(found.mean),
                spread(training)
            )
        })
    }
}

/// How far outside of the training's range is far.
fn slack(seen: Distribution) -> f64 {
    let rounding = 1e-6 * seen.max.abs().max(seen.min.abs());
    (SLACK * (seen.max - seen.min)).max(rounding)
}

fn range(seen: &ValueStatistics) -> String {
    let seen = seen.distribution;
    match seen.min == seen.max {
        true => format!("always {}", short(seen.min)),
        false => format!("{} to {}", short(seen.min), short(seen.max)),
    }
}

fn spread(seen: Distribution) -> String {
    format!("{} ± {}", short(seen.mean), short(seen.std))
}

/// Four significant digits, without zeros at the end.
fn short(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e7).contains(&size) {
        return format!("{value:.3e}");
    }
    let decimals = if size > 0.0 { (3 - size.log10().floor() as i32).max(0) } else { 0 };
    let text = format!("{value:.*}", decimals as usize);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').into(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox_train::data::{InputStore, Targets};

    fn table(values: Vec<f64>) -> Dataset {
        Dataset::new("table", [1], InputStore::F64(values), Targets::none()).unwrap()
    }

    fn known(dataset: &Dataset) -> InputStatistics {
        let all: Vec<u32> = (0..dataset.len() as u32).collect();
        InputStatistics::of(dataset, &all).unwrap()
    }

    #[test]
    fn values_far_outside_are_told_with_the_figures() {
        let known = known(&table((0..=20).map(f64::from).collect()));
        let seen = known.values[0].distribution;
        assert_eq!((seen.min, seen.max, seen.mean), (0.0, 20.0, 10.0));
        // numpy.std(numpy.arange(21))
        assert!((seen.std - 6.055_300_708_194_983).abs() < 1e-12);
        assert_eq!(known.unlike(&table(vec![-9.0, 29.0, 10.0])), Unlike::default());
        let unlike = known.unlike(&table(vec![5.0, 31.0, -11.5]));
        let told = |text: &str| vec![text.to_owned()];
        assert_eq!(
            unlike.items,
            [
                (1, told("value 0 is 31, in training 0 to 20")),
                (2, told("value 0 is -11.5, in training 0 to 20"))
            ]
        );
        assert!(unlike.whole[0].contains("-11.5 to 31 in 2 of 3 items"), "{unlike:?}");
    }

    #[test]
    fn a_mean_elsewhere_is_told_of_enough_items() {
        let known = known(&table([vec![0.0, 40.0], vec![20.0; 40]].concat()));
        assert!(known.unlike(&table(vec![38.0; 9])).whole.is_empty());
        let unlike = known.unlike(&table(vec![38.0; 10]));
        assert!(unlike.whole[0].contains("the mean of value 0 is 38, in training 20 ± "));
        assert!(unlike.items.is_empty());
    }

    #[test]
    fn constants_and_unusual_sizes() {
        let known = known(&table(vec![7.0; 5]));
        assert!(known.unlike(&table(vec![7.0])).whole.is_empty());
        assert!(known.unlike(&table(vec![7.1])).whole[0].contains("always 7"));
        let sizes = Some(SizeRange { min: [100, 100], max: [200, 300] });
        let known = InputStatistics { sizes, ..known };
        let told = |size| known.unlike_size(size, [32, 32]).unwrap_or_default();
        assert_eq!([[100, 100], [200, 300], [300, 450], [200, 200]].map(told).concat(), "");
        assert!(
            told([1000, 900]).contains("900×1000 pixels, 5 times larger"),
            "{}",
            told([1000, 900])
        );
        assert!(told([20, 20]).contains("5 times smaller"), "{}", told([20, 20]));
        assert!(told([100, 600]).contains("change differently"), "{}", told([100, 600]));
    }

    #[test]
    fn many_sentences_are_counted() {
        let sentences = || (0..4).map(|index| index.to_string()).collect::<Vec<_>>();
        assert_eq!(Unlike::shortened(sentences(), 4), sentences());
        let told = ["0", "1", "2", "1 more columns are unlike the training's"];
        assert_eq!(Unlike::shortened(sentences(), 3), told);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [0.0, 1.0, -11.5, 1234.6, 0.0125, 1e9, 2e-7].map(short).join(" "),
            "0 1 -11.5 1235 0.0125 1.000e9 2.000e-7"
        );
    }
}
