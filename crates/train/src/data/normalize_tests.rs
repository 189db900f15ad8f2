//! What normalization fits, applies and undoes.

use super::*;
use crate::data::Feature;

fn table(values: &[f32], width: usize) -> Dataset {
    let inputs = InputStore::F32(values.to_vec());
    Dataset::new("table", [width], inputs, Targets::none()).unwrap()
}

#[test]
fn statistics_come_from_the_training_items_alone() {
    let data = table(&[1.0, 5.0, 3.0, 5.0, 1e6, -1e6], 2);
    let standard = Normalizer::fit_inputs(&NormalizeConfig::Standard, &data, &[0, 1]).unwrap();
    assert_eq!((&standard.offset[..], &standard.scale[..]), (&[2.0, 5.0][..], &[1.0, 1.0][..]));
    let bounds = Normalizer::fit_inputs(&NormalizeConfig::MinMax, &data, &[0, 1]).unwrap();
    assert_eq!((&bounds.offset[..], &bounds.scale[..]), (&[1.0, 5.0][..], &[2.0, 1.0][..]));
    let mut row = [3.0, 5.0];
    bounds.apply(&mut row);
    assert_eq!(row, [1.0, 0.0]);
    bounds.restore(&mut row);
    assert_eq!(row, [3.0, 5.0]);
}

#[test]
fn a_large_mean_does_not_drown_the_deviation() {
    let values: Vec<f32> = (0..1000).map(|i| 1e6 + (i % 2) as f32).collect();
    let data = table(&values, 1);
    let train: Vec<u32> = (0..1000).collect();
    let fitted = Normalizer::fit_inputs(&NormalizeConfig::Standard, &data, &train).unwrap();
    assert!((fitted.scale[0] - 0.5).abs() < 1e-6, "{fitted:?}");
}

#[test]
fn images_have_statistics_for_each_channel() {
    let inputs = InputStore::U8 { values: vec![0, 10, 4, 10, 0, 30, 4, 30], unit: 2.0 };
    let data = Dataset::new("images", [2, 1, 2], inputs, Targets::none()).unwrap();
    let fitted = Normalizer::fit_inputs(&NormalizeConfig::Standard, &data, &[0, 1]).unwrap();
    assert_eq!(fitted, Normalizer { offset: vec![1.0, 10.0], scale: vec![1.0, 5.0] });
}

#[test]
fn one_hot_features_stay() {
    let features = ["age", "city=Bonn"].map(|n| Feature { name: n.into(), one_hot: n != "age" });
    let data = table(&[1.0, 0.0, 3.0, 1.0], 2).with_features(features.to_vec());
    let fitted = Normalizer::fit_inputs(&NormalizeConfig::Standard, &data, &[0, 1]).unwrap();
    assert_eq!(fitted, Normalizer { offset: vec![2.0, 0.0], scale: vec![1.0, 1.0] });
}

#[test]
fn targets_are_standardized_and_restored() {
    let targets = Targets::Values {
        values: vec![1.0, 10.0, 3.0, 30.0],
        width: 2,
        names: vec!["a".into(), "b".into()],
    };
    let inputs = InputStore::F32(vec![0.0, 1.0]);
    let data = Dataset::new("regression", [1], inputs, targets).unwrap();
    let fitted = Normalizer::fit_targets(&data, &[0, 1]);
    let mut values = [1.0, 30.0];
    fitted.apply(&mut values);
    assert_eq!(values, [-1.0, 1.0]);
    fitted.restore(&mut values);
    assert_eq!(values, [1.0, 30.0]);
}

#[test]
fn configs_read_and_write_as_in_a_recipe() {
    let read = |text: &str| serde_json::from_str::<NormalizeConfig>(text);
    for text in ["\"none\"", "\"standard\"", "\"min_max\"", r#"{"mean":[0.5],"std":[0.25]}"#] {
        assert_eq!(serde_json::to_string(&read(text).unwrap()).unwrap(), text);
    }
    let message = read("\"standrad\"").unwrap_err().to_string();
    assert!(message.contains("standrad") && message.contains("\"min_max\""), "{message}");
    assert!(read(r#"{"mean":[0.5]}"#).unwrap_err().to_string().contains("std"));
}

#[test]
fn explicit_statistics_must_fit() {
    let data = table(&[1.0, 2.0, 3.0], 3);
    let bad = [(vec![0.0; 2], vec![1.0]), (vec![0.0], vec![0.0]), (vec![f64::NAN], vec![1.0])];
    for (mean, std) in bad {
        let config = NormalizeConfig::Fixed { mean, std };
        let error = Normalizer::fit_inputs(&config, &data, &[0]).unwrap_err();
        assert_eq!(error.code, DataErrorCode::Normalize);
    }
    let config = NormalizeConfig::Fixed { mean: vec![1.0], std: vec![2.0, 4.0, 1.0] };
    let fitted = Normalizer::fit_inputs(&config, &data, &[0]).unwrap();
    let mut row = [1.0, 5.0, 3.0];
    fitted.apply(&mut row);
    assert_eq!(row, [0.0, 1.0, 2.0]);
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_stored_normalises_to_the_same_bits(
            values in prop::collection::vec(-1e12..1e12f64, 2..40),
            bounds in any::<bool>(),
        ) {
            let train: Vec<u32> = (0..values.len() as u32).collect();
            let inputs = InputStore::F64(values.clone());
            let data = Dataset::new("table", [1], inputs, Targets::none()).unwrap();
            let config = if bounds { NormalizeConfig::MinMax } else { NormalizeConfig::Standard };
            let fitted = Normalizer::fit_inputs(&config, &data, &train).unwrap();
            let text = serde_json::to_string(&fitted).unwrap();
            let read: Normalizer = serde_json::from_str(&text).unwrap();
            let apply = |normalizer: &Normalizer| {
                let mut out = vec![0.0; values.len()];
                normalizer.apply_f64(&values, &mut out);
                out.iter().map(|value: &f32| value.to_bits()).collect::<Vec<_>>()
            };
            prop_assert_eq!(apply(&fitted), apply(&read));
        }
    }
}
