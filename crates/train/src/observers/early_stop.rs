//! Early stopping: training ends when the monitored score has stopped improving (Prechelt 1998).

use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::event::{Event, Flow, Observer, StopReason};
use crate::monitor::Monitor;

/// When to stop early, as recipes write it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EarlyStopConfig {
    /// The score to watch.
    pub metric: Monitor,
    /// Epochs without a gain before training stops.
    pub patience: usize,
    /// Improvements up to this size do not count.
    pub min_delta: f64,
}

impl Default for EarlyStopConfig {
    fn default() -> Self {
        Self { metric: Monitor::default(), patience: 5, min_delta: 0.0 }
    }
}

/// Stops training after `patience` epochs in a row without a gain of more than `min_delta`.
pub struct EarlyStop {
    config: EarlyStopConfig,
    memory: Memory,
}

#[derive(Default, Serialize, Deserialize)]
struct Memory {
    best: Option<f64>,
    waited: usize,
}

impl EarlyStop {
    /// An observer with these settings.
    pub fn new(config: EarlyStopConfig) -> Self {
        Self { config, memory: Memory::default() }
    }
}

impl Observer for EarlyStop {
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, TrainError> {
        let Event::EpochEnd(report) = event else { return Ok(Flow::Continue) };
        let EarlyStopConfig { metric, patience, min_delta } = &self.config;
        let Some((_, value)) = metric.value(&report.train, report.valid.as_ref()) else {
            return Ok(Flow::Continue);
        };
        // NaN and infinity are never a gain, and are not remembered: JSON, in which checkpoints
        // keep the memory, has neither.
        let improved = value.is_finite()
            && self.memory.best.is_none_or(|best| metric.gain(value, best) > *min_delta);
        if improved {
            self.memory = Memory { best: Some(value), waited: 0 };
            return Ok(Flow::Continue);
        }
        if report.epoch == 1 {
            return Ok(Flow::Continue); // there was nothing to gain on
        }
        self.memory.waited += 1;
        if self.memory.waited < *patience {
            return Ok(Flow::Continue);
        }
        let epochs = if *patience == 1 { "epoch" } else { "epochs" };
        let reason = format!("{}: no gain > {min_delta} for {patience} {epochs}", metric.metric);
        Ok(Flow::Stop(StopReason::NoImprovement(reason)))
    }

    fn watches(&self) -> Option<&Monitor> {
        Some(&self.config.metric)
    }

    fn state(&self) -> Option<(&'static str, serde_json::Value)> {
        serde_json::to_value(&self.memory).ok().map(|value| ("early_stop", value))
    }

    fn restore(&mut self, name: &str, value: &serde_json::Value) {
        if let ("early_stop", Ok(memory)) = (name, Memory::deserialize(value)) {
            self.memory = memory;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EpochReport;

    fn epochs(config: EarlyStopConfig, losses: &[f64]) -> Option<usize> {
        let mut observer = EarlyStop::new(config);
        for (index, &loss) in losses.iter().enumerate() {
            let report = EpochReport {
                epoch: index + 1,
                step: 0,
                train: [("loss", 0.0)].into_iter().collect(),
                valid: Some([("loss", loss)].into_iter().collect()),
                learning_rate: 0.1,
                best: false,
                duration: std::time::Duration::ZERO,
            };
            // Interrupted after every epoch: the memory must survive.
            let (name, value) = observer.state().unwrap();
            observer.memory = Memory::default();
            observer.restore(name, &value);
            if let Flow::Stop(_) = observer.on(&Event::EpochEnd(&report)).unwrap() {
                return Some(index + 1);
            }
        }
        None
    }

    #[test]
    fn stops_after_patience_epochs_without_gain() {
        let config = EarlyStopConfig { patience: 2, ..Default::default() };
        assert_eq!(epochs(config.clone(), &[1.0, 0.9, 0.95, 0.92, 0.5]), Some(4));
        assert_eq!(epochs(config, &[1.0, 0.9, 0.95, 0.8, 0.85]), None);
    }

    #[test]
    fn a_first_score_that_is_no_number_is_recovered_from() {
        let config = EarlyStopConfig { patience: 1, ..Default::default() };
        for first in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(epochs(config.clone(), &[first, 5.0, 4.0, 3.0]), None, "{first}");
            assert_eq!(epochs(config.clone(), &[first, first]), Some(2), "{first}");
        }
    }

    #[test]
    fn small_gains_do_not_count() {
        let config = EarlyStopConfig { patience: 2, min_delta: 0.1, ..Default::default() };
        assert_eq!(epochs(config, &[1.0, 0.95, 0.91]), Some(3));
    }
}
