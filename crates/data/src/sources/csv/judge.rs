//! Decides what columns are, and what to tell of them.

use std::collections::BTreeSet;
use std::path::Path;

use glassbox_train::data::error::{DataError, DataErrorCode, quote};

use super::calendar_names::is_short_month;
use super::facts::{Facts, Others};
use super::header::{Head, open};
use super::infer::{Columns, MAX_CLASSES, most_texts, ordered};
use super::missing::Spellings;
use super::verdict::{Customs, Judged, Verdict};
use super::{Column, ColumnKind, CsvConfig, DateUnit, Missing, TargetKind};
use super::{identifiers, names};

/// Texts that begin as numbers do may be names, as 1st, 2nd and 3rd are: so many of them are not.
const FEW: usize = 10;
/// Rows from which something is told of their values.
const TOLD: u64 = 20;

/// Decides what columns are.
pub(super) struct Judge<'a> {
    pub(super) config: &'a CsvConfig,
    pub(super) columns: &'a Columns,
    pub(super) head: &'a Head,
    pub(super) facts: &'a [Facts],
    pub(super) customs: Customs,
    pub(super) path: &'a Path,
}

impl Judge<'_> {
    pub(super) fn column(&self, index: usize) -> Result<Column, DataError> {
        let name = &self.head.names[index];
        Ok(Column { name: name.clone(), index, kind: self.kind(index, name)? })
    }

    fn kind(&self, index: usize, name: &str) -> Result<ColumnKind, DataError> {
        let facts = &self.facts[index];
        let is_target = self.columns.targets.contains(&index);
        if let Some(names) = &facts.names {
            return self.category(name, names, is_target);
        }
        let numbers = is_target && self.config.target_kind == TargetKind::Number;
        let judged =
            Judged { name, path: self.path, otherwise: otherwise(name, is_target, numbers) };
        let mut customs = self.customs;
        if is_target && customs.dates == DateUnit::Parts {
            customs.dates = DateUnit::Days;
        }
        let verdict = judged.verdict(facts, customs)?;
        let others = facts.others();
        match verdict {
            Verdict::Kind(ColumnKind::Boolean { no, yes }) if is_target && !numbers => {
                // As they are written, where each is written in one way.
                let words = BTreeSet::from([no, yes]);
                let names = if others.values.len() == 2 { &others.values } else { &words };
                self.category(name, names, true)
            }
            Verdict::Kind(kind) => Ok(kind),
            Verdict::Texts => match &others.first_text {
                Some(text) if numbers => {
                    Err(DataError::new(DataErrorCode::NotANumber, "a value is not a number")
                        .file(self.path)
                        .line(text.line)
                        .column(name)
                        .expected("a number")
                        .found(quote(&text.cell))
                        .help("correct it, or learn classes instead of numbers"))
                }
                _ => {
                    let names = self.texts(index, &others)?;
                    self.looks_numeric(name, &others, names.len(), is_target)?;
                    self.category(name, &names, is_target)
                }
            },
        }
    }

    /// All texts of a column, those that look like numbers or dates too.
    fn texts(&self, index: usize, others: &Others) -> Result<BTreeSet<String>, DataError> {
        let mut values = others.values.clone();
        if others.numbers + others.dates == 0 {
            return Ok(values);
        }
        let header = self.head.header.into();
        let (_, mut rows) = open(self.path, self.head.delimiter, header)?;
        let spellings = Spellings(self.config.missing_values.as_deref());
        let limit = most_texts(self.config);
        let used: Vec<usize> =
            self.columns.inputs.iter().chain(&self.columns.targets).copied().collect();
        while rows.advance()? {
            let skipped = self.config.missing == Missing::SkipRow
                && used.iter().any(|&index| spellings.is_missing(rows.cell(index)));
            let cell = rows.text(index)?;
            if !skipped && !spellings.is_missing(cell.as_bytes()) && values.len() < limit {
                values.insert(cell.to_owned());
            }
        }
        Ok(values)
    }

    /// A target of many different texts that begin as numbers do was meant to be numbers.
    fn looks_numeric(
        &self,
        name: &str,
        others: &Others,
        count: usize,
        is_target: bool,
    ) -> Result<(), DataError> {
        let many = count as u64 > TOLD && 5 * count as u64 > others.texts;
        let sample = others.first_text.as_ref();
        match sample {
            Some(text) if is_target && many && others.looks_numeric() => {
                let message = "the target looks like numbers, but its values are none";
                Err(DataError::new(DataErrorCode::LooksNumeric, message)
                    .file(self.path)
                    .line(text.line)
                    .column(name)
                    .expected("numbers, dates, or fewer classes")
                    .found(format!("{count} different texts such as {}", quote(&text.cell)))
                    .help("write the numbers alone, or set target_kind = \"class\""))
            }
            _ => Ok(()),
        }
    }

    fn category(
        &self,
        name: &str,
        values: &BTreeSet<String>,
        is_target: bool,
    ) -> Result<ColumnKind, DataError> {
        // Categories stay as they are written: they may be codes, 01 another than 1.
        let values = &if is_target { names::merged(values) } else { values.clone() };
        let (count, limit) = (values.len(), self.config.max_categories);
        let limit = if is_target { MAX_CLASSES } else { limit };
        if count > limit {
            let message = "a categorical column has too many different values";
            let found = if count > limit + 1 { count.to_string() } else { "more".into() };
            let help = match is_target {
                true => "check `target`, the column of the classes".to_owned(),
                false => format!("set ignore = [{name:?}], or raise max_categories"),
            };
            return Err(DataError::new(DataErrorCode::Category, message)
                .file(self.path)
                .column(name)
                .expected(format!("at most {limit}"))
                .found(found)
                .help(help));
        }
        if is_target && count < 2 {
            let found = values.first().map_or("none".into(), |value| quote(value));
            return Err(DataError::new(DataErrorCode::Classes, "the target has too few classes")
                .file(self.path)
                .column(name)
                .expected("at least two")
                .found(found));
        }
        Ok(ColumnKind::Category(ordered(values)))
    }

    /// What a user may want otherwise about a column to predict from.
    pub(super) fn advice(&self, column: &Column) -> Option<String> {
        let (facts, name) = (&self.facts[column.index], &column.name);
        if facts.cells < TOLD {
            return None;
        }
        if !facts.varies {
            let value = quote(&facts.first);
            return Some(format!(
                "the column {name:?} is {value} in every row: nothing can be learned from it; \
                 ignore = [{name:?}] leaves it out"
            ));
        }
        match &column.kind {
            ColumnKind::Category(values) if values.iter().all(|text| is_short_month(text)) => {
                Some(format!(
                    "the column {name:?} has {}, which may be a day or a year, and is read as {} \
                     categories: write 2023-01-31 or 2023-01 to have dates",
                    quote(&facts.first),
                    values.len()
                ))
            }
            ColumnKind::Category(values) if 2 * values.len() as u64 > facts.cells => Some(format!(
                "the column {name:?} has {} different texts in {} rows: each becomes a feature \
                     of its own; ignore = [{name:?}] leaves it out",
                values.len(),
                facts.cells
            )),
            ColumnKind::Category(values) if facts.looks_numeric() && values.len() > FEW => {
                Some(format!(
                    "the column {name:?} begins as numbers do ({}) and is read as {} categories: \
                     write the numbers alone to have numbers",
                    quote(&facts.first),
                    values.len()
                ))
            }
            ColumnKind::Category(values) => differ_in_case(values).then(|| {
                format!("some categories of the column {name:?} differ in upper case alone")
            }),
            ColumnKind::Number | ColumnKind::Formatted(_) if facts.digits_lost().is_some() => {
                let what = facts.digits_lost()?;
                Some(format!(
                    "the column {name:?} {what}: categorical = [{name:?}] keeps them as names, \
                     ignore = [{name:?}] leaves them out"
                ))
            }
            // Of a column without a name it is said before.
            ColumnKind::Number | ColumnKind::Formatted(_)
                if !self.head.unnamed.contains(&column.index) =>
            {
                let what = identifiers::told(facts, name)?;
                Some(format!(
                    "the column {name:?} {what}: if it is an identifier, \
                     ignore = [{name:?}] leaves it out"
                ))
            }
            _ => None,
        }
    }

    /// What a user may want otherwise about a column to predict.
    pub(super) fn target_advice(&self, column: &Column) -> Option<String> {
        let (facts, name) = (&self.facts[column.index], &column.name);
        let cells = facts.cells;
        match &column.kind {
            ColumnKind::Category(values) if cells >= TOLD && 2 * values.len() as u64 > cells => {
                Some(format!(
                    "the target {name:?} has {} classes in {cells} rows: too few of each to learn \
                     from; `target` names another column, task = \"regress\" learns numbers",
                    values.len()
                ))
            }
            ColumnKind::Category(values)
                if facts.names.as_ref().is_some_and(|written| written.len() > values.len()) =>
            {
                Some(format!(
                    "some classes of the target {name:?} are written in more than one way: equal \
                     numbers are one class, {} in all",
                    values.len()
                ))
            }
            ColumnKind::Category(values) => differ_in_case(values)
                .then(|| format!("some classes of the target {name:?} differ in upper case alone")),
            _ if cells >= TOLD && !facts.varies => Some(format!(
                "the target {name:?} is {} in every row: there is nothing to learn",
                quote(&facts.first)
            )),
            ColumnKind::Number | ColumnKind::Formatted(_) => facts.digits_lost().map(|what| {
                format!("the target {name:?} {what}: target_kind = \"class\" makes classes of them")
            }),
            _ => None,
        }
    }

    /// What was decided from other columns.
    pub(super) fn assumptions(&self) -> Vec<String> {
        let used = self.columns.inputs.iter().chain(&self.columns.targets);
        let open = used.filter(|&&index| {
            let facts = &self.facts[index];
            !self.customs.declared && facts.names.is_none() && facts.ambiguous().is_some()
        });
        open.filter_map(|&index| {
            let (decimal, facts) = (self.customs.decimal?, &self.facts[index]);
            // Points are decimal points anywhere else, too.
            let sample = facts.ambiguous().filter(|s| decimal == ',' || s.cell.contains(','))?;
            let thousands = !sample.cell.contains(decimal);
            let what = if thousands { "thousands" } else { "decimals" };
            Some(format!(
                "{} in the column {:?} is read as having {what}, as other columns show; set \
                 `decimal` to say otherwise",
                quote(&sample.cell),
                self.head.names[index]
            ))
        })
        .collect()
    }
}

fn differ_in_case(values: &[String]) -> bool {
    let lower: BTreeSet<String> = values.iter().map(|value| value.to_lowercase()).collect();
    lower.len() < values.len()
}

/// How to say that a cell which is no number is right.
fn otherwise(name: &str, is_target: bool, numbers: bool) -> String {
    match (is_target, numbers) {
        (true, true) => "learn classes instead of numbers".into(),
        (true, false) => "set target_kind = \"class\"".into(),
        _ => format!("set categorical = [{name:?}]"),
    }
}
