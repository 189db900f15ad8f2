//! Columns in all the ways that people write them.

use glassbox_train::data::error::DataErrorCode;
use glassbox_train::data::{InputStore, Targets};

use super::tests::{inputs, labels, load};
use super::*;

/// The kinds of the inputs and of the targets.
fn kinds(loaded: &Loaded) -> Vec<String> {
    let InputReader::Table(schema) = &loaded.reader else { panic!("a table") };
    let columns = schema.inputs.iter().chain(schema.targets.columns());
    columns.map(|column| column.kind.describe()).collect()
}

fn targets(loaded: &Loaded) -> &[f64] {
    match loaded.dataset.targets() {
        Targets::Values { values, .. } => values,
        _ => panic!("numbers"),
    }
}

#[test]
fn columns_are_read_as_what_they_are() {
    let text = "size;when;share;price;sunny;y\n\
                5,9;31.12.2024;12,5 %;1.200,00 €;yes;1\n\
                6;01.01.2025;7 %;950,50 €;No;2\n";
    let loaded = load(text.as_bytes(), |_| {}).unwrap();
    assert_eq!(
        kinds(&loaded),
        [
            "numbers, decimal comma",
            "dates, as days since 1970",
            "numbers, decimal comma, percent",
            "numbers, decimal comma, €",
            "no or yes, as 0 or 1",
            "numbers, decimal comma",
        ]
    );
    let expected = [5.9, 20_088.0, 12.5, 1200.0, 1.0, 6.0, 20_089.0, 7.0, 950.5, 0.0];
    assert_eq!(inputs(&loaded), expected);
    assert_eq!(targets(&loaded), [1.0, 2.0]);
    assert!(loaded.notes.iter().any(|note| note.contains("';'")), "{:?}", loaded.notes);
    // A new file is read alike, whatever it shows by itself.
    let text = serde_json::to_string(&loaded.reader).unwrap();
    let reader: InputReader = serde_json::from_str(&text).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.csv");
    std::fs::write(&path, "when;sunny;size;share;price\n1.2.2025;YES;1.234;5 %;3\n").unwrap();
    let dataset = reader.read_all(&path).unwrap();
    assert_eq!(dataset.inputs(), &InputStore::F64(vec![1234.0, 20_120.0, 5.0, 3.0, 1.0]));
    std::fs::write(&path, "when;sunny;size;share;price\n1.2.2025;yes;12.5;5 %;3\n").unwrap();
    let error = reader.read_all(&path).unwrap_err();
    assert_eq!((error.code, error.place.line), (DataErrorCode::NotANumber, Some(2)));
}

#[test]
fn what_can_be_read_in_two_ways_is_asked() {
    use DataErrorCode::*;
    let thousands = "a;y\n1,234;1\n5,678;2\n";
    let error = load(thousands.as_bytes(), |_| {}).unwrap_err();
    assert_eq!(error.code, AmbiguousNumber);
    for (decimal, expected) in [(',', [1.234, 5.678]), ('.', [1234.0, 5678.0])] {
        let loaded = load(thousands.as_bytes(), |config| config.decimal = Some(decimal)).unwrap();
        assert_eq!(inputs(&loaded), expected);
    }
    // Another column shows it, and it is said.
    let loaded = load(b"a;y\n1,234;1,5\n5,678;2,5\n", |_| {}).unwrap();
    assert_eq!(inputs(&loaded), [1.234, 5.678]);
    assert!(loaded.notes.iter().any(|note| note.contains("1,234")), "{:?}", loaded.notes);
    let dates = b"a,y\n1/2/2024,1\n3/4/2024,2\n";
    assert_eq!(load(dates, |_| {}).unwrap_err().code, AmbiguousDate);
    let loaded = load(dates, |config| config.day_first = Some(true)).unwrap();
    assert_eq!(inputs(&loaded), [19_754.0, 19_816.0]);
    let loaded = load(b"a,y\n1/2/2024,1\n13/2/2024,2\n", |_| {}).unwrap();
    assert_eq!(inputs(&loaded), [19_754.0, 19_766.0]);
    let mixed: [&[u8]; 5] = [
        b"a;y\n1,5;1\n2.5;2\n",
        b"a,y\n5%,1\n0.5,2\n",
        "a,y\n$5,1\n€5,2\n".as_bytes(),
        b"a,y\n13/2/2024,1\n2/13/2024,2\n",
        b"a,y\n2024-01-01T00:00Z,1\n2024-01-01T00:00,2\n",
    ];
    for text in mixed {
        let error = load(text, |_| {}).unwrap_err();
        assert_eq!((error.code, error.place.line), (MixedColumn, Some(3)), "{error}");
    }
}

#[test]
fn dates_become_what_a_recipe_says() {
    let text = b"when,y\n2024-12-31 18:00,1\n2025-01-01 06:00,2\n";
    assert_eq!(inputs(&load(text, |_| {}).unwrap()), [20_088.75, 20_089.25]);
    let loaded = load(text, |config| config.dates = DateUnit::Seconds).unwrap();
    assert_eq!(inputs(&loaded), [1_735_668_000.0, 1_735_711_200.0]);
    let loaded = load(text, |config| config.dates = DateUnit::Parts).unwrap();
    let expected = [2024.0, 12.0, 31.0, 2.0, 18.0, 2025.0, 1.0, 1.0, 3.0, 6.0];
    assert_eq!(inputs(&loaded), expected);
    assert_eq!(loaded.dataset.features()[3].name, "when.weekday");
    let loaded = load(b"x,when\n1,20241231\n2,20250101\n3,20250103\n", |_| {}).unwrap();
    assert_eq!(targets(&loaded), [20_088.0, 20_089.0, 20_091.0]);
}

#[test]
fn targets_are_what_the_task_says() {
    let text = b"a,y\n1,1\n2,2\n3,1.0\n";
    let class = |config: &mut CsvConfig| config.target_kind = TargetKind::Class;
    let loaded = load(b"a,y\n1,1\n2,10\n3,2\n", class).unwrap();
    let names = ["1".to_owned(), "2".into(), "10".into()];
    assert_eq!(labels(&loaded), (&[0, 2, 1][..], &names[..]));
    assert!(load(text, |_| {}).is_ok());
    let words = b"a,y\n1,yes\n2,no\n3,yes\n";
    assert_eq!(labels(&load(words, |_| {}).unwrap()).0, [1, 0, 1]);
    let number = |config: &mut CsvConfig| config.target_kind = TargetKind::Number;
    assert_eq!(targets(&load(words, number).unwrap()), [1.0, 0.0, 1.0]);
    let error = load(b"a,y\n1,red\n2,blue\n", number).unwrap_err();
    assert_eq!(error.code, DataErrorCode::NotANumber);
    // Texts that look like numbers are no classes by accident.
    let weights: String = (0..40).map(|row| format!("{row},{} kg\n", 50 + row)).collect();
    let error = load(format!("a,y\n{weights}").as_bytes(), |_| {}).unwrap_err();
    assert_eq!(error.code, DataErrorCode::LooksNumeric);
    assert!(load(format!("a,y\n{weights}").as_bytes(), class).is_ok());
}

#[test]
fn missing_values_have_many_spellings() {
    let spellings =
        ["", "NA", "N/A", "n/a", "NaN", "nan", "null", "None", "-", "?", "#N/A", "missing"];
    let rows: String = spellings.iter().map(|cell| format!("{cell},yes,4\n")).collect();
    let text = format!("a,b,y\n1,yes,3\n{rows}2,no,5\n");
    let loaded = load(text.as_bytes(), |config| config.missing = Missing::SkipRow).unwrap();
    assert_eq!(inputs(&loaded), [1.0, 1.0, 2.0, 0.0]);
    let error = load(text.as_bytes(), |_| {}).unwrap_err();
    assert_eq!((error.code, error.place.line), (DataErrorCode::Missing, Some(3)));
    // A recipe may give others instead.
    let loaded = load(b"a,b,y\n1,None,3\n2,some,4\n-9,None,5\n", |config| {
        config.missing_values = Some(vec!["-9".into()]);
        config.missing = Missing::SkipRow;
    });
    let loaded = loaded.unwrap();
    assert_eq!(loaded.dataset.features()[1].name, "b=None");
    assert_eq!(loaded.dataset.len(), 2);
}

#[test]
fn an_index_without_a_name_is_left_out_and_said() {
    for header in ["", "Unnamed: 0"] {
        let text = format!("{header},a,y\n0,5,3\n1,7,5\n2,6,4\n");
        let loaded = load(text.as_bytes(), |_| {}).unwrap();
        assert_eq!(inputs(&loaded), [5.0, 7.0, 6.0]);
        assert!(loaded.notes.iter().any(|note| note.contains("left out")), "{:?}", loaded.notes);
    }
    let text = b",a,y\n0,5,3\n1,7,5\n2,6,4\n";
    let loaded = load(text, |config| config.features = vec![0.into(), "a".into()]).unwrap();
    assert_eq!(loaded.dataset.features().len(), 2);
    // Without a name, but no index.
    assert_eq!(load(b",a,y\n3,5,3\n1,7,5\n2,6,4\n", |_| {}).unwrap().dataset.features().len(), 2);
}

#[test]
fn files_of_spreadsheets_and_compressed_files_are_read() {
    let text = "sep=;\r\nsize;price\r\n1,5;2,5\r\n2,5;3,5\r\n";
    let expected = [1.5, 2.5];
    let check = |bytes: &[u8], what: &str| {
        let loaded = load(bytes, |_| {}).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(inputs(&loaded), expected, "{what}");
    };
    check(text.as_bytes(), "sep=");
    check(format!("\u{feff}{text}").as_bytes(), "a mark and sep=");
    let units: Vec<u16> = format!("\u{feff}{text}").encode_utf16().collect();
    check(&units.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<_>>(), "UTF-16");
    check(&units.iter().flat_map(|unit| unit.to_be_bytes()).collect::<Vec<_>>(), "UTF-16, big");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, text.as_bytes()).unwrap();
    let gz = gz.finish().unwrap();
    check(&gz, "gzip");
    let error = load(&gz[..gz.len() - 10], |_| {}).unwrap_err();
    assert_eq!(error.code, DataErrorCode::Compression, "{error}");
    // The line is that of the file.
    let error = load(b"sep=;\na;y\n1;2\n\n1;x\n", |_| {}).unwrap_err();
    assert_eq!(error.place.line, Some(5), "{error}");
}

#[test]
fn what_a_user_may_want_otherwise_is_told() {
    let rows =
        (0..30).map(|row| format!("{row},same,n{row},{}\n", if row % 2 == 0 { "a" } else { "A" }));
    let text = format!(
        "id,fixed,name,case,y\n{}",
        rows.enumerate()
            .map(|(i, row)| { format!("{},{}\n", row.trim_end(), i * i) })
            .collect::<String>()
    );
    let loaded = load(text.as_bytes(), |_| {}).unwrap();
    for part in [
        "\"id\" numbers the rows",
        "\"fixed\" is \"same\" in every row",
        "30 different texts in 30 rows",
        "upper case",
    ] {
        assert!(loaded.notes.iter().any(|note| note.contains(part)), "{part}: {:?}", loaded.notes);
    }
    let loaded = load(b"a,b\n1,2\n2,3\n", |_| {}).unwrap();
    assert_eq!(loaded.notes, [""; 0]);
    let rows: String = (0..40).map(|i| format!("{},{i}.5,{}\n", i * 7 % 40, i % 3)).collect();
    let loaded = load(format!("c,size,y\n{rows}").as_bytes(), |_| {}).unwrap();
    let [note] = &loaded.notes[..] else { panic!("{:?}", loaded.notes) };
    assert!(note.contains("ignore = [\"c\"] leaves it out"), "{note}");
    let weights: String = (0..40).map(|row| format!("{} kg,{row}\n", row % 12)).collect();
    let loaded = load(format!("a,y\n{weights}").as_bytes(), |_| {}).unwrap();
    assert!(loaded.notes[0].contains("read as 12 categories"), "{:?}", loaded.notes);
    let names: String = (0..30).map(|row| format!("{},n{row}\n", row * row)).collect();
    let loaded = load(format!("a,y\n{names}").as_bytes(), |_| {}).unwrap();
    assert!(loaded.notes[0].contains("30 classes in 30 rows"), "{:?}", loaded.notes);
}

#[test]
fn equal_numbers_are_one_class() {
    let class = |config: &mut CsvConfig| config.target_kind = TargetKind::Class;
    let loaded = load(b"x,y\n1,1\n2,1.0\n3,01\n4,2\n5,1e0\n6,10\n", class).unwrap();
    let names = ["1", "2", "10"].map(str::to_owned);
    assert_eq!(labels(&loaded), (&[0, 0, 0, 1, 0, 2][..], &names[..]));
    assert!(loaded.notes[0].contains("equal numbers are one class"), "{:?}", loaded.notes);
    // Texts, and categories, which may be codes, are as they are written.
    let loaded = load(b"x,y\n1,1\n2,1.0\n3,a\n4,2\n5,1\n6,1.0\n", class).unwrap();
    assert_eq!(labels(&loaded).1.len(), 4);
    let codes = |config: &mut CsvConfig| config.categorical = vec!["x".into()];
    let loaded = load(b"x,y\n1,1\n01,2\n1,3\n", codes).unwrap();
    assert_eq!(inputs(&loaded), [0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
}

#[test]
fn bad_rows_do_not_keep_the_others_from_being_read() {
    let reader = load(b"size,y\n1,2\n2,4\n", |_| {}).unwrap().reader;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.csv");
    for gap in ["", "NA", "x", "1,2"] {
        std::fs::write(&path, format!("size\n3\n{gap}\n5\n")).unwrap();
        let items = reader.read_items(&path, None).unwrap();
        assert_eq!(items.rows.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 3], "{gap:?}");
        assert_eq!(items.dataset.unwrap().inputs(), &InputStore::F64(vec![3.0, 5.0]));
        let [(row, error)] = &items.failed[..] else { panic!("one bad row") };
        assert_eq!((row.number, row.line, error.place.line), (2, 3, Some(3)), "{gap:?}");
    }
    std::fs::write(&path, "size\nNA\n").unwrap();
    assert!(reader.read_items(&path, None).unwrap().dataset.is_none());
    // Rows after it cannot be told apart.
    std::fs::write(&path, "size\n1\n\"2\n3\n").unwrap();
    let error = reader.read_items(&path, None).unwrap_err();
    assert_eq!(error.code, DataErrorCode::CsvStructure);
}

#[test]
fn schemas_of_earlier_versions_are_read() {
    let text = r#"{"delimiter":",","header":true,"width":2,"inputs":[{"name":"a","index":0,
        "kind":"number"}],"targets":{"class":{"name":"b","index":1,"kind":{"category":["x","y"]}}},
        "missing":"error"}"#;
    let schema: CsvSchema = serde_json::from_str(text).unwrap();
    assert_eq!(schema.inputs[0].kind, ColumnKind::Number);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, "a,b\n1.5,y\n2,x\n").unwrap();
    let dataset = schema.load_known(&path, None).unwrap().dataset;
    assert_eq!(dataset.inputs(), &InputStore::F64(vec![1.5, 2.0]));
    let Targets::Classes { labels, .. } = dataset.targets() else { panic!("classes") };
    assert_eq!(labels, &[1, 0]);
}

#[test]
fn what_numbers_lose_is_told() {
    let note = |cells: [&str; 4], change: fn(&mut CsvConfig)| {
        let rows = (0..24).map(|row| format!("{},{}.5\n", cells[row % 4], row * 7 % 24));
        let text = format!("code,y\n{}", rows.collect::<String>());
        load(text.as_bytes(), change).unwrap().notes.join("\n")
    };
    let zeros = note(["01234", "90210", "02115", "10001"], |_| {});
    assert!(zeros.contains("\"01234\"") && zeros.contains("categorical"), "{zeros}");
    let long = note(["9007199254740993", "1", "2", "3"], |_| {});
    assert!(long.contains("double precision rounds"), "{long}");
    let dates = note(["20240102", "20240203", "20240304", "20240231"], |_| {});
    assert!(dates.contains("\"20240231\" in line 5 is no date"), "{dates}");
    for healthy in [
        ["1", "0", "10", "0.05"],
        ["1704067200123", "9007199254740992", "3", "4"],
        ["01", "02", "11", "12"],
        ["20240102", "20240203", "20240304", "20241231"],
    ] {
        assert_eq!(note(healthy, |_| {}), "", "{healthy:?}");
    }
    assert_eq!(
        note(["01234", "90210", "02115", "10001"], |c| c.categorical = vec!["code".into()]),
        ""
    );
}

#[test]
fn targets_that_cannot_be_learned_are_told() {
    let rows: String = (0..24).map(|row| format!("{}.5,5\n", row * 7 % 24)).collect();
    let notes = load(format!("a,y\n{rows}").as_bytes(), |_| {}).unwrap().notes;
    assert!(notes[0].contains("is \"5\" in every row"), "{notes:?}");
    let rows: String =
        (0..24).map(|row| format!("{row}.5,{}\n", ["Ja", "ja", "nein"][row % 3])).collect();
    let notes = load(format!("a,y\n{rows}").as_bytes(), |_| {}).unwrap().notes;
    assert!(notes[0].contains("differ in upper case alone"), "{notes:?}");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let text: Vec<u8> = "a,y\n1,2\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let workbook = b"PK\x03\x04\x14,y\n1,2\n".to_vec();
    for bytes in [text, workbook] {
        let error = load(&bytes, |_| {}).unwrap_err();
        assert_eq!(error.code, DataErrorCode::CsvStructure);
        assert_eq!(&*error.message, "the file is not text");
    }
}

#[test]
fn too_few_columns_are_one_error_of_the_file() {
    let loaded = load(b"1,2,3\n2,3,5\n4,5,9\n", |config| config.header = Header::Absent).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, "1\n2\n3\n").unwrap();
    let error = loaded.reader.read_items(&path, None).unwrap_err();
    assert_eq!((error.code, error.place.line), (DataErrorCode::Column, None));
    // The targets may be absent.
    std::fs::write(&path, "1,2\n2,3\n").unwrap();
    assert_eq!(loaded.reader.read_items(&path, None).unwrap().rows.len(), 2);
}
