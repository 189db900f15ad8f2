//! How a cell says that its value is not known.

/// The usual spellings, in lower case: those of spreadsheets, R, pandas and databases.
const SPELLINGS: [&str; 34] = [
    "", "na", "n/a", "#n/a", "#na", "<na>", "n.a.", "nan", "-nan", "null", "none", "nil", "nat",
    "-", "--", "–", "—", "?", ".", "missing", "#null!", "#num!", "#div/0!", "#value!", "#ref!",
    "#name?", "#n/a n/a", "(null)", "<null>", "\\n", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan",
];
const LONGEST: usize = 8;

/// Which cells have no value: the usual spellings, or those a recipe gives instead.
#[derive(Clone, Copy)]
pub(in crate::sources) struct Spellings<'a>(pub(in crate::sources) Option<&'a [String]>);

impl Spellings<'_> {
    /// Whether a cell says that its value is not known.
    pub(in crate::sources) fn is_missing(self, cell: &[u8]) -> bool {
        match self.0 {
            None => is_missing(cell),
            Some(given) => {
                cell.is_empty() || given.iter().any(|spelling| spelling.as_bytes() == cell)
            }
        }
    }
}

/// Whether a cell has one of the usual spellings of a missing value, in any case.
pub(in crate::sources) fn is_missing(cell: &[u8]) -> bool {
    let Some(first) = cell.first() else { return true };
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    if cell.len() > LONGEST || first.is_ascii_digit() && digit(cell.last()) {
        return false;
    }
    SPELLINGS.iter().any(|spelling| spelling.as_bytes().eq_ignore_ascii_case(cell))
}

/// What is said to have been found in place of a value.
pub(in crate::sources) fn found(cell: &str) -> String {
    match cell {
        "" => "an empty cell".into(),
        cell => format!("{cell:?}, which stands for a missing value"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_spellings_in_any_case() {
        let missing = [
            "", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "-", "?", "#N/A",
            "missing", "nil", "NaT", "<NA>", "#DIV/0!", "#REF!", "(null)", "\\N", "1.#IND",
            "-1.#QNAN",
        ];
        for cell in missing {
            assert!(is_missing(cell.as_bytes()), "{cell:?}");
        }
        for cell in ["0", "-1", "no", "Nantes", "none of these", "unknown", ".5"] {
            assert!(!is_missing(cell.as_bytes()), "{cell:?}");
        }
        let given = ["-999".to_owned()];
        let spellings = Spellings(Some(&given));
        assert!(spellings.is_missing(b"-999") && spellings.is_missing(b""));
        assert!(!spellings.is_missing(b"NA"));
    }
}
