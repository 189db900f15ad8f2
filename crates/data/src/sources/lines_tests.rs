use glassbox_train::data::Part;

use super::*;
use crate::{DataConfig, DataSource};

const NAMES: &str = "name,language\nada,en\nkim,kr\nlée,fr\nbo,kr\n";

fn load(text: &str, change: impl FnOnce(&mut LinesConfig)) -> Result<Loaded, DataError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lines.csv"), text).unwrap();
    let mut config = LinesConfig { path: "lines.csv".into(), ..LinesConfig::default() };
    change(&mut config);
    config.load(folder.path())
}

fn item(dataset: &Dataset, index: usize) -> Vec<f32> {
    let mut out = vec![0.0; dataset.item_shape().elements()];
    dataset.write_input(index, &mut out);
    out
}

#[test]
fn texts_are_padded_to_the_longest() {
    let dataset = load(NAMES, |_| {}).unwrap().dataset;
    assert_eq!((dataset.len(), dataset.item_shape().dims()), (4, &[3][..]));
    assert_eq!(dataset.lengths(), Some(&[3, 3, 3, 2][..]));
    // a b d e i k l m o é
    assert_eq!((dataset.tokens(), item(&dataset, 3)), (Some(10), vec![1.0, 8.0, 10.0]));
    let Targets::Classes { labels, names } = dataset.targets() else { panic!("classes") };
    assert_eq!((&labels[..], names.join(" ")), (&[0, 2, 1, 2][..], "en fr kr".into()));
}

#[test]
fn equal_numbers_are_one_class() {
    let dataset = load("text,stars\ngood,5\nbad,1.0\nwell,5.0\npoor,1\n", |_| {}).unwrap().dataset;
    let Targets::Classes { labels, names } = dataset.targets() else { panic!("classes") };
    assert_eq!((&labels[..], names.join(" ")), (&[1, 0, 1, 0][..], "1 5".into()));
}

#[test]
fn words_and_chosen_columns_and_a_given_length() {
    let change = |config: &mut LinesConfig| {
        (config.unit, config.seq_len, config.delimiter) = (Unit::Word, Some(2), Some('\t'));
        config.header = Header::Absent;
        (config.text, config.target) = (Some(1.into()), Some(0.into()));
    };
    let loaded = load("good\tso very good\nbad\tvery bad\n", change).unwrap();
    assert_eq!(item(&loaded.dataset, 0).len(), 2);
    assert_eq!(loaded.dataset.lengths(), Some(&[2, 2][..]));
    assert!(loaded.notes[0].contains("1 text is cut off"), "{:?}", loaded.notes);
}

#[test]
fn batches_have_the_lengths_of_their_items() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lines.csv"), NAMES).unwrap();
    let config = LinesConfig { path: "lines.csv".into(), ..LinesConfig::default() };
    let config = DataConfig { source: DataSource::Lines(config), ..Default::default() };
    let data = config.prepare(folder.path()).unwrap();
    assert!(data.input_normalizer.is_identity());
    let batch = data.eval_loader(Part::Train, 9).epoch(0, 0).unwrap().next().unwrap().unwrap();
    let lengths = batch.lengths.as_ref().unwrap();
    let of = data.dataset.lengths().unwrap();
    for (&length, &index) in lengths.as_i32().iter().zip(batch.indices()) {
        assert_eq!(length, of[index as usize]);
    }
}

#[test]
fn padding_does_not_count() {
    use glassbox_nn::{Cx, Sequential, layers};
    let scores = |seq_len: usize| {
        let dataset = load(NAMES, |config| config.seq_len = Some(seq_len)).unwrap().dataset;
        let embedding =
            layers::EmbeddingConfig { size: dataset.tokens(), ..layers::EmbeddingConfig::new(4) };
        let gru = layers::GruConfig {
            bidirectional: true,
            returns: layers::Return::Last,
            ..layers::GruConfig::new(5)
        };
        let model =
            Sequential::input([seq_len]).layer(embedding).layer(gru).dense(3).build(1).unwrap();
        let order: std::sync::Arc<[u32]> = vec![0, 1, 2, 3].into();
        let batch = glassbox_train::data::Transform::default().batch(&dataset, 0, &order, 0..4);
        batch.forward(&model, &mut Cx::eval()).to_vec()
    };
    let (short, long) = (scores(3), scores(9));
    assert!(short.iter().zip(&long).all(|(a, b)| (a - b).abs() < 1e-6), "{short:?} {long:?}");
}

#[test]
fn other_files_become_the_same_tokens() {
    let reader = load(NAMES, |_| {}).unwrap().reader;
    let reader: InputReader =
        serde_json::from_str(&serde_json::to_string(&reader).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let read = |text: &str| {
        let path = folder.path().join("new.csv");
        std::fs::write(&path, text).unwrap();
        reader.read_all(&path)
    };
    let dataset = read("name\nbo\nadam\n").unwrap();
    assert_eq!((item(&dataset, 0), dataset.lengths()), (vec![1.0, 8.0, 10.0], Some(&[2, 3][..])));
    assert_eq!(read("name\nzoe\n").unwrap_err().code, DataErrorCode::Text);
    assert_eq!(read("names\nbo\n").unwrap_err().code, DataErrorCode::Column);
}

#[test]
fn what_is_wrong_is_named() {
    use DataErrorCode::*;
    type Change = fn(&mut LinesConfig);
    let plain: Change = |_| {};
    let cases: Vec<(&str, Change, DataErrorCode, &[&str])> = vec![
        ("a,b\n", plain, Empty, &["no rows of texts"]),
        ("t,c\nx,1\n,2\n", plain, Missing, &["lines.csv:3", "\"t\""]),
        ("t,c\nx,1\ny,\n", plain, Missing, &["lines.csv:3", "\"c\""]),
        ("t,c\nx,1\ny,1\n", plain, Classes, &["\"c\"", "2 to 10,000", "found: 1"]),
        ("t\nx\n", plain, Column, &["used twice", "delimiter"]),
        (NAMES, |c| c.text = Some("text".into()), Column, &["`text`", "name, language"]),
        (NAMES, |c| c.seq_len = Some(0), Source, &["seq_len"]),
        (NAMES, |c| c.path = "none.csv".into(), Unreadable, &["none.csv"]),
    ];
    for (text, change, code, parts) in cases {
        let error = load(text, change).err().unwrap_or_else(|| panic!("{text:?} is accepted"));
        assert_eq!(error.code, code, "{text:?}: {error}");
        for part in parts {
            assert!(error.to_string().contains(part), "{text:?}: {part:?} is not in {error}");
        }
    }
}
