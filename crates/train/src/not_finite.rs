//! A loss, a weight or a memory of the optimizer that is no number.

use std::fmt;

use crate::advice::{Circumstances, round};

/// Where training met a value that is NaN or infinite, and what is known of the cause.
#[derive(Clone, Debug, PartialEq)]
pub struct NotFinite {
    /// The loss: NaN or infinite. None where the state after a step was found not to be finite
    /// before another loss was computed from it.
    pub loss: Option<f64>,
    /// The optimizer step, from 1.
    pub step: u64,
    /// The epoch, from 1.
    pub epoch: usize,
    /// The first value of the state that is not finite: `parameter 0.weight`, `running statistic
    /// 1.mean`, or `optimizer state 0.weight.m`.
    pub culprit: Option<String>,
    /// The weight of the largest magnitude, and that magnitude.
    pub largest_weight: Option<(String, f64)>,
    /// What training was like.
    pub circumstances: Circumstances,
}

/// Weights beyond this have grown without bound: initial ones are below 10.
const GROWN: f64 = 1e3;

impl fmt::Display for NotFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { loss, step, epoch, culprit, largest_weight, circumstances } = self;
        let what = match loss {
            Some(loss) if loss.is_nan() => "loss became NaN",
            Some(_) => "loss became infinite",
            None => "the training state became NaN or infinite",
        };
        write!(f, "GB0402 × {what} at step {step} (epoch {epoch})")?;
        match (culprit, largest_weight) {
            (Some(culprit), _) => {
                let after = if loss.is_some() { step - 1 } else { *step };
                write!(f, "\n  first bad value: {culprit}, after the update of step {after}")?;
            }
            (None, Some((path, size))) if *size > GROWN => write!(
                f,
                "\n  first bad value: the loss itself; weights are finite, but {path} has grown to {}",
                round(*size)
            )?,
            _ => write!(f, "\n  first bad value: the loss itself; all weights are finite")?,
        }
        write!(f, "{circumstances}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_where_and_what_grew() {
        let circumstances =
            Circumstances { rate: ("train.schedule.max_lr", 30.0), ..Default::default() };
        let error = NotFinite {
            loss: Some(f64::INFINITY),
            step: 110,
            epoch: 13,
            culprit: None,
            largest_weight: Some(("0.weight".into(), 3.21e18)),
            circumstances,
        };
        let text = error.to_string();
        assert_eq!(
            text,
            "GB0402 × loss became infinite at step 110 (epoch 13)\n  first bad value: the loss \
             itself; weights are finite, but 0.weight has grown to 3.21e18\n  help: \
             train.schedule.max_lr = 30 → 3, or train.clip = { type = \"norm\", max = 1.0 }"
        );
        let culprit = Some("optimizer state 0.weight.v".into());
        let text = NotFinite { loss: None, culprit, ..error }.to_string();
        assert!(
            text.contains("optimizer state 0.weight.v, after the update of step 110"),
            "{text}"
        );
    }
}
