//! What the inputs of the training items were like, so that others can be told from them.

use glassbox_tensor::Shape;
use glassbox_train::data::{Dataset, Distribution, Moments};
use serde::{Deserialize, Serialize};

/// What the inputs of the training items were like; in the metadata of the weights. Inputs that are
/// tokens have none: what is unlike them is not in the vocabulary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputStatistics {
    /// Training items.
    pub items: usize,
    /// Items of the whole data set, all parts.
    pub total: usize,
    /// Every feature of a table or series, every channel of an image, as it is in the file: not
    /// normalized. The values of images lie in 0 to 1.
    pub values: Vec<ValueStatistics>,
    /// The mean value of each image.
    #[serde(default)]
    pub brightness: Option<Distribution>,
    /// The mean value of the outermost pixels of each image.
    #[serde(default)]
    pub border: Option<Distribution>,
    /// The sizes of the image files before they were resized.
    #[serde(default)]
    pub sizes: Option<SizeRange>,
}

/// A feature or channel over all training items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValueStatistics {
    /// The column, or the channel.
    pub name: String,
    /// Whether it says, by 0 or 1, that a categorical column has a certain value.
    #[serde(default)]
    pub one_hot: bool,
    /// Its values.
    #[serde(flatten)]
    pub distribution: Distribution,
}

/// The smallest and the largest image, by height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeRange {
    /// The lowest and the narrowest: `[height, width]` in pixels.
    pub min: [usize; 2],
    /// The highest and the widest: `[height, width]` in pixels.
    pub max: [usize; 2],
}

impl SizeRange {
    /// The range of one size.
    pub fn of(size: [usize; 2]) -> Self {
        Self { min: size, max: size }
    }

    /// The range that also has `other`.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        let pick = |a: [usize; 2], b: [usize; 2], f: fn(usize, usize) -> usize| {
            [f(a[0], b[0]), f(a[1], b[1])]
        };
        Self {
            min: pick(self.min, other.min, usize::min),
            max: pick(self.max, other.max, usize::max),
        }
    }
}

impl InputStatistics {
    /// The statistics of the items `train` of `dataset`; `None` where inputs are tokens.
    pub fn of(dataset: &Dataset, train: &[u32]) -> Option<Self> {
        if dataset.tokens().is_some() || train.is_empty() {
            return None;
        }
        let shape = dataset.item_shape();
        let width = shape.last().copied().unwrap_or(1);
        let mut moments = vec![Moments::default(); width];
        let (mut brightness, mut border) = (Moments::default(), Moments::default());
        let mut item = vec![0.0; shape.elements()];
        for &index in train {
            dataset.write_raw(index as usize, &mut item);
            for row in item.chunks_exact(width) {
                moments.iter_mut().zip(row).for_each(|(moments, &value)| moments.add(value));
            }
            if let Some(look) = Look::of(&item, shape) {
                brightness.add(look.brightness);
                border.add(look.border);
            }
        }
        let names = names(dataset, width);
        let one_hot = |index: usize| dataset.features().get(index).is_some_and(|f| f.one_hot);
        let values = moments.iter().zip(names).enumerate().map(|(index, (moments, name))| {
            let distribution = moments.distribution();
            ValueStatistics { name, one_hot: one_hot(index), distribution }
        });
        let image = dataset.is_image();
        Some(Self {
            items: train.len(),
            total: dataset.len(),
            values: values.collect(),
            brightness: image.then(|| brightness.distribution()),
            border: image.then(|| border.distribution()),
            sizes: image.then(|| SizeRange::of([shape[0], shape[1]])),
        })
    }

    /// Takes the names of columns, where there is one for each value.
    pub(super) fn set_names(&mut self, names: &[String]) {
        if names.len() == self.values.len() {
            self.values.iter_mut().zip(names).for_each(|(v, name)| v.name.clone_from(name));
        }
    }

    /// Takes the sizes of the image files of all items, of which `train` are for training.
    pub(super) fn set_sizes(&mut self, sizes: &[[usize; 2]], train: &[u32]) {
        let of_train = train.iter().filter_map(|&item| sizes.get(item as usize));
        let range = of_train.map(|&size| SizeRange::of(size)).reduce(SizeRange::with);
        self.sizes = range.or(self.sizes);
    }
}

fn names(dataset: &Dataset, width: usize) -> Vec<String> {
    if dataset.features().len() == width {
        return dataset.features().iter().map(|feature| feature.name.clone()).collect();
    }
    match (dataset.is_image(), width) {
        (true, 1) => vec!["brightness".into()],
        (true, 3) => ["red", "green", "blue"].map(String::from).into(),
        _ => (0..width).map(|index| format!("value {index}")).collect(),
    }
}

/// How bright an image is, and how bright its edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Look {
    /// The mean of all values.
    pub(super) brightness: f64,
    /// The mean of the outermost pixels.
    pub(super) border: f64,
}

impl Look {
    /// Of an item of shape `[height, width, channels]`; nothing for other shapes.
    pub(super) fn of(item: &[f64], shape: Shape) -> Option<Self> {
        let &[height, width, channels] = shape.dims() else { return None };
        let mean = |values: &mut dyn Iterator<Item = f64>| {
            let (count, sum) = values.fold((0u64, 0.0), |(count, sum), v| (count + 1, sum + v));
            sum / count.max(1) as f64
        };
        let rows = item.chunks_exact(width * channels).enumerate();
        let mut edge = rows.flat_map(|(y, row)| {
            let whole = y == 0 || y + 1 == height;
            row.chunks_exact(channels)
                .enumerate()
                .filter(move |(x, _)| whole || *x == 0 || x + 1 == width)
                .flat_map(|(_, pixel)| pixel.iter().copied())
        });
        Some(Self { brightness: mean(&mut item.iter().copied()), border: mean(&mut edge) })
    }
}
