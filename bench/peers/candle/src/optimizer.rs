//! The rule that candle does not have.

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var};
use candle_nn::Optimizer;

/// Gradient descent with momentum and weight decay: candle's own SGD has neither.
pub struct MomentumSgd {
    variables: Vec<(Var, Option<Tensor>)>,
    lr: f64,
    momentum: f64,
    weight_decay: f64,
}

impl Optimizer for MomentumSgd {
    /// Learning rate, momentum, weight decay.
    type Config = (f64, f64, f64);

    fn new(variables: Vec<Var>, (lr, momentum, weight_decay): Self::Config) -> Result<Self> {
        let variables = variables.into_iter().map(|variable| (variable, None)).collect();
        Ok(Self { variables, lr, momentum, weight_decay })
    }

    fn step(&mut self, gradients: &GradStore) -> Result<()> {
        for (variable, velocity) in &mut self.variables {
            // The running statistics of batch normalisation are variables without a gradient.
            let Some(gradient) = gradients.get(variable) else { continue };
            let value = variable.as_detached_tensor();
            let gradient = (gradient + (&value * self.weight_decay)?)?;
            let new = match velocity {
                Some(old) => ((&*old * self.momentum)? + gradient)?,
                None => gradient,
            };
            // Gradients still carry their graph: a velocity that kept it would keep every step's
            // activations.
            let new = new.detach();
            variable.set(&(value - (&new * self.lr)?)?)?;
            *velocity = Some(new);
        }
        Ok(())
    }

    fn learning_rate(&self) -> f64 {
        self.lr
    }

    fn set_learning_rate(&mut self, lr: f64) {
        self.lr = lr;
    }
}
