//! The models of the workloads, the same in every peer.

use glassbox::nn::Builder;
use glassbox::nn::layers::{Conv2dConfig, Layer, LstmConfig, PaddingConfig, ResidualConfig};
use glassbox::prelude::*;

/// Distinct characters of the language models.
pub const TOKENS: usize = 65;
/// Characters in a window of theirs.
pub const STEPS: usize = 64;

pub fn tiny_mlp() -> Builder {
    Sequential::input([2]).dense(16).tanh().dense(16).tanh().dense(2)
}

pub fn mlp() -> Builder {
    Sequential::input([784]).dense(512).relu().dense(512).relu().dense(10)
}

pub fn cnn() -> Builder {
    Sequential::input([28, 28, 1])
        .conv2d(32, 3)
        .relu()
        .conv2d(64, 3)
        .relu()
        .max_pool(2)
        .dropout(0.25)
        .flatten()
        .dense(128)
        .relu()
        .dropout(0.5)
        .dense(10)
}

pub fn resnet20() -> Builder {
    let conv = |filters, stride: usize| Conv2dConfig {
        padding: PaddingConfig::Same,
        stride: stride.into(),
        bias: false,
        ..Conv2dConfig::new(filters, 3)
    };
    let block = |filters, stride| {
        let body = Sequential::input([32, 32, 3]) // inner widths are inferred when built
            .layer(conv(filters, stride))
            .batch_norm()
            .relu()
            .layer(conv(filters, 1))
            .batch_norm();
        Layer::from(ResidualConfig::new(body.into_layers()))
    };
    let mut model = Sequential::input([32, 32, 3]).layer(conv(16, 1)).batch_norm().relu();
    for (filters, stride) in [(16, 1), (32, 2), (64, 2)] {
        for index in 0..3 {
            model = model.layer(block(filters, if index == 0 { stride } else { 1 })).relu();
        }
    }
    model.global_avg_pool().dense(10)
}

/// The recurrent layer of `lstm_2x256`.
pub fn lstm() -> LstmConfig {
    LstmConfig { layers: 2, ..LstmConfig::new(256) }
}

/// A language model of windows of `time` characters around a recurrent layer.
pub fn characters(layer: impl Into<Layer>, time: usize) -> Builder {
    Sequential::input([time]).embedding(TOKENS, 64).layer(layer).dense(TOKENS)
}
