//! Layers, losses and initializers of Glassbox, and what a model is.
//!
//! A model is a [`Module`]: a struct of layers and [`Param`]s with a `forward` method and a derived
//! walk over its state ([`Parameters`]). What a forward pass needs besides input and weights (mode,
//! random numbers, running statistics to commit) travels in its context, [`Cx`].

#![forbid(unsafe_code)]

extern crate self as glassbox_nn;

mod buffer;
mod builder;
mod call;
mod commit;
mod context;
mod error;
mod graph;
mod init;
pub mod layers;
pub mod losses;
mod module;
mod padding;
mod param;
mod path;
mod probe;
mod recurrent_state;
pub mod settings;
mod state;
mod summary;
mod walk;

pub use buffer::{Buffer, BufferUpdate};
pub use builder::Builder;
pub use context::Cx;
pub use error::{BuildError, MAX_VALUES};
pub use glassbox_derive::Parameters;
pub use graph::{
    FusedNodes, Graph, INPUT, Join, Node, NodeConfig, Operation, Outline, Reach, Sequential,
    Source, Sources,
};
pub use init::{FanMode, Fans, Init, Nonlinearity};
pub use layers::*;
pub use losses::Loss;
pub use module::Module;
pub use param::Param;
pub use path::{Path, Segment};
pub use probe::{Probe, Side, Site, Wanted};
pub use recurrent_state::{LayerState, RecurrentState};
pub use settings::{BadSetting, BadSettings, Settings};
pub use state::{
    State, StateError, buffer_count, copy_state, load_state, parameter_count, set_frozen, state,
};
pub use summary::{Summary, SummaryRow};
pub use walk::{Parameters, Slot, SlotMut, Walk, WalkMut, walk, walk_mut};
