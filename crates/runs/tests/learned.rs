//! What a model learned about its data: saved, read back and applied, it gives the same bits.

use glassbox_data::{DataConfig, Learned, Prepared};
use glassbox_runs::PredictorConfig;
use glassbox_train::data::{
    Batch, DataErrorCode, Dataset, InputStore, NormalizeConfig, Normalizer, Part, Targets,
};
use proptest::prelude::*;

/// A folder with data of every kind that is read from files.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let rows = (0..40).map(|i| {
        format!(
            "{},{},{}\n",
            1e9 + f64::from(i) / 3.0,
            ["x", "y", "z"][i as usize % 3],
            ["no", "yes"][i as usize % 2]
        )
    });
    write("table.csv", format!("time,letter,answer\n{}", rows.collect::<String>()).as_bytes());
    write("few.csv", b"answer,letter,time\nyes,z,1000000001\n");
    let rows = (0..30).map(|i| format!("{},{}\n", i, 0.1 * f64::from(i % 7)));
    write("series.csv", format!("t,v\n{}", rows.collect::<String>()).as_bytes());
    write("few-series.csv", b"t,v\n1,0.1\n2,0.3\n3,0.2\n4,0.4\n");
    write("text.txt", "the cat sat on the mat;\n".repeat(20).as_bytes());
    write("few.txt", b"that cat set the ham on");
    write("lines.csv", b"text,kind\naab,p\nbbba,q\nabab,p\nb,q\naa,p\nbab,q\n");
    write("few-lines.csv", b"text,kind\nab,q\n");
    for (class, value) in [("cat", 10), ("dog", 200)] {
        for index in 0..6u8 {
            let pixels = [value + index, 0, 0, value, 5, value];
            let image = [&b"P5 3 2 255\n"[..], &pixels].concat();
            write(&format!("images/{class}/{index}.pgm"), &image);
        }
    }
    write("few-images/dog/1.pgm", &[&b"P5 3 2 255\n"[..], &[1, 2, 3, 4, 5, 6]].concat());
    let idx = |dims: &[u32], values: &[u8]| {
        let mut bytes = vec![0, 0, 8, dims.len() as u8];
        dims.iter().for_each(|length| bytes.extend(length.to_be_bytes()));
        [bytes, values.to_vec()].concat()
    };
    let pixels: Vec<u8> = (0..60).collect();
    let labels: Vec<u8> = (0..10).map(|i| i % 3).collect();
    write("idx/train-images-idx3-ubyte", &idx(&[10, 3, 2], &pixels));
    write("idx/train-labels-idx1-ubyte", &idx(&[10], &labels));
    write("few-idx/t10k-images-idx3-ubyte", &idx(&[1, 3, 2], &pixels[..6]));
    write("few-idx/t10k-labels-idx1-ubyte", &idx(&[1], &[1]));
    folder
}

/// Every kind: its `[data]`, and a file with few of its classes, categories and characters.
const KINDS: [(&str, &str); 8] = [
    (r#"{"kind":"csv","path":"table.csv"}"#, "few.csv"),
    (r#"{"kind":"csv","path":"table.csv","normalize":"min_max"}"#, "few.csv"),
    (r#"{"kind":"series","path":"series.csv","time":"t","window":3}"#, "few-series.csv"),
    (r#"{"kind":"text","path":"text.txt","seq_len":8}"#, "few.txt"),
    (r#"{"kind":"text","path":"text.txt","seq_len":4,"unit":"word"}"#, "few.txt"),
    (r#"{"kind":"lines","path":"lines.csv"}"#, "few-lines.csv"),
    (r#"{"kind":"images","path":"images"}"#, "few-images"),
    (r#"{"kind":"idx","path":"idx"}"#, "few-idx"),
];

fn config(text: &str) -> DataConfig {
    serde_json::from_str(text).unwrap()
}

/// What is learned of the data, through the metadata of a weight file.
fn learned(data: &Prepared) -> Learned {
    let config = PredictorConfig::new(&[], &Default::default(), data);
    let text = serde_json::to_string(&config).unwrap();
    serde_json::from_str::<PredictorConfig>(&text).unwrap().learned
}

fn all(data: &Prepared, part: Part) -> Vec<Batch> {
    data.eval_loader(part, 7).epoch(0, 0).unwrap().map(Result::unwrap).collect()
}

fn bits(batches: &[Batch]) -> Vec<u32> {
    let values = batches.iter().flat_map(|batch| batch.inputs.to_vec());
    values.map(f32::to_bits).collect()
}

#[test]
fn what_was_learned_gives_the_same_bits_again() {
    let folder = folder();
    for (text, _) in KINDS {
        let config = config(text);
        let data = config.prepare(folder.path()).unwrap();
        let learned = learned(&data);
        let again = config.prepare_known(folder.path(), &learned).unwrap();
        assert!(again.dataset.matches(data.dataset.fingerprint()), "{text}");
        assert_eq!(again.split, data.split, "{text}");
        assert_eq!((&again.statistics, &again.reader), (&data.statistics, &data.reader), "{text}");
        for part in [Part::Train, Part::Valid, Part::Test] {
            let (first, second) = (all(&data, part), all(&again, part));
            assert_eq!(bits(&first), bits(&second), "{text}");
            let targets = |batches: &[Batch]| -> Vec<String> {
                batches.iter().map(|batch| format!("{:?}", batch.targets)).collect()
            };
            assert_eq!(targets(&first), targets(&second), "{text}");
        }
    }
}

#[test]
fn other_data_becomes_the_same_inputs_and_all_items_are_scored() {
    let folder = folder();
    for (text, few) in KINDS {
        let config = config(text);
        let data = config.prepare(folder.path()).unwrap();
        let learned = learned(&data);
        let few = folder.path().join(few);
        let other = config.read_labelled(&[&few], &learned).unwrap();
        assert_eq!(other.split.test.len(), other.dataset.len(), "{text}");
        assert_eq!(other.dataset.targets().class_names(), data.dataset.targets().class_names());
        assert_eq!(other.input_normalizer, data.input_normalizer, "{text}");
        let twice = config.read_labelled(&[&few, &few], &learned).unwrap();
        assert_eq!(twice.dataset.len(), 2 * other.dataset.len(), "{text}");
        let one = bits(&all(&other, Part::Test));
        assert_eq!(bits(&all(&twice, Part::Test)), [&one[..], &one].concat(), "{text}");
    }
}

#[test]
fn columns_and_classes_keep_their_order() {
    let folder = folder();
    let config = config(KINDS[0].0);
    let learned = learned(&config.prepare(folder.path()).unwrap());
    let few = folder.path().join("few.csv");
    let other = config.read_labelled(&[&few], &learned).unwrap();
    assert_eq!(other.dataset.inputs(), &InputStore::F64(vec![1_000_000_001.0, 0.0, 0.0, 1.0]));
    let Targets::Classes { labels, names } = other.dataset.targets() else { panic!("classes") };
    assert_eq!((&labels[..], names.join(" ")), (&[1][..], "no yes".into()));
}

#[test]
fn what_the_model_does_not_know_is_named() {
    let folder = folder();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("class.csv", "time,letter,answer\n1000000001,x,no\n1000000002,x,maybe\n");
    write("category.csv", "time,letter,answer\n1000000001,q,no\n");
    write("column.csv", "time,answer\n1000000001,no\n");
    write("character.txt", "the cat sat Ünder the mat");
    write("class-lines.csv", "text,kind\nab,q\nab,r\n");
    write("character-lines.csv", "text,kind\nab,q\n\"a\nb\",p\nxb,q\n");
    write("class-images/bird/1.pgm", "P5 1 1 255\n.");
    write("flat-images/1.pgm", "P5 1 1 255\n.");
    let cases: [(usize, &str, DataErrorCode, &[&str]); 8] = [
        (0, "class.csv", DataErrorCode::UnknownClass, &[":3", "\"answer\"", "maybe", "no, yes"]),
        (0, "category.csv", DataErrorCode::Category, &[":2", "\"letter\"", "\"q\"", "unknown"]),
        (0, "column.csv", DataErrorCode::Column, &["\"letter\""]),
        (3, "character.txt", DataErrorCode::Text, &[":1", "'Ü'"]),
        (5, "class-lines.csv", DataErrorCode::UnknownClass, &[":3", "\"kind\"", "p, q"]),
        (5, "character-lines.csv", DataErrorCode::Text, &["'\\n'"]),
        (6, "class-images", DataErrorCode::UnknownClass, &["bird", "cat, dog"]),
        (6, "flat-images", DataErrorCode::Classes, &["no class folders", "glassbox predict"]),
    ];
    for (kind, file, code, parts) in cases {
        let config = config(KINDS[kind].0);
        let learned = learned(&config.prepare(folder.path()).unwrap());
        let path = folder.path().join(file);
        let error = config.read_labelled(&[&path], &learned).unwrap_err();
        assert_eq!(error.code, code, "{file}: {error}");
        for part in parts {
            assert!(error.to_string().contains(part), "{part} is not in {error}");
        }
    }
    let digits = config(r#"{"kind":"digits"}"#);
    let learned = learned(&config(KINDS[0].0).prepare(folder.path()).unwrap());
    let error = digits.read_labelled(&[&folder.path().join("images")], &learned).unwrap_err();
    assert_eq!(error.code, DataErrorCode::OtherData, "{error}");
}

#[test]
fn files_of_earlier_versions_are_read() {
    let folder = folder();
    let data = config(KINDS[5].0).prepare(folder.path()).unwrap();
    let new = PredictorConfig::new(&[], &Default::default(), &data);
    let mut old = serde_json::to_value(&new).unwrap();
    for key in ["loss", "exact", "data", "statistics", "unknown"] {
        old.as_object_mut().unwrap().remove(key).unwrap();
    }
    old["reader"]["lines"].as_object_mut().unwrap().remove("target").unwrap();
    let old: PredictorConfig = serde_json::from_value(old).unwrap();
    let again = config(KINDS[5].0).prepare_known(folder.path(), &old.learned).unwrap();
    assert!(again.dataset.matches(data.dataset.fingerprint()));
    assert_eq!(again.statistics, data.statistics, "measured on the same training items");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_normalization_survives_its_file(
        values in prop::collection::vec(-1e12..1e12f64, 12),
        small in prop::collection::vec(-1e-6..1e-6f64, 6),
        bounds in any::<bool>(),
    ) {
        let values = [values, small].concat();
        let kind = if bounds { NormalizeConfig::MinMax } else { NormalizeConfig::Standard };
        let inputs = InputStore::F64(values.clone());
        let targets = Targets::Values { values: values[..6].to_vec(), width: 1, names: vec!["y".into()] };
        let dataset = Dataset::new("values", [3], inputs, targets).unwrap();
        let fitted = Normalizer::fit_inputs(&kind, &dataset, &[0, 1, 2, 3]).unwrap();
        let text = serde_json::to_string(&fitted).unwrap();
        let read: Normalizer = serde_json::from_str(&text).unwrap();
        let apply = |normalizer: &Normalizer| {
            let mut out = [0.0; 3];
            (0..6).flat_map(|item| {
                dataset.write_normalized(item, normalizer, &mut out);
                out.map(f32::to_bits)
            }).collect::<Vec<_>>()
        };
        prop_assert_eq!(apply(&fitted), apply(&read));
        let target = Normalizer::fit_targets(&dataset, &[0, 1, 2]);
        let read: Normalizer = serde_json::from_str(&serde_json::to_string(&target).unwrap()).unwrap();
        prop_assert_eq!(target.restored(&[0.3, -2.0]), read.restored(&[0.3, -2.0]));
    }
}
