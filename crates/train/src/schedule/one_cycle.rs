//! One cycle (Smith and Topin 2018).

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::{Rate, Time};

/// The rate rises from `max/div` to the maximum over the first part of the run, then falls to
/// `max/(div·final_div)`; momentum moves the other way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OneCycle {
    /// The highest learning rate; the optimizer's when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_lr: Option<f64>,
    /// The part of the run in which the rate rises.
    pub warmup: f64,
    /// The curve from one value to the next.
    pub anneal: Anneal,
    /// The maximum over the first rate.
    pub div: f64,
    /// The first rate over the last.
    pub final_div: f64,
    /// Falls back to the first rate as slowly as it rose before it falls further.
    pub three_phase: bool,
    /// Moves momentum (Adam's first beta) too.
    pub cycle_momentum: bool,
    /// Momentum where the rate is highest and where it is lowest.
    pub momentum: [f64; 2],
}

impl Default for OneCycle {
    fn default() -> Self {
        Self {
            max_lr: None,
            warmup: 0.3,
            anneal: Anneal::Cosine,
            div: 25.0,
            final_div: 1e4,
            three_phase: false,
            cycle_momentum: true,
            momentum: [0.85, 0.95],
        }
    }
}

/// A curve from one value to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anneal {
    /// Half a cosine.
    Cosine,
    /// A line.
    Linear,
}

impl Anneal {
    fn between(self, from: f64, to: f64, part: f64) -> f64 {
        match self {
            Self::Cosine => to + (from - to) / 2.0 * (1.0 + (PI * part).cos()),
            Self::Linear => from + (to - from) * part,
        }
    }
}

impl OneCycle {
    pub(super) fn rate(&self, time: Time, base: f64) -> Rate {
        let max = self.max_lr.unwrap_or(base);
        let first = max / self.div;
        let last = first / self.final_div;
        let [low, high] = self.momentum;
        let (total, rise) = (time.total_steps, self.warmup * time.total_steps);
        // Each phase ends at a step with a rate and a momentum.
        let peak = (rise - 1.0, max, low);
        let back = (2.0 * rise - 2.0, first, high);
        let end = (total - 1.0, last, high);
        let phases = if self.three_phase { [peak, back, end] } else { [peak, end, end] };
        let (mut from_step, mut from_rate, mut from_momentum) = (0.0, first, high);
        for (index, (step, rate, momentum)) in phases.into_iter().enumerate() {
            if time.step <= step || index == 2 {
                let length = step - from_step;
                let part = if length > 0.0 { (time.step - from_step) / length } else { 1.0 };
                let between = |from, to| self.anneal.between(from, to, part.clamp(0.0, 1.0));
                let momentum = between(from_momentum, momentum);
                return Rate {
                    learning_rate: between(from_rate, rate),
                    momentum: self.cycle_momentum.then_some(momentum),
                };
            }
            (from_step, from_rate, from_momentum) = (step, rate, momentum);
        }
        last.into()
    }
}
