//! What the columns of a table or series were read as.

use glassbox_data::sources::csv::{Column, TargetColumns};
use glassbox_data::{InputReader, Prepared};
use glassbox_train::data::Unit;
use serde_json::{Value, json};

/// A column of the data and its part.
pub struct Read<'a> {
    pub role: &'static str,
    pub column: &'a Column,
}

/// All columns that are used, targets last. None for data without columns.
pub fn used(data: &Prepared) -> Vec<Read<'_>> {
    let read = |role: &'static str| move |column| Read { role, column };
    match &data.reader {
        InputReader::Table(schema) => {
            let role = match schema.targets {
                TargetColumns::Class(_) => "class",
                TargetColumns::Numbers(_) => "target",
            };
            let inputs = schema.inputs.iter().map(read("feature"));
            inputs.chain(schema.targets.columns().iter().map(read(role))).collect()
        }
        InputReader::Series(schema) => {
            let is = |column: &Column, wanted: &Option<_>| {
                wanted.as_ref().is_some_and(|wanted| column.is(wanted))
            };
            let role =
                |column: &Column| match (is(column, &schema.time), is(column, &schema.target)) {
                    (true, _) => "time",
                    (_, true) => "target",
                    _ => "feature",
                };
            schema.columns.iter().map(|column| Read { role: role(column), column }).collect()
        }
        _ => Vec::new(),
    }
}

/// A line for each kind of column, the names of columns of one kind together.
pub fn lines(data: &Prepared) -> Vec<String> {
    const NAMED: usize = 4;
    if let Some(vocabulary) = data.reader.vocabulary() {
        let unit = match vocabulary.unit() {
            Unit::Char => "characters",
            Unit::Byte => "bytes",
            Unit::Word => "words",
        };
        return vec![format!("  text     {} different {unit}", vocabulary.len())];
    }
    let mut groups: Vec<(&'static str, String, Vec<&str>)> = Vec::new();
    for Read { role, column } in used(data) {
        let kind = match role {
            "class" => column.kind.describe().replace("categories", "classes"),
            _ => column.kind.describe(),
        };
        match groups.iter_mut().find(|(other, known, _)| *other == role && *known == kind) {
            Some((.., names)) => names.push(&column.name),
            None => groups.push((role, kind, vec![&column.name])),
        }
    }
    let line = |(role, kind, names): &(&str, String, Vec<&str>)| {
        let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = match names.len().checked_sub(NAMED) {
            None | Some(0) => String::new(),
            Some(more) => format!(" and {more} more"),
        };
        format!("  {role:<8} {shown}{more}: {kind}")
    };
    groups.iter().map(line).collect()
}

/// The columns for programs.
pub fn json(data: &Prepared) -> Value {
    let column = |Read { role, column }: &Read<'_>| {
        json!({
            "name": column.name,
            "index": column.index,
            "role": role,
            "kind": column.kind,
            "read_as": column.kind.describe(),
        })
    };
    used(data).iter().map(column).collect()
}
