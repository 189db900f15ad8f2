//! Metrics: every score that scikit-learn gives, from the same logits.

use std::collections::BTreeMap;

use glassbox::Tensor;
use glassbox::train::metrics::{self, ConfusionMatrix, Meter};

use crate::case::{Array, Case, Computed};

pub fn compute(case: &Case) -> Computed {
    let (labels, logits) = (case.input("y")?, case.input("logits")?);
    let column = |index: usize| {
        let classes = logits.dims()[1];
        let values = logits.as_slice().iter().skip(index).step_by(classes).copied();
        Tensor::from_vec(values.collect(), [logits.dims()[0]])
    };
    let (truth, prediction) = (column(0), column(1));
    for (name, want) in case.json["values"].as_object().into_iter().flatten() {
        let want = want.as_f64().ok_or("a score that is no number")?;
        let ours = match name.as_str() {
            "top2_accuracy" => "top2",
            "roc_auc_ovr_macro" => "roc_auc",
            name => name,
        };
        let mut metric = Meter::new(metrics::named(ours).ok_or(format!("score {name}"))?);
        match ours {
            "mse" | "mae" | "r2" | "max_error" | "explained_variance" => {
                metric.add(&prediction, &truth);
            }
            _ => metric.add(&logits, &labels),
        }
        let got = metric.value();
        // A score that is wrong fails the case rather than being unsupported.
        assert!((got - want).abs() <= 1e-5 * want.abs() + 1e-6, "{name}: {got}, expected {want}");
    }
    let mut matrix = ConfusionMatrix::default();
    matrix.add(&logits, &labels);
    let rows: Vec<f64> = matrix.rows().flatten().map(|&count| count as f64).collect();
    let classes = matrix.classes();
    Ok(BTreeMap::from([("confusion".to_owned(), Array::new([classes, classes], rows))]))
}
