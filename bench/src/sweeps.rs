//! Training steps of growing size: one axis at a time.

use glassbox::nn::BuildError;
use glassbox::nn::layers::LstmConfig;
use glassbox::prelude::*;

use crate::workloads::Workload;

/// A size that grows while all others stay.
pub struct Axis {
    /// What it is.
    pub name: &'static str,
    /// The model and what stays.
    pub model: &'static str,
    /// The sizes.
    pub sizes: &'static [usize],
    /// The step of a size.
    pub make: fn(usize) -> Result<Workload, BuildError>,
}

/// The axes.
pub const AXES: &[Axis] = &[
    Axis {
        name: "width",
        model: "MLP 784-W-W-10, batch 128",
        sizes: &[64, 128, 256, 512, 1024, 2048],
        make: |width| mlp(width, 2, 128),
    },
    Axis {
        name: "depth",
        model: "MLP of D hidden layers of 256, batch 128",
        sizes: &[1, 2, 4, 8, 16],
        make: |depth| mlp(256, depth, 128),
    },
    Axis {
        name: "batch",
        model: "MLP 784-512-512-10",
        sizes: &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
        make: |batch| mlp(512, 2, batch),
    },
    Axis {
        name: "image size",
        model: "CNN of two 3 × 3 convolutions, 32 and 64 filters, batch 16",
        sizes: &[8, 16, 24, 32, 48, 64],
        make: cnn,
    },
    Axis {
        name: "sequence length",
        model: "LSTM of 256 units on characters, batch 16",
        sizes: &[8, 16, 32, 64, 128, 256, 512],
        make: |time| Workload::characters(LstmConfig::new(256), 16, time),
    },
];

fn mlp(width: usize, depth: usize, batch: usize) -> Result<Workload, BuildError> {
    let hidden = |model: glassbox::nn::Builder, _| model.dense(width).relu();
    let model = (0..depth).fold(Sequential::input([784]), hidden).dense(10);
    Workload::new(model, Adam::default(), &[batch, 784], 10)
}

fn cnn(size: usize) -> Result<Workload, BuildError> {
    let model = Sequential::input([size, size, 3])
        .conv2d(32, 3)
        .relu()
        .conv2d(64, 3)
        .relu()
        .global_avg_pool()
        .dense(10);
    Workload::new(model, Adam::default(), &[16, size, size, 3], 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_axis_makes_steps_that_grow() {
        for axis in AXES {
            let flops = |size: usize| (axis.make)(size).unwrap().flops();
            let counts: Vec<_> = axis.sizes.iter().map(|&size| flops(size)).collect();
            assert!(counts.is_sorted_by(|a, b| a < b), "{}: {counts:?}", axis.name);
            assert!((axis.make)(axis.sizes[0]).unwrap().step().is_finite());
        }
    }
}
