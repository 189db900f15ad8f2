use glassbox_train::data::error::DataErrorCode;
use glassbox_train::data::{InputStore, Targets};

use super::*;

pub(super) fn load(text: &[u8], change: impl FnOnce(&mut CsvConfig)) -> Result<Loaded, DataError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("table.csv"), text).unwrap();
    let mut config = CsvConfig { path: "table.csv".into(), ..Default::default() };
    change(&mut config);
    config.load(folder.path())
}

pub(super) fn inputs(loaded: &Loaded) -> &[f64] {
    match loaded.dataset.inputs() {
        InputStore::F64(values) => values,
        _ => panic!("numbers"),
    }
}

pub(super) fn labels(loaded: &Loaded) -> (&[i32], &[String]) {
    match loaded.dataset.targets() {
        Targets::Classes { labels, names } => (labels, names),
        _ => panic!("classes"),
    }
}

const FLOWERS: &[u8] = b"length,colour,species\n1.5,red,rose\n2,blue,iris\n-3e-1,red,iris\n";

#[test]
fn numbers_categories_and_classes() {
    let loaded = load(FLOWERS, |_| {}).unwrap();
    assert_eq!(inputs(&loaded), [1.5, 0.0, 1.0, 2.0, 1.0, 0.0, -0.3, 0.0, 1.0]);
    assert_eq!(labels(&loaded), (&[1, 0, 0][..], &["iris".into(), "rose".into()][..]));
    let names: Vec<_> =
        loaded.dataset.features().iter().map(|f| (&f.name[..], f.one_hot)).collect();
    assert_eq!(names, [("length", false), ("colour=blue", true), ("colour=red", true)]);
}

#[test]
fn a_byte_order_mark_windows_lines_blanks_and_quotes_are_fine() {
    let text = b"\xef\xbb\xbfname; value ;y\r\n\"a;b\"; 1 ;2\r\n\r\nc;3;4\r\n";
    let loaded = load(text, |config| config.delimiter = Some(';')).unwrap();
    assert_eq!(loaded.dataset.features()[0].name, "name=a;b");
    assert_eq!(inputs(&loaded), [1.0, 0.0, 1.0, 0.0, 1.0, 3.0]);
    let Targets::Values { values, width: 1, names } = loaded.dataset.targets() else { panic!() };
    assert_eq!((&values[..], &names[0][..]), (&[2.0, 4.0][..], "y"));
}

#[test]
fn a_file_without_header_has_numbered_columns() {
    let loaded =
        load(b"1,2,3\n4,5,6\n", |config| config.target = ColumnRef::from(0).into()).unwrap();
    assert_eq!(inputs(&loaded), [2.0, 3.0, 5.0, 6.0]);
    assert_eq!(loaded.dataset.features()[1].name, "column 2");
    let numbered = |config: &mut CsvConfig| config.target_kind = TargetKind::Class;
    let loaded = load(b"1,10\n4,9\n", numbered).unwrap();
    assert_eq!(labels(&loaded), (&[1, 0][..], &["9".into(), "10".into()][..]));
    let loaded = load(b"a,b\nc,d\n", |config| config.header = Header::Absent).unwrap();
    assert_eq!(loaded.dataset.len(), 2);
}

#[test]
fn columns_can_be_chosen() {
    let text = b"id,a,b,y,z\n7,1,2,3,4\n8,5,6,7,8\n";
    let loaded = load(text, |config| {
        config.target = OneOrMore(vec!["z".into(), "y".into()]);
        config.ignore = vec!["id".into()];
        config.categorical = vec!["b".into()];
    });
    let loaded = loaded.unwrap();
    assert_eq!(inputs(&loaded), [1.0, 1.0, 0.0, 5.0, 0.0, 1.0]);
    let Targets::Values { values, width: 2, .. } = loaded.dataset.targets() else { panic!() };
    assert_eq!(values, &[4.0, 3.0, 8.0, 7.0]);
    let loaded = load(text, |config| config.features = vec![2.into(), "a".into()]).unwrap();
    assert_eq!(inputs(&loaded), [2.0, 1.0, 6.0, 5.0]);
}

#[test]
fn rows_with_missing_values_can_be_left_out() {
    let text = b"a,b\n1,2\n,3\n4,NA\n5,6\n";
    let loaded = load(text, |config| config.missing = Missing::SkipRow).unwrap();
    assert_eq!(inputs(&loaded), [1.0, 5.0]);
    assert!(loaded.notes[0].contains("2 rows"), "{:?}", loaded.notes);
}

#[test]
fn files_to_predict_are_read_by_name() {
    let reader = load(FLOWERS, |_| {}).unwrap().reader;
    let text = serde_json::to_string(&reader).unwrap();
    let reader: InputReader = serde_json::from_str(&text).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let read = |text: &[u8]| {
        let path = folder.path().join("new.csv");
        std::fs::write(&path, text).unwrap();
        reader.read_all(&path)
    };
    let dataset = read(b"colour,length\nblue,4\n").unwrap();
    assert_eq!(dataset.inputs(), &InputStore::F64(vec![4.0, 1.0, 0.0]));
    assert_eq!(dataset.targets(), &Targets::none());
    let error = read(b"colour,length\ngreen,4\n").unwrap_err();
    assert_eq!((error.code, error.place.line), (DataErrorCode::Category, Some(2)));
    let error = read(b"colour,len\nblue,4\n").unwrap_err();
    assert_eq!(error.code, DataErrorCode::Column);
    assert!(error.to_string().contains("\"length\""), "{error}");
}

#[test]
fn what_is_wrong_is_named() {
    use DataErrorCode::*;
    type Change = fn(&mut CsvConfig);
    let plain: Change = |_| {};
    let many: Vec<u8> = (0..103).flat_map(|i| format!("v{i},{i}\n").into_bytes()).collect();
    let cases: Vec<(&[u8], Change, DataErrorCode, &[&str])> = vec![
        (b"", plain, Empty, &["table.csv", "0 bytes"]),
        (b"\n\n", plain, Empty, &["no rows"]),
        (b"a,b\n", plain, Empty, &["at least one row"]),
        (b"a,b\n1,2\n3\n", plain, CsvStructure, &["table.csv:3", "2 cells", "found: 1"]),
        (b"a,b\n1,2\n3,4,5\n", plain, CsvStructure, &["table.csv:3", "found: 3"]),
        (b"a,b\n1,2\n\xff\xfe,3\n", plain, CsvStructure, &["table.csv:3", "UTF-8"]),
        (
            b"a,b\n1,2\nx,4\n5,6\n",
            plain,
            NotANumber,
            &["table.csv:3", "\"a\"", "\"x\"", "categorical"],
        ),
        (b"a,b\n1,2\n3,x\n", plain, NotANumber, &["table.csv:3", "\"b\"", "target_kind"]),
        (b"a,b\n1,red\n3,blue\n", |c| c.target_kind = TargetKind::Number, NotANumber, &[":2"]),
        (b"a,b\n1,2\nNaN,4\n", plain, Missing, &["table.csv:3", "\"a\"", "NaN"]),
        (b"a,b\n1,2\n3,inf\n", plain, NotFinite, &["table.csv:3", "\"b\""]),
        (b"a,b\n1,2\n1e39,4\n", plain, NotFinite, &["table.csv:3", "3.4e38"]),
        (b"a,b\n1,2\n,4\n", plain, Missing, &["table.csv:3", "\"a\"", "skip_row"]),
        (b"a,b\n1,2\n3,?\n", plain, Missing, &["table.csv:3", "\"b\""]),
        (b"a,b\n,2\n", |c| c.missing = super::Missing::SkipRow, Empty, &["1 row, with"]),
        (b"a,a,b\n1,2,3\n", plain, Column, &["table.csv:1", "\"a\"", "columns 0 and 1"]),
        (b"a,b\n1,2\n", |c| c.target = ColumnRef::from("price").into(), Column, &["price", "a, b"]),
        (b"a,b\n1,2\n", |c| c.ignore = vec![7.into()], Column, &["`ignore`", "column 7"]),
        (b"1,2\n3,4\n", |c| c.target = ColumnRef::from("y").into(), Column, &["without names"]),
        (b"a,b\n1,2\n", |c| c.ignore = vec!["a".into()], Column, &["no columns are left"]),
        (b"a\n1\n", plain, Column, &["no columns are left"]),
        (b"a,b\n1,2\n", |c| c.features = vec!["b".into()], Column, &["used twice"]),
        (b"a,b\n1,2\n", |c| c.features = vec!["a".into(), 0.into()], Column, &["used twice"]),
        (b"a,b\n1,x\n2,x\n", plain, Classes, &["\"b\"", "at least two", "\"x\""]),
        (&many, plain, Category, &["column 0", "at most 100", "max_categories"]),
        (b"a,b,c\n1,x,y\n", |c| c.target = OneOrMore(vec![1.into(), 2.into()]), Classes, &["b"]),
        (b"a,b\n1,2\n", |c| c.delimiter = Some('→'), Source, &["one ASCII character"]),
        (
            b"a,b\n1,2\n",
            |c| c.path = "none.csv".into(),
            Unreadable,
            &["none.csv", "check the path"],
        ),
        (b"a,b\n1,2\n", |c| c.path = ".".into(), Unreadable, &["a folder"]),
    ];
    for (text, change, code, parts) in cases {
        let shown = String::from_utf8_lossy(text);
        let error = load(text, change).err().unwrap_or_else(|| panic!("{shown:?} is accepted"));
        assert_eq!(error.code, code, "{shown:?}: {error}");
        let message = error.to_string();
        for part in parts {
            assert!(message.contains(part), "{shown:?}: {part:?} is not in {message}");
        }
    }
}

#[test]
fn configs_read_as_in_a_recipe() {
    let text = r#"{"path":"a.csv","target":"y","ignore":[0,"id"],"missing":"skip_row"}"#;
    let config: CsvConfig = serde_json::from_str(text).unwrap();
    assert_eq!(config.target, ColumnRef::from("y").into());
    assert_eq!(config.ignore, [ColumnRef::from(0), "id".into()]);
    let again = serde_json::from_str(&serde_json::to_string(&config).unwrap()).unwrap();
    assert_eq!(config, again);
    assert!(serde_json::from_str::<CsvConfig>(r#"{"targets":"y"}"#).is_err());
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            text in prop::collection::vec(prop::sample::select(b"1,2\n\n,\"a;.-e\xff NA?nif\r".to_vec()), 0..80),
            skip in any::<bool>(),
        ) {
            let change = |config: &mut CsvConfig| {
                config.missing = if skip { super::super::Missing::SkipRow } else { Default::default() };
            };
            if let Ok(loaded) = load(&text, change) {
                prop_assert!(!loaded.dataset.is_empty());
            }
        }
    }
}

#[test]
fn texts_beside_a_number_may_be_as_many_as_the_recipe_allows() {
    let rows = (0..12_000).map(|row| format!("t{row};{row}\n"));
    let text = format!("name;y\n{}3,5;1\n", rows.collect::<String>());
    let loaded = load(text.as_bytes(), |config| config.max_categories = 20_000).unwrap();
    assert_eq!(loaded.dataset.features().len(), 12_001);
}
