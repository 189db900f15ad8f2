//! What helps with new data, which a model reads as it read its own: keys of the recipe change
//! nothing any more.

use super::InputReader;
use super::csv::ColumnKind;
use glassbox_train::data::error::{DataError, DataErrorCode};

/// Where new data is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// To be predicted, without targets.
    Predict,
    /// To be scored, or trained on again.
    Score,
}

/// The error with help that can be followed where the data is read.
pub(super) fn helped(error: DataError, reader: &InputReader, how: Use) -> DataError {
    match help(&error, reader, how) {
        Some(help) => error.help(help),
        None => error,
    }
}

fn help(error: &DataError, reader: &InputReader, how: Use) -> Option<String> {
    let is_table = matches!(reader, InputReader::Table(_));
    Some(match error.code {
        DataErrorCode::Missing => match reader {
            InputReader::Series(_) => "fill it in, for instance from its neighbors".into(),
            InputReader::Table(_) => "fill it in, or take out the row; where it is a value, train \
                                      again with the spellings that are not as `missing_values`"
                .into(),
            _ => "fill it in, or take out the row".into(),
        },
        DataErrorCode::NotANumber if is_table && !is_boolean(error, reader) => {
            "correct it; to learn such cells as categories, train again with `categorical`".into()
        }
        DataErrorCode::NotANumber | DataErrorCode::NotFinite => "correct it".into(),
        DataErrorCode::AmbiguousDate => {
            "write it so, or set day_first in [data] and train again".into()
        }
        DataErrorCode::Category => {
            "correct it, or read it as none of the known ones with --unknown other".into()
        }
        // Those of a table say what helps; a column that is there twice has to be renamed.
        DataErrorCode::Column if !is_table && error.message.contains("not in the file") => {
            match has_header(reader) {
                true => "name the columns in the first row, as in the training file".into(),
                false => "give the columns in the order of the training file".into(),
            }
        }
        DataErrorCode::Gap if error.help.as_ref().is_some_and(|help| help.contains("gaps =")) => {
            "fill in the rows that are missing; to read series with gaps, train again with gaps = \
             \"split\" or \"join\""
                .into()
        }
        DataErrorCode::Image
            if error.help.as_ref().is_some_and(|help| help.contains("damaged")) =>
        {
            match how {
                Use::Predict => "replace the file or remove it".into(),
                Use::Score => "replace the file or remove it; --set data.damaged=skip leaves out \
                               such files"
                    .into(),
            }
        }
        DataErrorCode::Empty if error.help.as_ref().is_some_and(|help| help.contains("lower")) => {
            match reader {
                InputReader::Series(_) => "add to the series".into(),
                _ => "add text".into(),
            }
        }
        DataErrorCode::TooLarge => "cut it into parts".into(),
        _ => return None,
    })
}

fn has_header(reader: &InputReader) -> bool {
    match reader {
        InputReader::Table(schema) => schema.header,
        InputReader::Lines(schema) => schema.header,
        InputReader::Series(schema) => schema.header,
        InputReader::Image(_) | InputReader::Text(_) | InputReader::None => false,
    }
}

/// Whether the error is about a column of yes and no.
fn is_boolean(error: &DataError, reader: &InputReader) -> bool {
    let InputReader::Table(schema) = reader else { return false };
    let mut columns = schema.inputs.iter().chain(schema.targets.columns());
    columns.any(|column| {
        matches!(column.kind, ColumnKind::Boolean { .. })
            && error.place.column.as_ref() == Some(&column.name)
    })
}
