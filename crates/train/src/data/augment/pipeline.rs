//! Augmentations in order, checked against the data.

use glassbox_tensor::{Rng, Shape};

use super::{Affine, Augment, ImageMut};
use crate::data::error::{DataError, DataErrorCode};

/// Augmentations in order, checked against the data.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pipeline {
    steps: Vec<Augment>,
}

impl Pipeline {
    pub(crate) fn new(steps: &[Augment], item_shape: Shape) -> Result<Self, DataError> {
        for (place, step) in steps.iter().enumerate() {
            let (name, augmentation) = step.entry();
            let &[height, width, _] = item_shape.dims() else {
                let message = format!("augmentation `{name}` needs images");
                return Err(DataError::new(DataErrorCode::Augment, message)
                    .expected("items of shape height×width×channels")
                    .found(format!("items of shape {item_shape}"))
                    .help("remove the augmentation"));
            };
            let probability = super::check_range("p", augmentation.probability(), 0.0, 1.0);
            if let Err(bad) = probability.and(augmentation.check(height, width)) {
                let at = format!("augmentation {} (`{name}`)", place + 1);
                let message = format!("{at} has an impossible `{}`", bad.name);
                let error = DataError::new(DataErrorCode::Augment, message);
                return Err(error.expected(bad.expected).found(bad.found));
            }
        }
        Ok(Self { steps: steps.to_vec() })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// About how many nanoseconds of one core a value takes.
    pub(crate) fn cost(&self) -> usize {
        3 * self.steps.len()
    }

    /// Changes one image; `rng` belongs to (seed, epoch, item).
    pub(crate) fn apply(&self, image: &mut ImageMut, rng: Rng) {
        let mut pending: Option<(Affine, f32)> = None;
        for (place, step) in self.steps.iter().enumerate() {
            let (_, augmentation) = step.entry();
            let mut rng = rng.fork(place as u64);
            if rng.uniform() >= augmentation.probability() {
                continue;
            }
            let next = augmentation.affine(image.height(), image.width(), &mut rng);
            pending = match (pending, next) {
                (Some((first, fill)), Some((second, same))) if fill == same => {
                    Some((first.then(&second), fill))
                }
                (before, next) => {
                    if let Some((affine, fill)) = before {
                        image.warp(&affine, fill);
                    }
                    if next.is_none() {
                        augmentation.apply(image, &mut rng);
                    }
                    next
                }
            };
        }
        if let Some((affine, fill)) = pending {
            image.warp(&affine, fill);
        }
    }
}
