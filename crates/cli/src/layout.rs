//! Tables that fit the terminal.

use std::borrow::Cow;

use console::{measure_text_width, truncate_str};

use crate::terminal::{self, say};
use crate::wrapping::wrapped;

/// Cells between two columns.
const BETWEEN: &str = "  ";
/// Where a name is cut off before a column is left out, and where it is cut off in the end.
const NAME: usize = 24;
const SHORTEST: usize = 8;

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    title: String,
    right: bool,
    /// Columns with a smaller number are left out first; those without one never.
    rank: Option<u8>,
    /// Whether its words may be cut off.
    shrinks: bool,
}

impl Column {
    /// Words, which may be cut off where there is no room.
    pub fn words(title: &str) -> Self {
        Self { title: title.into(), right: false, rank: None, shrinks: true }
    }

    /// Numbers, to the right.
    pub fn numbers(title: &str) -> Self {
        Self { title: title.into(), right: true, rank: None, shrinks: false }
    }

    /// The same, left out where there is no room: the smallest rank first.
    pub fn rank(self, rank: u8) -> Self {
        Self { rank: Some(rank), ..self }
    }

    /// The same, never cut off.
    pub fn whole(self) -> Self {
        Self { shrinks: false, ..self }
    }
}

/// Rows under titles.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table of these columns.
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row: a cell for each column.
    pub fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// Prints the table as wide as the terminal is.
    pub fn print(&self) {
        say!("{}", self.render(terminal::width()).trim_end());
    }

    /// The table in lines of at most `width` cells: names are cut off, then columns are left out,
    /// and a last line says which.
    pub fn render(&self, width: Option<usize>) -> String {
        let (shown, widths) = self.fit(width.unwrap_or(usize::MAX));
        let titles: Vec<String> = self.columns.iter().map(|column| column.title.clone()).collect();
        let mut text = String::new();
        for row in std::iter::once(&titles).chain(&self.rows) {
            let cells = shown.iter().zip(&widths).map(|(&index, &width)| {
                let cell = row.get(index).map_or("", String::as_str);
                padded(&cut_inside(cell, width), width, self.columns[index].right)
            });
            let line = cells.collect::<Vec<_>>().join(BETWEEN);
            text.push_str(&cut(line.trim_end(), width.unwrap_or(usize::MAX)));
            text.push('\n');
        }
        let hidden: Vec<&str> = (0..self.columns.len())
            .filter(|index| !shown.contains(index))
            .map(|index| self.columns[index].title.as_str())
            .collect();
        if !hidden.is_empty() {
            let note = format!("not shown for want of room: {}", hidden.join(", "));
            text.push_str(&wrapped(&note, width));
            text.push('\n');
        }
        text
    }

    /// The columns that are shown, and the cells of each.
    fn fit(&self, room: usize) -> (Vec<usize>, Vec<usize>) {
        let mut shown: Vec<usize> = (0..self.columns.len()).collect();
        let mut least = NAME;
        loop {
            let mut widths: Vec<usize> = shown.iter().map(|&index| self.natural(index)).collect();
            let between = BETWEEN.len() * shown.len().saturating_sub(1);
            let mut excess = (widths.iter().sum::<usize>() + between).saturating_sub(room);
            for (width, &index) in widths.iter_mut().zip(&shown) {
                if self.columns[index].shrinks {
                    let taken = excess.min(width.saturating_sub(least));
                    *width -= taken;
                    excess -= taken;
                }
            }
            if excess == 0 {
                return (shown, widths);
            }
            let rank = |&place: &usize| self.columns[shown[place]].rank.map(|rank| (rank, place));
            match (0..shown.len()).filter_map(|place| rank(&place)).min() {
                Some((_, place)) => {
                    shown.remove(place);
                }
                None if least > SHORTEST => least = SHORTEST,
                None => return (shown, widths),
            }
        }
    }

    /// The cells that a column would like to have.
    fn natural(&self, index: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(index)).map(|cell| self::width(cell));
        cells.chain([self::width(&self.columns[index].title)]).max().unwrap_or(0)
    }
}

/// The cells that a text takes on a terminal.
pub fn width(text: &str) -> usize {
    measure_text_width(text)
}

/// A text in at most `most` cells; what is cut off is told by `…`.
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if width(text) <= most { Cow::Borrowed(text) } else { truncate_str(text, most, "…") }
}

/// A name in at most `most` cells: names of runs differ at their ends, so that it is cut in its
/// middle.
fn cut_inside(text: &str, most: usize) -> Cow<'_, str> {
    if width(text) <= most {
        return Cow::Borrowed(text);
    }
    let (mut end, room) = (text.len(), most.saturating_sub(1));
    let ends = text.char_indices().rev().map(|(index, _)| index);
    for index in ends.take_while(|&index| width(&text[index..]) <= room.div_ceil(2)) {
        end = index;
    }
    let begin = truncate_str(text, room - width(&text[end..]).min(room), "");
    Cow::Owned(format!("{begin}…{}", &text[end..]))
}

/// A text in `cells` cells.
fn padded(text: &str, cells: usize, right: bool) -> String {
    let blanks = " ".repeat(cells.saturating_sub(width(text)));
    if right { format!("{blanks}{text}") } else { format!("{text}{blanks}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let columns = vec![
            Column::words("run"),
            Column::words("status").whole().rank(1),
            Column::numbers("epochs").rank(2),
            Column::numbers("loss"),
        ];
        let mut table = Table::new(columns);
        for (name, loss) in
            [("2026-11-30-a-name-that-is-long-3f2a", "0.1234"), ("数字", "2.905e24")]
        {
            table.push(vec![name.into(), "finished".into(), "20/20".into(), loss.into()]);
        }
        table
    }

    #[test]
    fn a_table_shows_everything_where_there_is_room() {
        insta::assert_snapshot!(table().render(None), @r"
        run                                  status    epochs      loss
        2026-11-30-a-name-that-is-long-3f2a  finished   20/20    0.1234
        数字                                 finished   20/20  2.905e24
        ");
        assert_eq!(table().render(None), table().render(Some(200)));
    }

    #[test]
    fn a_narrow_table_cuts_names_and_leaves_columns_out() {
        let cut = table().render(Some(54));
        assert!(cut.lines().all(|line| width(line) <= 54), "{cut}");
        assert!(cut.contains("…-is-long-3f2a  finished") && cut.contains("2.905e24"), "{cut}");
        let narrow = table().render(Some(44));
        assert!(!narrow.contains("finished") && narrow.contains("2.905e24"), "{narrow}");
        assert!(narrow.ends_with("not shown for want of room: status\n"), "{narrow}");
        assert_eq!(cut_inside("2026-11-30-digits-mlp-9a66", 19), "2026-11-3…-mlp-9a66");
        assert_eq!(cut_inside("数字数字", 5), "数…字");
        assert_eq!(cut_inside("ab", 2), "ab");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for room in 20..90 {
            for line in table().render(Some(room)).lines() {
                assert!(width(line) <= room, "{room}: {line}");
            }
        }
    }
}
