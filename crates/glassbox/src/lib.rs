//! Glassbox: a deep-learning framework that shows its work.
//!
//! This crate is what users add: it re-exports tensors ([`Tensor`]), layers ([`nn`]), the training
//! loop ([`train`]), files that become data sets ([`data`]), and what remains of a training
//! ([`runs`]).
//!
//! # Debug builds
//!
//! Without optimization the kernels are about two hundred times slower, and a library cannot ask for
//! it: Cargo reads the profiles of the top project alone. In your own `Cargo.toml`:
//!
//! ```toml
//! [profile.dev.package."*"]
//! opt-level = 3
//! ```
//!
//! Every dependency is then optimized, once; your code is still built for debugging.
#![forbid(unsafe_code)]

pub use glassbox_nn as nn;
pub use glassbox_runs as runs;
pub use glassbox_runs::checkpoint;
pub use glassbox_tensor::*;
pub use glassbox_train as train;
pub use glassbox_train::{optim, schedule};

/// Data sets, in memory and from files.
pub mod data {
    pub use glassbox_data::*;
    pub use glassbox_train::data::*;
}

/// What watches training and writes it down.
pub mod observers {
    pub use glassbox_runs::observers::*;
    pub use glassbox_train::observers::*;
}

/// What most programs need: `use glassbox::prelude::*;`.
pub mod prelude {
    pub use glassbox_nn::{Cx, Graph, Loss, Module, Param, Parameters, Sequential};
    pub use glassbox_tensor::{Activation, Gradients, Rng, Shape, Tensor};
    pub use glassbox_train::optim::{Adagrad, Adam, AdamW, Optimizer, RmsProp, Sgd};
    pub use glassbox_train::{Task, TrainConfig, Trainer};
}

/// The examples of the README are compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
