//! Learning-rate schedules: one epoch a step, as PyTorch's schedulers count.

use std::collections::BTreeMap;

use glassbox::schedule::*;
use glassbox::train::Monitor;
use serde_json::Value;

use crate::case::{Array, Case, Computed};

/// A schedule with its warm-up.
pub type Scheduled = (Schedule, Option<Warmup>);

pub fn compute(case: &Case) -> Computed {
    let base = case.json["base_lr"].as_f64().ok_or("no base_lr")?;
    let steps = case.json["steps"].as_u64().ok_or("no steps")?;
    let (schedule, warmup) = parse(&case.op, &case.json["kwargs"])?;
    let total = case.json["kwargs"]["total_steps"].as_u64().unwrap_or(steps);
    let metric = case.array("metric");
    let mut plateau = PlateauState::default();
    let (mut rates, mut momenta) = (Vec::new(), Vec::new());
    for step in 0..steps {
        let time = Time::new(step, 1, total);
        let rate = match &warmup {
            Some(warmup) => warmup.rate(&schedule, time, base, &plateau),
            None => schedule.rate(time, base, &plateau),
        };
        rates.push(rate.learning_rate);
        momenta.extend(rate.momentum);
        if let (Schedule::ReduceOnPlateau(schedule), Some(metric)) = (&schedule, metric) {
            schedule.epoch_end(&mut plateau, metric.values[step as usize], base);
        }
    }
    let named = |name: &str, values| (name.to_owned(), Array::scalars(values));
    let mut computed = BTreeMap::from([named("lr", rates)]);
    if !momenta.is_empty() {
        computed.extend([named("momentum", momenta)]);
    }
    Ok(computed)
}

/// A schedule from PyTorch's class name and keyword arguments.
pub fn parse(name: &str, kwargs: &Value) -> Result<Scheduled, String> {
    let number = |name: &str, default: f64| kwargs[name].as_f64().unwrap_or(default);
    let option = |name: &str| kwargs[name].as_f64();
    let pair = |low: f64, high: f64| [number("base_momentum", low), number("max_momentum", high)];
    let flag = |name: &str, default: bool| kwargs[name].as_bool().unwrap_or(default);
    let schedule = match name {
        "StepLR" => {
            Schedule::Step(Step { every: number("step_size", 1.0), gamma: number("gamma", 0.1) })
        }
        "MultiStepLR" => Schedule::MultiStep(MultiStep {
            milestones: list(&kwargs["milestones"]),
            gamma: number("gamma", 0.1),
        }),
        "ExponentialLR" => Schedule::Exponential(Exponential { gamma: number("gamma", 1.0) }),
        "CosineAnnealingLR" => {
            Schedule::Cosine(Cosine { epochs: option("T_max"), min_lr: number("eta_min", 0.0) })
        }
        "CosineAnnealingWarmRestarts" => Schedule::CosineRestarts(CosineRestarts {
            epochs: number("T_0", 1.0),
            factor: number("T_mult", 1.0),
            min_lr: number("eta_min", 0.0),
        }),
        "LinearLR" => Schedule::Linear(Linear {
            start: number("start_factor", 1.0 / 3.0),
            end: number("end_factor", 1.0),
            epochs: Some(number("total_iters", 5.0)),
        }),
        "ConstantLR" => Schedule::Constant(Constant {
            factor: number("factor", 1.0 / 3.0),
            epochs: number("total_iters", 5.0),
        }),
        "PolynomialLR" => Schedule::Polynomial(Polynomial {
            power: number("power", 1.0),
            epochs: Some(number("total_iters", 5.0)),
        }),
        "OneCycleLR" => Schedule::OneCycle(OneCycle {
            max_lr: option("max_lr"),
            warmup: number("pct_start", 0.3),
            anneal: if kwargs["anneal_strategy"] == "linear" {
                Anneal::Linear
            } else {
                Anneal::Cosine
            },
            div: number("div_factor", 25.0),
            final_div: number("final_div_factor", 1e4),
            three_phase: flag("three_phase", false),
            cycle_momentum: flag("cycle_momentum", true),
            momentum: pair(0.85, 0.95),
        }),
        "CyclicLR" => Schedule::Cyclic(Cyclic {
            min_lr: option("base_lr"),
            max_lr: option("max_lr"),
            up: number("step_size_up", 2000.0),
            down: option("step_size_down"),
            mode: match kwargs["mode"].as_str() {
                Some("triangular2") => CyclicMode::Halving,
                Some("exp_range") => CyclicMode::Exponential,
                _ => CyclicMode::Triangular,
            },
            gamma: number("gamma", 1.0),
            cycle_momentum: flag("cycle_momentum", true),
            momentum: pair(0.8, 0.9),
        }),
        "ReduceLROnPlateau" => Schedule::ReduceOnPlateau(ReduceOnPlateau {
            // Any score that is better when larger, or smaller.
            metric: Monitor {
                metric: if kwargs["mode"] == "max" { "valid.accuracy" } else { "valid.loss" }
                    .into(),
            },
            factor: number("factor", 0.1),
            patience: number("patience", 10.0) as usize,
            threshold: number("threshold", 1e-4),
            threshold_mode: match kwargs["threshold_mode"].as_str() {
                Some("abs") => ThresholdMode::Absolute,
                _ => ThresholdMode::Relative,
            },
            cooldown: number("cooldown", 0.0) as usize,
            min_lr: number("min_lr", 0.0),
        }),
        "SequentialLR" if !kwargs["warmup"].is_null() => {
            let warmup =
                Warmup { epochs: number("warmup", 0.0), start: number("start_factor", 1.0) };
            let cosine = Cosine { epochs: option("T_max"), min_lr: 0.0 };
            return Ok((Schedule::Cosine(cosine), Some(warmup)));
        }
        _ => return Err("no such schedule".into()),
    };
    Ok((schedule, None))
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}
