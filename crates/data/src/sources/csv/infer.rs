//! The first pass over a CSV file: which columns there are and what their values are.

use std::collections::BTreeSet;
use std::path::Path;

use glassbox_train::data::error::{DataError, DataErrorCode, quote};

use super::facts::Facts;
use super::judge::Judge;
use super::missing::Spellings;
use super::table::Rows;
use super::verdict::{self, Customs};
use super::{Column, ColumnKind, ColumnRef, CsvConfig, CsvSchema, Missing};
use super::{TargetColumns, TargetKind};

pub(in crate::sources) use super::header::{Head, numbered, open};

/// The most classes a target may have.
pub(in crate::sources) const MAX_CLASSES: usize = 10_000;

/// How many different texts of a column are kept: one more than any column may have.
pub(super) fn most_texts(config: &CsvConfig) -> usize {
    config.max_categories.max(MAX_CLASSES) + 1
}

/// What a first pass found out.
pub(super) struct Inferred {
    pub(super) schema: CsvSchema,
    /// How many rows there are, those left out not counting.
    pub(super) rows: usize,
    pub(super) notes: Vec<String>,
}

/// What the cells of a column are, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// Rows with a value.
    pub values: u64,
    /// Rows without.
    pub missing: u64,
}

/// What a file holds, before rows are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// What separates cells.
    pub delimiter: char,
    /// Every column, in order.
    pub columns: Vec<ColumnFacts>,
}

pub(super) fn schema(config: &CsvConfig, path: &Path) -> Result<Inferred, DataError> {
    let (head, mut rows) = open(path, config.delimiter, config.header)?;
    let mut columns = Columns::choose(config, &head, path)?;
    let (facts, count) = columns.facts(config, &head, &mut rows)?;
    let mut notes = head.notes.clone();
    columns.leave_out_index(config, &head, &facts, &mut notes);
    let used = columns.inputs.iter().chain(&columns.targets);
    let shown = verdict::shown_decimal(used.map(|&index| &facts[index]));
    let customs = Customs {
        decimal: config.decimal.or(shown),
        declared: config.decimal.is_some(),
        day_first: config.day_first,
        dates: config.dates,
    };
    let judge = Judge { config, columns: &columns, head: &head, facts: &facts, customs, path };
    let column = |&index: &usize| judge.column(index);
    let inputs = columns.inputs.iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let targets = columns.targets.iter().map(column).collect::<Result<Vec<_>, _>>()?;
    inputs.iter().for_each(|column| notes.extend(judge.advice(column)));
    targets.iter().for_each(|column| notes.extend(judge.target_advice(column)));
    notes.extend(judge.assumptions());
    let is_class = |column: &&Column| matches!(column.kind, ColumnKind::Category(_));
    let targets = match (targets.as_slice(), targets.iter().find(is_class)) {
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
    let schema = CsvSchema {
        delimiter: head.delimiter,
        header: head.header,
        width: head.names.len(),
        inputs,
        targets,
        missing: config.missing,
        missing_values: config.missing_values.clone(),
    };
    Ok(Inferred { schema, rows: count, notes })
}

impl CsvConfig {
    /// Counts the values of every column, those that are not used too.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub fn survey(&self, base_dir: &Path) -> Result<Survey, DataError> {
        let path = base_dir.join(&self.path);
        let (head, mut rows) = open(&path, self.delimiter, self.header)?;
        let spellings = Spellings(self.missing_values.as_deref());
        let name = |name: &String| ColumnFacts { name: name.clone(), values: 0, missing: 0 };
        let mut columns: Vec<ColumnFacts> = head.names.iter().map(name).collect();
        while rows.advance()? {
            for (index, column) in columns.iter_mut().enumerate() {
                match spellings.is_missing(rows.cell(index)) {
                    true => column.missing += 1,
                    false => column.values += 1,
                }
            }
        }
        Ok(Survey { delimiter: head.delimiter, columns })
    }
}

/// Which columns are used.
pub(super) struct Columns {
    pub(super) inputs: Vec<usize>,
    pub(super) targets: Vec<usize>,
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
            let mut seen = std::collections::HashSet::new();
            list.iter().copied().find(|&index| !seen.insert(index))
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

    fn is_named(&self, config: &CsvConfig, index: usize) -> bool {
        self.categorical.contains(&index)
            || self.targets.contains(&index) && config.target_kind == TargetKind::Class
    }

    /// What the cells of the columns are, and in how many rows.
    fn facts(
        &self,
        config: &CsvConfig,
        head: &Head,
        rows: &mut Rows,
    ) -> Result<(Vec<Facts>, usize), DataError> {
        let used: Vec<usize> = self.inputs.iter().chain(&self.targets).copied().collect();
        let mut facts: Vec<Facts> =
            (0..head.names.len()).map(|index| Facts::new(self.is_named(config, index))).collect();
        let spellings = Spellings(config.missing_values.as_deref());
        let skipping = config.missing == Missing::SkipRow;
        let (limit, mut count) = (most_texts(config), 0);
        while rows.advance()? {
            if skipping && used.iter().any(|&index| spellings.is_missing(rows.cell(index))) {
                for &index in &used {
                    facts[index].missing += u64::from(spellings.is_missing(rows.cell(index)));
                }
                continue;
            }
            count += 1;
            let line = rows.line();
            for &index in &used {
                let cell = rows.cell(index);
                // A missing value is an error of the second pass, which names it in its own words.
                if spellings.is_missing(cell) {
                    facts[index].missing += 1;
                    continue;
                }
                if !facts[index].note_plain(cell, line) {
                    facts[index].note(rows.text(index)?, line, limit);
                }
            }
        }
        Ok((facts, count))
    }

    /// A column without a name that numbers the rows was written by accident: `to_csv` of pandas
    /// writes it, and so does `write.csv` of R.
    fn leave_out_index(
        &mut self,
        config: &CsvConfig,
        head: &Head,
        facts: &[Facts],
        notes: &mut Vec<String>,
    ) {
        if !config.features.is_empty() {
            return;
        }
        let is_index = |index: usize| head.unnamed.contains(&index) && facts[index].grows(false);
        let kept: Vec<usize> = self.inputs.iter().copied().filter(|&i| !is_index(i)).collect();
        if kept.is_empty() {
            return;
        }
        for &index in self.inputs.iter().filter(|&&index| is_index(index)) {
            notes.push(format!(
                "column {index} has no name and numbers the rows: it is left out; list it under \
                 `features` to learn from it"
            ));
        }
        self.inputs = kept;
        let numbers = |index: &usize| head.unnamed.contains(index) && facts[*index].has_numbers();
        for index in self.inputs.iter().copied().filter(numbers) {
            notes.push(format!(
                "column {index} has no name and is learned from: if it numbers the rows, ignore = \
                 [{index}] leaves it out"
            ));
        }
    }
}

/// Numbers by size, anything else by name.
pub(in crate::sources) fn ordered(values: &BTreeSet<String>) -> Vec<String> {
    let mut ordered: Vec<String> = values.iter().cloned().collect();
    let numbers: Option<Vec<f64>> = ordered.iter().map(|value| value.parse().ok()).collect();
    if numbers.is_some() {
        let number = |value: &String| value.parse::<f64>().unwrap_or(f64::NAN);
        ordered.sort_by(|a, b| number(a).total_cmp(&number(b)));
    }
    ordered
}

pub(in crate::sources) fn find(
    key: &str,
    column: &ColumnRef,
    Head { header, names, .. }: &Head,
    path: &Path,
) -> Result<usize, DataError> {
    if let ColumnRef::Name(name) = column
        && names.iter().filter(|other| *other == name).count() > 1
    {
        let message = format!("the column that `{key}` names is in the file more than once");
        let error = DataError::new(DataErrorCode::Column, message).file(path).line(1);
        return Err(error
            .expected(format!("one column {}", quote(name)))
            .found(names.join(", "))
            .help("rename or remove the other"));
    }
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
