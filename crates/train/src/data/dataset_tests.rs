//! Data sets that are wrong, and what they give.

use super::*;

fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| n.to_string()).collect()
}

#[test]
fn what_does_not_fit_is_refused() {
    use DataErrorCode::*;
    let floats = |n: usize| InputStore::F32(vec![0.5; n]);
    let classes = |labels: &[i32]| Targets::Classes { labels: labels.to_vec(), names: names(2) };
    let values =
        |values: &[f64]| Targets::Values { values: values.to_vec(), width: 1, names: names(1) };
    let cases = [
        (floats(0), classes(&[]), Empty),
        (floats(3), classes(&[0]), CountMismatch),
        (floats(4), classes(&[0, 1, 1]), CountMismatch),
        (floats(4), classes(&[0, 2]), LabelRange),
        (floats(4), classes(&[-1, 0]), LabelRange),
        (floats(4), values(&[1.0]), CountMismatch),
        (floats(4), values(&[1.0, f64::NAN]), NotFinite),
        (InputStore::F32(vec![1.0, f32::INFINITY]), values(&[1.0]), NotFinite),
    ];
    for (inputs, targets, code) in cases {
        assert_eq!(Dataset::new("test", [2], inputs, targets).unwrap_err().code, code);
    }
}

#[test]
fn bytes_are_scaled_and_fingerprints_tell_items_apart() {
    let targets = Targets::Classes { labels: vec![0, 1, 0], names: names(2) };
    let inputs = InputStore::U8 { values: vec![0, 255, 51, 102, 0, 255], unit: 2.0 };
    let dataset = Dataset::new("bytes", [1, 2, 1], inputs, targets).unwrap();
    let mut out = [0.0; 2];
    dataset.write_input(1, &mut out);
    assert_eq!(out, [25.5, 51.0]);
    assert_eq!(dataset.input_fingerprint(0), dataset.input_fingerprint(2));
    assert_ne!(dataset.input_fingerprint(0), dataset.input_fingerprint(1));
    assert_eq!(dataset.memory(), 6 + 12);
}

#[test]
fn numbers_keep_their_digits() {
    let times = |last: f64| InputStore::F64(vec![1_700_000_000.0, last]);
    let targets = |last: f64| Targets::Values {
        values: vec![1_700_000_000.0, last],
        width: 1,
        names: names(1),
    };
    let dataset =
        |input, target| Dataset::new("times", [1], times(input), targets(target)).unwrap();
    let data = dataset(1_700_000_001.0, 1_700_000_002.0);
    let inputs = Normalizer { offset: vec![1_700_000_000.0], scale: vec![0.5] };
    let mut out = [0.0];
    data.write_normalized(1, &inputs, &mut out);
    assert_eq!(out, [2.0]);
    assert_eq!(inputs.restored(&[4.0]), [1_700_000_002.0]);
    assert_ne!(data.input_fingerprint(0), data.input_fingerprint(1));
    // In single precision they are all the same: a run of an earlier version is compared so.
    let single = |input: f32, target: f32| {
        let mut print = Fingerprint::new();
        print.number(1);
        print.floats(&[1_700_000_000.0, input]);
        print.floats(&[1_700_000_000.0, target]);
        print.finish()
    };
    assert!(data.matches(data.fingerprint()));
    assert!(data.matches(single(1_700_000_001.0, 1_700_000_002.0)));
    assert!(!data.matches(single(1_700_000_001.0, 1_800_000_000.0)));
    for other in [dataset(1_700_000_002.0, 1_700_000_002.0), dataset(1_700_000_001.0, 1e8)] {
        assert!(!data.matches(other.fingerprint()));
    }
}
