//! The loop needs no file system, no clock and no threads of its own: these are handed in, or in
//! the files that the feature `system` brings.

use std::fs;
use std::path::Path;

/// Files that the feature `system` brings, or chooses from.
const OF_THE_SYSTEM: [&str; 2] = ["clock.rs", "lane.rs"];

#[test]
fn the_loop_takes_nothing_of_the_system() {
    let mut read = 0;
    look_into(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut read);
    assert!(read > 50, "{read} files");
}

fn look_into(folder: &Path, read: &mut usize) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            look_into(&path, read);
            continue;
        }
        if OF_THE_SYSTEM.contains(&name) || name.contains("tests") {
            continue;
        }
        *read += 1;
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for taken in ["std::fs", "std::io", "std::env", "std::net", "std::process", "std::thread"] {
            assert!(!code.contains(taken), "{taken} in {}", path.display());
        }
        for taken in ["Instant::", "SystemTime", "File::"] {
            assert!(!code.contains(taken), "{taken} in {}", path.display());
        }
    }
}

#[test]
fn durations_are_those_of_the_clock_that_is_handed_in() {
    use std::cell::Cell;
    use std::time::Duration;

    use glassbox_nn::Sequential;
    use glassbox_train::data::{Dataset, InputStore, Loader, LoaderConfig, Targets, Transform};
    use glassbox_train::{TrainConfig, Trainer};

    let names = vec!["a".into(), "b".into()];
    let targets = Targets::Classes { labels: vec![0, 1, 0, 1], names };
    let inputs = InputStore::F32(vec![0.0, 1.0, 0.1, 0.9]);
    let data = Dataset::new("four", [1], inputs, targets).unwrap();
    let loader =
        Loader::new(data.into(), vec![0, 1, 2, 3], Transform::default(), LoaderConfig::default());
    let model = Sequential::input([1]).dense(2).build(7).unwrap();
    let config = TrainConfig { epochs: 3, ..TrainConfig::default() };
    let minutes = Cell::new(0);
    let clock = move || {
        minutes.set(minutes.get() + 1);
        Duration::from_secs(60 * minutes.get())
    };
    let report = Trainer::new(model, config).with_clock(clock).fit(&loader, None).unwrap();
    // Asked at the beginning and the end of the run and of each of its epochs.
    assert_eq!(report.duration, Duration::from_secs(60 * 7));
}
