//! The first pass over a CSV file: which columns there are and what their values are.

use std::collections::BTreeSet;
use std::path::Path;

use super::table::{Row, Rows, is_missing};
use super::{Column, ColumnKind, ColumnRef, CsvConfig, CsvSchema, Header, Missing};
use super::{TargetColumns, TargetKind};
use crate::data::error::{DataError, DataErrorCode, quote};

/// The most classes a target may have.
const MAX_CLASSES: usize = 10_000;

/// What a column's values were so far.
#[derive(Default)]
struct Seen {
    numbers: bool,
    /// The first value that is no number, and its line.
    text: Option<(u64, String)>,
    values: BTreeSet<String>,
}

pub(super) fn schema(config: &CsvConfig, path: &Path) -> Result<CsvSchema, DataError> {
    let (head, mut rows) = open(path, config.delimiter, config.header)?;
    let columns = Columns::choose(config, &head, path)?;
    let Head { header, names } = head;
    let used: Vec<usize> = columns.inputs.iter().chain(&columns.targets).copied().collect();
    let limit = config.max_categories.max(MAX_CLASSES) + 1;
    let mut seen: Vec<Seen> = names.iter().map(|_| Seen::default()).collect();
    let skipping = config.missing == Missing::SkipRow;
    while let Some(row) = rows.next()? {
        if skipping && used.iter().any(|&index| is_missing(row.cells[index])) {
            continue;
        }
        for &index in &used {
            note(&mut seen[index], row.cells[index], row.line, limit);
        }
    }
    let kind = |index: usize| columns.kind(config, index, &names[index], &seen[index], path);
    let column =
        |&index: &usize| Ok(Column { name: names[index].clone(), index, kind: kind(index)? });
    let inputs = columns.inputs.iter().map(column).collect::<Result<_, _>>()?;
    let targets = columns.targets.iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let targets = match (targets.as_slice(), targets.iter().find(|c| c.kind != ColumnKind::Number))
    {
        (_, None) => TargetColumns::Numbers(targets),
        ([_], Some(class)) => TargetColumns::Class(class.clone()),
        (_, Some(class)) => {
            let error =
                DataError::new(DataErrorCode::Column, "several targets must all be numbers");
            return Err(error
                .file(path)
                .column(&class.name)
                .expected("numbers, or a single target")
                .found("classes"));
        }
    };
    let (delimiter, width, missing) = (config.delimiter, names.len(), config.missing);
    Ok(CsvSchema { delimiter, header, width, inputs, targets, missing })
}

/// The name of a column without one.
pub(in crate::data::sources) fn numbered(index: usize) -> String {
    format!("column {index}")
}

/// What the columns of a file are called.
pub(in crate::data::sources) struct Head {
    /// Whether the first row names them.
    pub(in crate::data::sources) header: bool,
    pub(in crate::data::sources) names: Vec<String>,
}

impl Head {
    /// A column, so that it is found in another file like this: by name if there is a header.
    pub(in crate::data::sources) fn reference(&self, index: usize) -> ColumnRef {
        match self.header {
            true => ColumnRef::Name(self.names[index].clone()),
            false => ColumnRef::Index(index),
        }
    }
}

/// The columns of a file, and its rows from the first one of values on.
pub(in crate::data::sources) fn open(
    path: &Path,
    delimiter: char,
    header: Header,
) -> Result<(Head, Rows), DataError> {
    let mut rows = Rows::open(path, delimiter)?;
    let first = rows.first()?;
    let header = has_header(header, &first);
    let names = names(header, &first, path)?;
    // Without a header the first row is to be read again.
    let rows = if header { rows } else { Rows::open(path, delimiter)? };
    Ok((Head { header, names }, rows))
}

fn has_header(header: Header, first: &Row) -> bool {
    match header {
        Header::Present => true,
        Header::Absent => false,
        Header::Auto => first.cells.iter().all(|cell| cell.parse::<f32>().is_err()),
    }
}

fn names(header: bool, first: &Row, path: &Path) -> Result<Vec<String>, DataError> {
    let mut names: Vec<String> = Vec::with_capacity(first.cells.len());
    for (index, cell) in first.cells.iter().enumerate() {
        let name = if header && !cell.is_empty() { cell.to_string() } else { numbered(index) };
        if let Some(earlier) = names.iter().position(|other| *other == name) {
            let message = "two columns have the same name";
            return Err(DataError::new(DataErrorCode::Column, message)
                .file(path)
                .line(first.line)
                .column(&name)
                .expected("different names")
                .found(format!("columns {earlier} and {index}"))
                .help("rename one, or set header = \"absent\" if the first row is values"));
        }
        names.push(name);
    }
    Ok(names)
}

fn note(seen: &mut Seen, cell: &str, line: u64, limit: usize) {
    // A missing value is an error of the second pass, which names it in its own words.
    if is_missing(cell) {
        return;
    }
    if cell.parse::<f32>().is_ok() {
        seen.numbers = true;
    } else if seen.text.is_none() {
        seen.text = Some((line, cell.into()));
    }
    if seen.values.len() < limit && !seen.values.contains(cell) {
        seen.values.insert(cell.into());
    }
}

/// Which columns are used.
struct Columns {
    inputs: Vec<usize>,
    targets: Vec<usize>,
    categorical: Vec<usize>,
}

impl Columns {
    fn choose(config: &CsvConfig, head: &Head, path: &Path) -> Result<Self, DataError> {
        let names = &head.names;
        let find = |key: &'static str, columns: &[ColumnRef]| {
            let find = |column: &ColumnRef| find(key, column, head, path);
            columns.iter().map(find).collect::<Result<Vec<_>, _>>()
        };
        let targets = match config.target.0.as_slice() {
            [] => vec![names.len() - 1],
            given => find("target", given)?,
        };
        let ignored = find("ignore", &config.ignore)?;
        let categorical = find("categorical", &config.categorical)?;
        let inputs = match config.features.as_slice() {
            [] => {
                (0..names.len()).filter(|i| !targets.contains(i) && !ignored.contains(i)).collect()
            }
            given => find("features", given)?,
        };
        let twice = |list: &[usize]| {
            (1..list.len()).find(|&i| list[..i].contains(&list[i])).map(|i| list[i])
        };
        let both = inputs.iter().copied().find(|index| targets.contains(index));
        if let Some(index) = both.or(twice(&inputs)).or(twice(&targets)) {
            let error = DataError::new(DataErrorCode::Column, "a column is used twice");
            return Err(error
                .file(path)
                .column(&names[index])
                .expected("each column once, as a feature or as a target")
                .found(&names[index]));
        }
        if inputs.is_empty() {
            let error =
                DataError::new(DataErrorCode::Column, "no columns are left to predict from");
            return Err(error
                .file(path)
                .expected("at least one feature beside the target")
                .found(names.join(", "))
                .help("check the delimiter, `target` and `ignore`"));
        }
        Ok(Self { inputs, targets, categorical })
    }

    fn kind(
        &self,
        config: &CsvConfig,
        index: usize,
        name: &str,
        seen: &Seen,
        path: &Path,
    ) -> Result<ColumnKind, DataError> {
        let is_target = self.targets.contains(&index);
        let declared = self.categorical.contains(&index)
            || is_target && config.target_kind == TargetKind::Class;
        let number = is_target && config.target_kind == TargetKind::Number;
        if !declared && let (true, Some((line, cell))) = (seen.numbers || number, &seen.text) {
            let help = match (is_target, number) {
                (_, true) => "correct it, or learn classes instead of numbers".into(),
                (true, _) => "correct it, or set target_kind = \"class\"".into(),
                _ => format!("correct it, or set categorical = [{name:?}]"),
            };
            return Err(DataError::new(DataErrorCode::NotANumber, "a value is not a number")
                .file(path)
                .line(*line)
                .column(name)
                .expected(if number { "a number" } else { "a number, as in other rows" })
                .found(quote(cell))
                .help(help));
        }
        if !declared && seen.text.is_none() {
            return Ok(ColumnKind::Number);
        }
        let (count, limit) = (seen.values.len(), config.max_categories);
        let limit = if is_target { MAX_CLASSES } else { limit };
        if count > limit {
            let message = "a categorical column has too many different values";
            let found = if count > limit + 1 { count.to_string() } else { "more".into() };
            return Err(DataError::new(DataErrorCode::Category, message)
                .file(path)
                .column(name)
                .expected(format!("at most {limit}"))
                .found(found)
                .help(format!("set ignore = [{name:?}], or raise max_categories")));
        }
        if is_target && count < 2 {
            let found = seen.values.first().map_or("none".into(), |value| quote(value));
            return Err(DataError::new(DataErrorCode::Classes, "the target has too few classes")
                .file(path)
                .column(name)
                .expected("at least two")
                .found(found));
        }
        Ok(ColumnKind::Category(ordered(&seen.values)))
    }
}

/// Numbers by size, anything else by name.
pub(in crate::data::sources) fn ordered(values: &BTreeSet<String>) -> Vec<String> {
    let mut ordered: Vec<String> = values.iter().cloned().collect();
    let numbers: Option<Vec<f64>> = ordered.iter().map(|value| value.parse().ok()).collect();
    if numbers.is_some() {
        let number = |value: &String| value.parse::<f64>().unwrap_or(f64::NAN);
        ordered.sort_by(|a, b| number(a).total_cmp(&number(b)));
    }
    ordered
}

pub(in crate::data::sources) fn find(
    key: &str,
    column: &ColumnRef,
    Head { header, names }: &Head,
    path: &Path,
) -> Result<usize, DataError> {
    let (found, wanted) = match column {
        ColumnRef::Index(index) => {
            (Some(*index).filter(|index| *index < names.len()), format!("column {index}"))
        }
        ColumnRef::Name(name) => (names.iter().position(|n| n == name), quote(name)),
    };
    found.ok_or_else(|| {
        let message = format!("the column that `{key}` names is not in the file");
        let error = DataError::new(DataErrorCode::Column, message).file(path).line(1);
        let error = error.expected(wanted);
        if *header {
            error.found(names.join(", "))
        } else {
            error
                .found(format!("{} columns without names", names.len()))
                .help("name columns by index from 0, or set header = \"present\"")
        }
    })
}
