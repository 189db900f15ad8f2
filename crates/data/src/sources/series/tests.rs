use glassbox_train::data::{Part, SplitConfig};

use super::*;
use crate::{DataConfig, DataSource, Prepared};

fn load(text: &str, change: impl FnOnce(&mut SeriesConfig)) -> Result<Loaded, DataError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("series.csv"), text).unwrap();
    let mut config =
        SeriesConfig { path: "series.csv".into(), window: 3, ..SeriesConfig::default() };
    change(&mut config);
    config.load(folder.path())
}

fn counting(rows: usize) -> String {
    let rows = (0..rows).map(|row| format!("{},{},{}\n", 1900 + row, row, 100 + row));
    format!("year,y,x\n{}", rows.collect::<String>())
}

fn values(dataset: &Dataset) -> (&[f64], &[f64], &[String]) {
    match (dataset.inputs(), dataset.targets()) {
        (InputStore::F64(inputs), Targets::Values { values, names, .. }) => (inputs, values, names),
        _ => panic!("numbers"),
    }
}

fn named(name: &str) -> Option<ColumnRef> {
    Some(ColumnRef::from(name))
}

#[test]
fn windows_and_what_comes_next() {
    let dataset = load(&counting(6), |config| config.time = named("year")).unwrap().dataset;
    assert_eq!((dataset.len(), dataset.item_shape().dims()), (3, &[3, 2][..]));
    let (inputs, targets, names) = values(&dataset);
    assert_eq!(inputs[6..12], [1.0, 101.0, 2.0, 102.0, 3.0, 103.0]);
    assert_eq!((targets, names), (&[3.0, 4.0, 5.0][..], &["y".to_owned()][..]));
    assert!(dataset.is_ordered() && !dataset.is_continuous());
}

#[test]
fn several_steps_and_chosen_columns() {
    let change = |config: &mut SeriesConfig| {
        config.features = vec!["y".into()];
        (config.target, config.horizon, config.season) = (named("x"), 2, Some(4));
    };
    let dataset = load(&counting(8), change).unwrap().dataset;
    assert_eq!((dataset.len(), dataset.item_shape().dims()), (3, &[3, 1][..]));
    let (inputs, targets, names) = values(&dataset);
    assert_eq!(inputs[..3], [1.0, 2.0, 3.0], "the season's baseline needs four steps");
    assert_eq!(targets, [104.0, 105.0, 105.0, 106.0, 106.0, 107.0]);
    assert_eq!(names, ["x +1", "x +2"]);
    let [last, season] = dataset.baselines() else { panic!("two baselines") };
    assert_eq!(last.values[..2], [103.0, 103.0]);
    assert_eq!(season.values[..4], [100.0, 101.0, 101.0, 102.0]);
}

#[test]
fn a_column_of_names_is_left_out_and_said() {
    let loaded = load("when,y\nmon,1\ntue,2\nwed,3\nthu,4\n", |_| {}).unwrap();
    assert_eq!(loaded.dataset.item_shape().dims(), [3, 1]);
    assert!(loaded.notes[0].contains("\"when\""), "{:?}", loaded.notes);
}

fn prepare(text: &str, split: Option<SplitConfig>) -> Prepared {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("series.csv"), text).unwrap();
    let source = SeriesConfig {
        path: "series.csv".into(),
        window: 5,
        horizon: 2,
        time: named("year"),
        ..SeriesConfig::default()
    };
    let source = DataSource::Series(source);
    DataConfig { source, split, ..DataConfig::default() }.prepare(folder.path()).unwrap()
}

/// The rows that the items of a part see or predict.
fn rows(data: &Prepared, part: Part) -> std::ops::Range<u32> {
    let items = data.split.part(part);
    items[0]..items[items.len() - 1] + 5 + 2
}

#[test]
fn no_value_is_in_two_parts() {
    let data = prepare(&counting(100), None);
    let [train, valid, test] = [Part::Train, Part::Valid, Part::Test].map(|part| rows(&data, part));
    assert_eq!((train.end, valid.end, test.end), (valid.start, test.start, 100));
    assert_eq!(data.split.test.len(), 12);
    // Without validation items there is only one cut.
    let split = SplitConfig { valid: Some(0.0), ..SplitConfig::default() };
    let data = prepare(&counting(100), Some(split));
    assert_eq!(rows(&data, Part::Train).end, rows(&data, Part::Test).start);
}

#[test]
fn nothing_later_influences_what_is_trained_on() {
    let data = prepare(&counting(100), None);
    let past = rows(&data, Part::Train).end as usize;
    let (kept, later): (Vec<_>, Vec<_>) = {
        let text = counting(100);
        let lines: Vec<String> = text.lines().map(String::from).collect();
        (lines[..=past].to_vec(), lines[past + 1..].to_vec())
    };
    let later = later.iter().map(|line| {
        let year = line.split(',').next().unwrap();
        format!("{year},{},-1e9", 1e6)
    });
    let text: Vec<String> = kept.into_iter().chain(later).collect();
    let other = prepare(&text.join("\n"), None);
    assert_ne!(data.dataset.fingerprint(), other.dataset.fingerprint());
    assert_eq!(data.input_normalizer, other.input_normalizer);
    assert_eq!(data.target_normalizer, other.target_normalizer);
    let batch = |data: &Prepared| {
        let loader = data.eval_loader(Part::Train, 1000);
        let batch = loader.epoch(0, 0).unwrap().next().unwrap().unwrap();
        (batch.inputs.to_vec(), batch.targets.to_vec())
    };
    assert_eq!(batch(&data), batch(&other));
    // The last value that trains does influence them: the test would notice.
    let mut lines: Vec<String> = counting(100).lines().map(String::from).collect();
    lines[past] = format!("{},1e6,0", 1900 + past - 1);
    let other = prepare(&lines.join("\n"), None);
    assert_ne!(data.target_normalizer, other.target_normalizer);
}

#[test]
fn baselines_are_measured_on_a_part() {
    let data = prepare(&counting(100), None);
    let scores = data.baseline_scores(Part::Test, &glassbox_nn::Loss::default());
    // One and two steps ahead of a series that grows by one.
    assert_eq!(scores.get("baseline_last_mae"), Some(1.5));
    // root_mean_squared_error averages the roots of the outputs, 1 and 2.
    assert_eq!(scores.get("baseline_last_rmse"), Some(1.5));
}

#[test]
fn the_end_of_a_file_is_predicted_from() {
    let reader = load(&counting(9), |config| config.time = named("year")).unwrap().reader;
    let text = serde_json::to_string(&reader).unwrap();
    let reader: InputReader = serde_json::from_str(&text).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let read = |text: &str| {
        let path = folder.path().join("new.csv");
        std::fs::write(&path, text).unwrap();
        reader.read_all(&path)
    };
    let dataset = read("year,x,y\n1,0,1\n2,2,3\n3,4,5\n4,6,7\n").unwrap();
    assert_eq!(dataset.inputs(), &InputStore::F64(vec![3.0, 2.0, 5.0, 4.0, 7.0, 6.0]));
    assert_eq!(read("year,x,y\n1,0,1\n").unwrap_err().code, DataErrorCode::Empty);
    assert_eq!(read("year,x,z\n1,0,1\n").unwrap_err().code, DataErrorCode::Column);
    // Without its time nobody knows the order of the rows.
    assert_eq!(read("x,y\n0,1\n2,3\n4,5\n6,7\n").unwrap_err().code, DataErrorCode::Column);
}

#[test]
fn what_is_wrong_is_named() {
    use DataErrorCode::*;
    type Change = fn(&mut SeriesConfig);
    let plain: Change = |_| {};
    let timed: Change = |config| config.time = named("t");
    let short = "y\n1\n2\n3\n";
    let cases: Vec<(&str, Change, DataErrorCode, &[&str])> = vec![
        (short, plain, Empty, &["series.csv", "4 steps or more", "window = 3", "found: 3"]),
        (short, |c| c.season = Some(7), Empty, &["8 steps", "season = 7"]),
        ("y\n", plain, Empty, &["no rows of values"]),
        ("", plain, Empty, &["0 bytes"]),
        ("y\n1\n2\nx\n4\n", plain, NotANumber, &["series.csv:4", "\"y\"", "\"x\""]),
        ("a,b\nu,v\nw,x\n", plain, Column, &["no column has numbers", "a, b"]),
        ("d,y\na,1\nb,2\n", |c| c.target = named("d"), NotANumber, &[":2", "\"a\""]),
        ("y,z\n1,1\n,2\n3,3\n4,4\n", plain, Missing, &["series.csv:3", "neighbors"]),
        ("y\n1\nNaN\n3\n4\n", plain, Missing, &["series.csv:3"]),
        ("y\n1\n1e39\n3\n4\n", plain, NotFinite, &["series.csv:3", "3.4e38"]),
        ("t,y\n1,1\n2,2\n4,3\n5,4\n", timed, Gap, &["series.csv:4", "\"t\"", "3,", "found: 4"]),
        ("t,y\n1,1\n2,2\n2,3\n3,4\n", timed, SameTime, &["series.csv:4", "lines 3 and 4"]),
        ("y\n1\n", |c| c.target = named("z"), Column, &["`target`", "\"z\""]),
        ("y\n1\n", |c| c.window = 0, Source, &["`window`"]),
        ("y\n1\n", |c| c.horizon = 0, Source, &["`horizon`"]),
        ("y\n1\n", |c| c.season = Some(0), Source, &["`season`"]),
        ("y\n1\n", |c| c.delimiter = Some('→'), Source, &["ASCII"]),
        ("y\n1\n", |c| c.path = "none.csv".into(), Unreadable, &["none.csv"]),
        ("y,z\n1,2\n3\n", plain, CsvStructure, &["series.csv:3"]),
    ];
    for (text, change, code, parts) in cases {
        let error = load(text, change).err().unwrap_or_else(|| panic!("{text:?} is accepted"));
        assert_eq!(error.code, code, "{text:?}: {error}");
        for part in parts {
            assert!(error.to_string().contains(part), "{text:?}: {part:?} is not in {error}");
        }
    }
}

#[test]
fn rounded_times_are_even() {
    let rows = (0..24).map(|month| format!("{:.2},{month}\n", 1949.0 + f64::from(month) / 12.0));
    let text = format!("t,y\n{}", rows.collect::<String>());
    assert!(load(&text, |config| config.time = named("t")).is_ok());
}

#[test]
fn a_date_that_is_none_is_an_error_not_a_column_of_texts() {
    let rows = |bad: &str| -> String {
        let day = |day: usize| if day == 5 { bad.into() } else { format!("2024-01-{day:02}") };
        (1..=9).rev().map(|at| format!("{},{at}\n", day(at))).collect()
    };
    for time in [None, named("date")] {
        let error = load(&format!("date,y\n{}", rows("2024-13-45")), |config| config.time = time)
            .unwrap_err();
        assert_eq!((error.code, error.place.line), (DataErrorCode::NotANumber, Some(6)));
        assert!(error.help.as_deref().is_some_and(|help| help.contains("`time`")), "{error}");
    }
    assert!(load(&format!("date,y\n{}", rows("2024-01-05")), |_| {}).is_ok());
}

#[test]
fn steps_are_told_in_hours() {
    let rows = (0..9).filter(|row| *row != 5).map(|row| format!("2024-03-31 {row:02}:00,{row}\n"));
    let error = load(&format!("when,y\n{}", rows.collect::<String>()), |_| {}).unwrap_err();
    assert!(error.to_string().contains("a step of 1 hour after"), "{error}");
}
