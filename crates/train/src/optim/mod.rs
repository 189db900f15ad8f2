//! Optimizers: how gradients change parameters. One file each, and one row in the table below; the
//! step over a model is in `optimizer.rs`.

mod adagrad;
mod adam;
mod adamw;
mod optimizer;
mod rmsprop;
mod settings;
mod sgd;
mod state;

use glassbox_nn::{BadSettings, Settings};
use glassbox_tensor::Tensor;
use glassbox_tensor::optimize::UpdateNorms;
use serde::{Deserialize, Serialize};

pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adamw::AdamW;
pub use optimizer::Optimizer;
pub use rmsprop::RmsProp;
pub use sgd::Sgd;
pub use state::OptimizerState;

/// One update rule: how a gradient and the parameter's state change the parameter.
///
/// A rule of your own works like the built-in ones: implement this trait and hand it to
/// [`Optimizer::new`].
pub trait UpdateRule: Send + Sync {
    /// The learning rate that the rule was configured with.
    fn learning_rate(&self) -> f64;

    /// The names of the state tensors of one parameter, each of the parameter's shape.
    fn state_names(&self) -> &'static [&'static str];

    /// The value that state tensors start from.
    fn initial_state(&self) -> f32 {
        0.0
    }

    /// Changes `update.values` in place.
    fn update(&self, update: Update<'_>);

    /// Whether [`UpdateRule::update`] fills in [`Update::norms`] where they are wanted. Otherwise
    /// the optimizer keeps a copy of the values to compare them with.
    fn fills_norms(&self) -> bool {
        false
    }

    /// Whether there is a momentum that a schedule can move.
    fn has_momentum(&self) -> bool {
        false
    }

    /// The settings that cannot work.
    fn bad_settings(&self) -> BadSettings {
        BadSettings::default()
    }
}

/// What an [`UpdateRule`] works on: one parameter at one step.
pub struct Update<'a> {
    /// The parameter's values.
    pub values: &'a mut [f32],
    /// The loss's derivative with respect to them.
    pub gradient: &'a [f32],
    /// The state tensors, in the order of [`UpdateRule::state_names`].
    pub state: &'a mut [Tensor],
    /// How many updates this parameter has had, this one included: 1 at the first.
    pub step: u64,
    /// The learning rate of this step.
    pub learning_rate: f64,
    /// The momentum of this step, where a schedule moves it (one-cycle moves it against the
    /// learning rate): in place of the rule's own, unless the rule has none.
    pub momentum: Option<f64>,
    /// Filled in where it is given, by rules that do.
    pub norms: Option<&'a mut UpdateNorms>,
}

/// Makes the union of all optimizers and passes what they tell on.
macro_rules! table {
    ($($doc:literal $name:ident = $type:literal,)*) => {
        /// Which optimizer, as recipes write it.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "type")]
        pub enum OptimizerConfig {
            $(#[doc = $doc] #[serde(rename = $type)] $name($name),)*
        }

        impl OptimizerConfig {
            /// The type names that recipes can use.
            pub const TYPES: &'static [&'static str] = &[$($type,)*];

            /// The update rule with these settings.
            pub fn rule(&self) -> Box<dyn UpdateRule> {
                match self {
                    $(Self::$name(rule) => Box::new(rule.clone()),)*
                }
            }

            /// The configured learning rate.
            pub fn learning_rate(&self) -> f64 {
                match self {
                    $(Self::$name(rule) => rule.lr,)*
                }
            }

            /// Sets the configured learning rate.
            pub fn set_learning_rate(&mut self, rate: f64) {
                match self {
                    $(Self::$name(rule) => rule.lr = rate,)*
                }
            }

            /// Whether there is a momentum that a schedule can move.
            pub fn has_momentum(&self) -> bool {
                match self {
                    $(Self::$name(rule) => rule.has_momentum(),)*
                }
            }

            /// The default settings of the optimizer called `name`.
            pub fn default_of(name: &str) -> Option<Self> {
                match name {
                    $($type => Some(Self::$name($name::default())),)*
                    _ => None,
                }
            }
        }

        impl Settings for OptimizerConfig {
            fn check(&self) -> BadSettings {
                match self {
                    $(Self::$name(rule) => rule.check(),)*
                }
            }
        }
    };
}

table! {
    "Gradient descent with momentum." Sgd = "sgd",
    "Adam." Adam = "adam",
    "Adam with decoupled weight decay." AdamW = "adamw",
    "RMSprop." RmsProp = "rmsprop",
    "Adagrad." Adagrad = "adagrad",
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self::Adam(Adam::default())
    }
}
