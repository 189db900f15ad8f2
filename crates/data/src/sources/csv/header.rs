//! Whether the first row of a file names its columns.

use std::path::Path;

use glassbox_train::data::error::{DataError, DataErrorCode, first_of, quote};

use super::missing::is_missing;
use super::table::Rows;
use super::{ColumnRef, Header, date, number};

/// Rows from which is judged what the first one is.
const ROWS: usize = 100;
/// Years that are likely names of columns.
const YEARS: std::ops::RangeInclusive<f64> = 1900.0..=2100.0;

/// What the columns of a file are called.
pub(in crate::sources) struct Head {
    /// Whether the first row names them.
    pub(in crate::sources) header: bool,
    pub(in crate::sources) names: Vec<String>,
    /// Columns without a name, or with the one that pandas gives an index it wrote.
    pub(in crate::sources) unnamed: Vec<usize>,
    /// What separates cells.
    pub(in crate::sources) delimiter: char,
    /// What was decided that a user may want otherwise.
    pub(in crate::sources) notes: Vec<String>,
}

impl Head {
    /// A column, so that it is found in another file like this: by name if there is a header.
    pub(in crate::sources) fn reference(&self, index: usize) -> ColumnRef {
        match self.header {
            true => ColumnRef::Name(self.names[index].clone()),
            false => ColumnRef::Index(index),
        }
    }
}

/// The name of a column without one.
pub(in crate::sources) fn numbered(index: usize) -> String {
    format!("column {index}")
}

/// The columns of a file, and its rows from the first one of values on.
pub(in crate::sources) fn open(
    path: &Path,
    delimiter: impl Into<Option<char>>,
    header: Header,
) -> Result<(Head, Rows), DataError> {
    let given = delimiter.into();
    let mut rows = Rows::open(path, given)?;
    let delimiter = rows.delimiter();
    let first = rows.first()?;
    let line = first.line;
    let cells: Vec<String> = first.cells.iter().map(ToString::to_string).collect();
    let mut notes = Vec::new();
    let header = match header {
        Header::Present => true,
        Header::Absent => {
            rows.repeat();
            false
        }
        Header::Auto => {
            let body = body(&mut rows)?;
            let header = decide(&cells, &body, path, line, &mut notes)?;
            rows = Rows::open(path, Some(delimiter))?;
            if header {
                rows.advance()?;
            }
            header
        }
    };
    if given.is_none() && delimiter != ',' {
        notes.push(format!("{}: cells are separated by {delimiter:?}", path.display()));
    }
    let names = names(header, &cells, line, path)?;
    let pandas = |name: &str| {
        name.strip_prefix("Unnamed: ").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
    };
    let unnamed = (0..cells.len())
        .filter(|&i| header && (cells[i].is_empty() || pandas(&cells[i])))
        .collect();
    Ok((Head { header, names, unnamed, delimiter, notes }, rows))
}

/// The first rows after the first.
fn body(rows: &mut Rows) -> Result<Vec<Vec<String>>, DataError> {
    let mut body = Vec::new();
    while body.len() < ROWS {
        let Some(row) = rows.next()? else { break };
        body.push(row.cells.iter().map(ToString::to_string).collect());
    }
    Ok(body)
}

/// What a cell of the first row looks like beside the others of its column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looks {
    /// The name of a column: below it are numbers, and it is none.
    Name,
    /// Maybe a name: below it are a few texts again and again, and it is none of them.
    MaybeName,
    /// A value: it is among those below, or is a number with decimals among numbers.
    Value,
    Nothing,
}

fn is_known(cell: &str) -> bool {
    number::plain(cell.as_bytes()).is_some()
        || number::written(cell).is_some()
        || date::written(cell).is_some()
}

fn looks(cell: &str, column: &[&str]) -> Looks {
    let column: Vec<&str> =
        column.iter().copied().filter(|cell| !is_missing(cell.as_bytes())).collect();
    if is_missing(cell.as_bytes()) || column.is_empty() {
        return Looks::Nothing;
    }
    if column.iter().all(|cell| is_known(cell)) {
        let decimals = cell.contains('.') && number::plain(cell.as_bytes()).is_some();
        return match (is_known(cell), decimals) {
            (false, _) => Looks::Name,
            (true, true) => Looks::Value,
            (true, false) => Looks::Nothing,
        };
    }
    if column.contains(&cell) {
        return Looks::Value;
    }
    let mut different = column.clone();
    different.sort_unstable();
    different.dedup();
    if 2 * different.len() <= column.len() { Looks::MaybeName } else { Looks::Nothing }
}

fn decide(
    first: &[String],
    body: &[Vec<String>],
    path: &Path,
    line: u64,
    notes: &mut Vec<String>,
) -> Result<bool, DataError> {
    let column = |index: usize| -> Vec<&str> { body.iter().map(|row| &row[index][..]).collect() };
    let looks: Vec<Looks> =
        first.iter().enumerate().map(|(index, cell)| looks(cell, &column(index))).collect();
    let has = |wanted: Looks| looks.contains(&wanted);
    let numbers = first.iter().any(|cell| is_known(cell));
    let labels = numbers && are_labels(first, &column);
    if has(Looks::Name) && has(Looks::Value) && !labels {
        let value = looks.iter().position(|&looks| looks == Looks::Value).unwrap_or(0);
        let name = looks.iter().position(|&looks| looks == Looks::Name).unwrap_or(0);
        let message = "the first row may be names or values";
        return Err(DataError::new(DataErrorCode::Header, message)
            .file(path)
            .line(line)
            .expected("names of columns, or values like those below")
            .found(format!(
                "{}, a name, and {}, a value",
                quote(&first[name]),
                quote(&first[value])
            ))
            .help("set header = \"present\" or header = \"absent\", or correct the row"));
    }
    let header = match (has(Looks::Name) || labels, has(Looks::Value)) {
        (true, _) => true,
        (false, true) => false,
        (false, false) => !numbers || has(Looks::MaybeName),
    };
    if header && numbers {
        let quoted: Vec<String> = first.iter().map(|cell| quote(cell)).collect();
        let shown = first_of(quoted.iter().map(String::as_str), 4);
        notes.push(format!(
            "{}: the first row names the columns ({}); if it is values, set header = \
             \"absent\"",
            path.display(),
            shown
        ));
    }
    Ok(header)
}

/// Whether the numbers of a first row name columns: years, or numbers at even steps, which are not
/// like the numbers below.
fn are_labels<'a>(first: &[String], column: &impl Fn(usize) -> Vec<&'a str>) -> bool {
    const COUNTED: usize = 4;
    let numbers: Vec<(usize, f64)> = first
        .iter()
        .enumerate()
        .filter_map(|(i, cell)| number::plain_value(cell.as_bytes()).map(|value| (i, value)))
        .collect();
    let years = numbers.iter().all(|(_, value)| YEARS.contains(value) && value.fract() == 0.0);
    let steps: Vec<f64> = numbers.windows(2).map(|pair| pair[1].1 - pair[0].1).collect();
    let distinct = steps.iter().all(|&s| s > 0.0) || steps.iter().all(|&s| s < 0.0);
    let even = steps.iter().all(|s| (s - steps[0]).abs() <= 1e-6 * steps[0].abs());
    let counted = numbers.len() == first.len()
        && first.len() >= COUNTED
        && (0..first.len()).all(|index| numbers[index].1 == index as f64);
    if numbers.is_empty() || !distinct {
        return false;
    }
    let unlike = numbers.iter().all(|&(index, label)| {
        let cells: Vec<f64> =
            column(index).iter().filter_map(|cell| number::plain_value(cell.as_bytes())).collect();
        let other = |value: &&f64| {
            label.fract() == 0.0 && value.fract() != 0.0 || years && !YEARS.contains(*value)
        };
        2 * cells.iter().filter(other).count() > cells.len()
    });
    counted || unlike && (years || even && numbers.len() > 1)
}

fn names(header: bool, first: &[String], line: u64, path: &Path) -> Result<Vec<String>, DataError> {
    let mut seen = std::collections::HashMap::new();
    let mut names: Vec<String> = Vec::with_capacity(first.len());
    for (index, cell) in first.iter().enumerate() {
        let name = if header && !cell.is_empty() { cell.clone() } else { numbered(index) };
        if let Some(earlier) = seen.insert(name.clone(), index) {
            let message = "two columns have the same name";
            return Err(DataError::new(DataErrorCode::Column, message)
                .file(path)
                .line(line)
                .column(&name)
                .expected("different names")
                .found(format!("columns {earlier} and {index}"))
                .help("rename one, or set header = \"absent\" if the first row is values"));
        }
        names.push(name);
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Option<bool> {
        let mut rows = text.lines().map(|l| l.split(',').map(String::from).collect::<Vec<_>>());
        let first = rows.next().unwrap();
        decide(&first, &rows.collect::<Vec<_>>(), Path::new("t.csv"), 1, &mut Vec::new()).ok()
    }

    #[test]
    fn numbers_may_be_names_of_columns() {
        for text in [
            "a,b\n1,2\n",
            "a,b\nc,d\n",
            "2019,2020,label\n0.8,1.7,no\n1.4,0.2,yes\n0.5,1.4,no\n1.7,0.3,yes\n",
            "2019,2020,y\n1,2,3\n4,5,6\n",
            "city,2019,2020\nBonn,120,130\nUlm,80,90\n",
            "1990,2000,2010\n31.5,32,33\n21,22,23\n",
            "0,1,2,3\n5,1,4,2\n4,1,5,1\n",
            "150,4,setosa,versicolor\n5.1,3.5,1,2\n4.9,3,1,2\n",
            ",date,price\n0,2020-01-01,1.5\n1,2020-01-02,2.5\n",
        ] {
            assert_eq!(header(text), Some(true), "{text:?}");
        }
    }

    #[test]
    fn rows_of_values_are_values() {
        for text in [
            "1,2,3\n4,5,6\n",
            "5.1,3.5,setosa\n4.9,3,setosa\n7,3.2,virginica\n",
            "red,1\nred,2\nblue,3\n",
            "2001,3.5\n1999,2.5\n2005,1\n",
            "2024-01-01,5\n2024-01-02,6\n",
            "1,10\n4,9\n",
        ] {
            assert_eq!(header(text), Some(false), "{text:?}");
        }
        assert_eq!(header("x,1.5\n2,2.5\n3,0.5\n"), None, "a name and a value");
    }
}
