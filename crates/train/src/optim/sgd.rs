//! Stochastic gradient descent.

use glassbox_nn::settings::number_text;
use glassbox_nn::{BadSettings, Settings};
use glassbox_tensor::optimize::{self, Parameter, SgdStep};
use serde::{Deserialize, Serialize};

use super::settings::{KEPT, NOT_NEGATIVE, POSITIVE, shrinks};
use super::{Update, UpdateRule};

/// Gradient descent with momentum (Polyak 1964), Nesterov's variant of it, and L2 weight decay:
/// `v ← momentum·v + (1 - dampening)·(g + λw)`, `w ← w - lr·v`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sgd {
    /// The learning rate.
    pub lr: f64,
    /// How much of the velocity stays; 0 for plain gradient descent.
    pub momentum: f64,
    /// How much of the gradient does not enter the velocity.
    pub dampening: f64,
    /// Looks ahead along the velocity. Needs momentum.
    pub nesterov: bool,
    /// λ: the L2 penalty.
    pub weight_decay: f64,
    /// Climbs instead of descending.
    pub maximize: bool,
}

impl Default for Sgd {
    fn default() -> Self {
        Self {
            lr: 0.01,
            momentum: 0.0,
            dampening: 0.0,
            nesterov: false,
            weight_decay: 0.0,
            maximize: false,
        }
    }
}

impl UpdateRule for Sgd {
    fn learning_rate(&self) -> f64 {
        self.lr
    }

    fn state_names(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &[] } else { &["velocity"] }
    }

    fn update(&self, update: Update<'_>) {
        // A rule without velocity has no place to keep one.
        let moved = update.momentum.filter(|_| self.momentum != 0.0);
        let momentum = moved.unwrap_or(self.momentum);
        let step = SgdStep {
            learning_rate: update.learning_rate as f32,
            momentum: momentum as f32,
            dampening: self.dampening as f32,
            nesterov: self.nesterov,
            weight_decay: self.weight_decay as f32,
            maximize: self.maximize,
            first: update.step == 1,
        };
        let velocity = update.state.first_mut().map(|velocity| velocity.make_mut());
        let Update { values, gradient, norms, .. } = update;
        let of = Parameter { values, gradient, norms };
        optimize::sgd(step, of, velocity);
    }

    fn fills_norms(&self) -> bool {
        true
    }

    fn has_momentum(&self) -> bool {
        self.momentum != 0.0
    }

    fn bad_settings(&self) -> BadSettings {
        self.check()
    }
}

impl Settings for Sgd {
    fn check(&self) -> BadSettings {
        let mut bad = BadSettings::default();
        bad.number("lr", self.lr, POSITIVE);
        bad.number("momentum", self.momentum, KEPT);
        bad.number("dampening", self.dampening, KEPT);
        bad.number("weight_decay", self.weight_decay, NOT_NEGATIVE);
        shrinks(self.lr, self.weight_decay, &mut bad);
        let still = self.momentum == 0.0;
        if self.nesterov && still {
            let help = "give `momentum`, 0.9 for instance, or leave `nesterov` out";
            bad.no_effect("nesterov", "a `momentum` to look ahead along", "momentum = 0", help);
        }
        if self.nesterov && self.dampening != 0.0 {
            // As in PyTorch: the look ahead presumes that the whole gradient enters the velocity.
            let found = format!("nesterov = true with dampening = {}", number_text(self.dampening));
            let help = "leave one of the two out";
            bad.misfit("dampening", "0 beside `nesterov`", found, help);
        } else if self.dampening != 0.0 && still {
            let help = "give `momentum`, or leave `dampening` out";
            bad.no_effect("dampening", "a `momentum` to damp", "momentum = 0", help);
        }
        bad
    }
}

#[cfg(test)]
mod tests {
    use glassbox_nn::{Cx, Graph, Module, Sequential};
    use glassbox_tensor::Tensor;

    use super::*;
    use crate::optim::{Optimizer, RmsProp};

    /// The weight after each step of a model whose gradient is always 1, with these momenta.
    fn weights(rule: impl UpdateRule + 'static, momenta: [f64; 4]) -> Vec<f32> {
        let mut model = Sequential::input([1]).dense(1).build(7).unwrap();
        let mut optimizer = Optimizer::new(rule);
        let x = Tensor::ones([1, 1]);
        let weight = |model: &Graph| model.forward(&x, &mut Cx::eval()).item();
        let first = weight(&model);
        let step = |(step, momentum)| {
            let mut cx = Cx::train(7, step as u64);
            let loss = model.forward(&x, &mut cx).sum(..);
            optimizer.set_momentum(momentum);
            optimizer.step(&mut model, &loss.backward(), &mut cx);
            first - weight(&model)
        };
        momenta.into_iter().enumerate().map(step).collect()
    }

    /// Weight and bias both have gradient 1, so that the output falls by `2 lr v`: with
    /// `v ← m v + 1` for the momenta 0.5, 0, 0.5, 0.5 by velocities of 1, 1, 1.5, 1.75.
    #[test]
    fn momentum_comes_back_from_zero() {
        let sgd = Sgd { lr: 0.5, momentum: 0.9, ..Sgd::default() };
        let fallen = weights(sgd, [0.5, 0.0, 0.5, 0.5]);
        for (got, want) in fallen.iter().zip([1.0, 2.0, 3.5, 5.25]) {
            assert!((got - want).abs() < 1e-5, "{fallen:?}");
        }
        let rule = |momentum| RmsProp { momentum, ..RmsProp::default() };
        let nearly = weights(rule(0.9), [0.5, 1e-9, 0.5, 0.5]);
        let zero = weights(rule(0.9), [0.5, 0.0, 0.5, 0.5]);
        assert!(zero.iter().zip(&nearly).all(|(a, b)| (a - b).abs() < 1e-5), "{zero:?} {nearly:?}");
        // A rule without momentum keeps none, whatever a schedule asks for.
        let plain = weights(Sgd { lr: 0.5, ..Sgd::default() }, [0.9; 4]);
        assert!((plain[3] - 4.0).abs() < 1e-5, "{plain:?}");
    }

    #[test]
    #[should_panic(expected = "optimizer: expected `momentum` from 0 to below 1, found 1")]
    fn an_impossible_rule_is_refused() {
        let _ = Optimizer::new(Sgd { momentum: 1.0, ..Sgd::default() });
    }
}
