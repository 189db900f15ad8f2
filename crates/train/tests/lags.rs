//! How far back in time the error reaches.

use glassbox_data::DataConfig;
use glassbox_nn::layers::{LstmConfig, Return, RnnConfig};
use glassbox_nn::losses::MeanSquaredErrorConfig;
use glassbox_nn::{Cx, Loss, Module, Sequential, SlotMut, walk_mut};
use glassbox_tensor::Tensor;
use glassbox_train::data::{Batch, Part};
use glassbox_train::gradient_by_lag;

fn batch(data: &str) -> Batch {
    let config: DataConfig = serde_json::from_str(data).unwrap();
    let data = config.prepare(std::path::Path::new("")).unwrap();
    data.eval_loader(Part::Train, 8).epoch(0, 0).unwrap().next().unwrap().unwrap()
}

const ADDING: &str = r#"{"kind":"synthetic","pattern":"adding","samples":100,"length":30,
    "normalize":"none"}"#;

#[test]
fn a_linear_memory_forgets_at_its_rate() {
    let mut model = Sequential::input([30, 2])
        .layer(RnnConfig { returns: Return::Last, ..RnnConfig::new(1) })
        .dense(1)
        .build(7)
        .unwrap();
    // A memory of tiny values, where tanh is linear: h ← 0.9 h + 0.001 x₀.
    walk_mut(&mut model, |path, slot| {
        let SlotMut::Param(param) = slot else { return };
        let values: &[f32] = match path.to_string().as_str() {
            "0.forward.0.weight_ih" => &[1e-3, 0.0],
            "0.forward.0.weight_hh" => &[0.9],
            "1.weight" => &[1.0],
            _ => &[0.0],
        };
        param.set(&Tensor::from_slice(values, param.shape()));
    });
    let lags =
        gradient_by_lag(&model, &Loss::MeanSquaredError(MeanSquaredErrorConfig {}), &batch(ADDING));
    assert_eq!((lags.len(), lags[0].norms.len()), (1, 30));
    for (lag, norm) in lags[0].norms.iter().enumerate() {
        let expected = 0.9f64.powi(lag as i32);
        let ratio = norm / lags[0].norms[0];
        assert!((ratio / expected - 1.0).abs() < 1e-2, "lag {lag}: {ratio} {expected}");
    }
    assert!((lags[0].decades().unwrap() - 29.0 * 0.9f64.log10()).abs() < 0.1);
    assert_eq!(lags[0].reach(0.5), 6, "0.9⁶ = 0.53, 0.9⁷ = 0.48");
}

#[test]
fn norms_are_what_finite_differences_give() {
    let model = Sequential::input([30, 2])
        .layer(LstmConfig { returns: Return::Last, ..LstmConfig::new(3) })
        .dense(1)
        .build(7)
        .unwrap();
    let (loss, mut batch) = (Loss::MeanSquaredError(MeanSquaredErrorConfig {}), batch(ADDING));
    let one = |batch: &Batch| {
        let inputs = batch.inputs.clone();
        let prediction = model.forward(&inputs, &mut Cx::eval());
        let (prediction, targets) = (prediction.to_vec(), batch.targets.to_vec());
        let errors = prediction.iter().zip(&targets);
        errors.map(|(p, t)| f64::from(p - t).powi(2)).collect::<Vec<_>>()
    };
    let lags = gradient_by_lag(&model, &loss, &batch);
    let (lag, step, items) = (2, 1e-2, batch.inputs.dims()[0]);
    let mut squares = vec![0.0; items];
    for feature in 0..2 {
        let shifted = |by: f32, batch: &mut Batch| {
            for item in 0..items {
                let at = (item * 30 + 29 - lag) * 2 + feature;
                batch.inputs.make_mut()[at] += by;
            }
            one(batch)
        };
        let up = shifted(step, &mut batch);
        let down = shifted(-2.0 * step, &mut batch);
        shifted(step, &mut batch);
        for (sum, (up, down)) in squares.iter_mut().zip(up.iter().zip(&down)) {
            *sum += ((up - down) / f64::from(2.0 * step)).powi(2);
        }
    }
    let expected = (squares.iter().sum::<f64>() / items as f64).sqrt();
    let got = lags[0].norms[lag];
    assert!((got / expected - 1.0).abs() < 0.02, "{got} {expected}");
}

#[test]
fn of_targets_for_every_step_the_last_counts() {
    let data = r#"{"kind":"synthetic","pattern":"copy","samples":50,"length":5}"#;
    let model = Sequential::input([25]).embedding(10, 4).gru(5).lstm(6).dense(10).build(7);
    let lags = gradient_by_lag(&model.unwrap(), &Loss::default(), &batch(data));
    let names: Vec<_> = lags.iter().map(|lags| lags.layer.as_str()).collect();
    assert_eq!(names, ["layer 1 (gru)", "layer 2 (lstm)"]);
    for lags in &lags {
        assert_eq!(lags.norms.len(), 25);
        // A loss of every step would give all of them about the same.
        assert!(lags.norms[0] > 3.0 * lags.norms[20], "{:?}", lags.norms);
    }
    let none = Sequential::input([2]).dense(3).build(7).unwrap();
    let points = batch(r#"{"kind":"synthetic"}"#);
    assert!(gradient_by_lag(&none, &Loss::default(), &points).is_empty());
}
