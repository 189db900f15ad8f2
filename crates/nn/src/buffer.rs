//! What training merely tracks.

use std::sync::atomic::{AtomicU64, Ordering};

use glassbox_tensor::{Shape, Tensor};

/// How a buffer changes when the step it was computed in is committed.
#[derive(Clone, Debug)]
pub enum BufferUpdate {
    /// `value += term`.
    Add(Tensor),
    /// `value += weight * (toward - value)`: a running average.
    Blend {
        /// What the average moves toward.
        toward: Tensor,
        /// How far it moves, in `[0, 1]`.
        weight: f32,
    },
}

/// A tensor that belongs to a model's state but is not trained: running statistics.
#[derive(Debug)]
pub struct Buffer {
    id: u64,
    value: Tensor,
}

impl Buffer {
    /// A buffer with these initial values.
    pub fn new(value: Tensor) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), value: value.detach() }
    }

    /// The values.
    pub fn value(&self) -> &Tensor {
        &self.value
    }

    /// The shape.
    pub fn shape(&self) -> Shape {
        self.value.shape()
    }

    /// The number of values.
    pub fn elements(&self) -> usize {
        self.value.elements()
    }

    /// Changes the values in place.
    pub fn update<R>(&mut self, change: impl FnOnce(&mut [f32]) -> R) -> R {
        change(self.value.make_mut())
    }

    /// Replaces the values.
    ///
    /// # Panics
    /// When the shapes differ.
    #[track_caller]
    pub fn set(&mut self, value: &Tensor) {
        assert_eq!(self.shape(), value.shape(), "shape of a buffer's new value");
        self.update(|values| values.copy_from_slice(value.as_slice()));
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Makes a change that was queued.
    pub(crate) fn apply(&mut self, change: &BufferUpdate) {
        let (BufferUpdate::Add(by) | BufferUpdate::Blend { toward: by, .. }) = change;
        assert_eq!(self.shape(), by.shape(), "shape of a buffer's change");
        self.update(|values| {
            for (value, &by) in values.iter_mut().zip(by.as_slice()) {
                match *change {
                    BufferUpdate::Add(_) => *value += by,
                    BufferUpdate::Blend { weight, .. } => {
                        *value = (1.0 - weight) * *value + weight * by
                    }
                }
            }
        });
    }
}

/// A clone is another buffer that starts with the same values.
impl Clone for Buffer {
    fn clone(&self) -> Self {
        Self::new(self.value.clone())
    }
}
