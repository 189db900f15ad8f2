//! MNIST, read from where `GLASSBOX_SHARED` or `../shared` (beside the workspace) keeps it.

use std::io::Write;
use std::path::{Path, PathBuf};

use glassbox_data::{DataConfig, DataSource, IdxConfig};
use glassbox_train::data::{Augment, LoaderConfig, NormalizeConfig, Part, Targets, Workers};

/// MNIST's folder, or nothing with a message.
fn mnist() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("GLASSBOX_SHARED").map_or_else(beside, PathBuf::from);
    let folder = shared.join("data/mnist");
    if folder.is_dir() {
        return Some(folder);
    }
    // Written past the test harness, which would hide it.
    let message = format!("SKIPPED: no MNIST in {}; set GLASSBOX_SHARED\n", folder.display());
    let _ = std::io::stderr().write_all(message.as_bytes());
    None
}

fn config(path: PathBuf) -> DataConfig {
    let source = DataSource::Idx(IdxConfig { path, ..Default::default() });
    DataConfig { source, ..Default::default() }
}

#[test]
fn mnist_is_read_in_its_published_order_and_split() {
    let Some(folder) = mnist() else { return };
    let data = config(folder).prepare(Path::new(".")).unwrap();
    assert_eq!(data.dataset.len(), 70_000);
    assert_eq!(data.dataset.item_shape().dims(), [28, 28, 1]);
    let Targets::Classes { labels, names } = data.dataset.targets() else { panic!("classes") };
    assert_eq!(labels[..5], [5, 0, 4, 1, 9]);
    assert_eq!(labels[60_000..60_005], [7, 2, 1, 0, 4]);
    assert_eq!(names.len(), 10);
    let sizes = [Part::Train, Part::Valid, Part::Test].map(|part| data.split.part(part).len());
    assert_eq!(sizes, [54_000, 6_000, 10_000]);
    assert!(data.split.test.iter().copied().eq(60_000..70_000));
    // The often quoted mean and standard deviation of the training images.
    let (mean, std) = (data.input_normalizer.offset[0], data.input_normalizer.scale[0]);
    assert!((mean - 0.1307).abs() < 5e-4 && (std - 0.3081).abs() < 5e-4, "{mean} {std}");
}

#[test]
fn augmented_batches_do_not_depend_on_threads() {
    let Some(folder) = mnist() else { return };
    let config = DataConfig { normalize: NormalizeConfig::None, ..config(folder) };
    let data = config.prepare(Path::new(".")).unwrap();
    let steps =
        [r#"{"type":"rotate","degrees":12}"#, r#"{"type":"translate"}"#, r#"{"type":"noise"}"#];
    let augment: Vec<Augment> = steps.map(|step| serde_json::from_str(step).unwrap()).into();
    let last_batches = |workers| {
        let config = LoaderConfig { batch_size: 128, seed: 3, workers, ..Default::default() };
        let loader = data.train_loader(&augment, config).unwrap();
        let batches = loader.epoch(1, loader.batches() - 5).unwrap();
        batches.map(|batch| batch.unwrap().inputs.to_vec()).collect::<Vec<_>>()
    };
    let inline = last_batches(Workers::Inline);
    assert_eq!(inline.len(), 5);
    assert_eq!(inline, last_batches(Workers::Threads(2)));
}
