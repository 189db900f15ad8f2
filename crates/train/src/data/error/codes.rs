//! The codes of data errors, and what each means.

use std::fmt;

/// Kinds of data errors. Each has a code of the form `GB03xx` that `glassbox explain` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataErrorCode {
    /// GB0301: a file or folder is missing or cannot be read.
    Unreadable,
    /// GB0302: there is no data.
    Empty,
    /// GB0303: a compressed file is damaged.
    Compression,
    /// GB0304: the header of an IDX file is wrong.
    IdxHeader,
    /// GB0305: the size of a file is not what its header says.
    FileSize,
    /// GB0306: the number of inputs is not the number of targets.
    CountMismatch,
    /// GB0307: a label is not one of the classes.
    LabelRange,
    /// GB0308: data would need more memory than is allowed.
    TooLarge,
    /// GB0310: the structure of a CSV file is wrong.
    CsvStructure,
    /// GB0311: a column is missing or named twice.
    Column,
    /// GB0312: a value is not a number.
    NotANumber,
    /// GB0313: a value is NaN or infinite.
    NotFinite,
    /// GB0314: a value is missing.
    Missing,
    /// GB0315: a category is unknown, or there are too many.
    Category,
    /// GB0316: the steps of a time series are not even.
    Gap,
    /// GB0320: an image cannot be decoded.
    Image,
    /// GB0321: images differ in size or color.
    ImageShape,
    /// GB0322: the classes of a data set are unusable.
    Classes,
    /// GB0323: a text is not UTF-8, or has characters that the model does not know.
    Text,
    /// GB0330: a split is impossible.
    Split,
    /// GB0331: a normalization does not fit the data.
    Normalize,
    /// GB0332: an augmentation does not fit the data.
    Augment,
    /// GB0333: a data source's settings are impossible.
    Source,
    /// GB0340: a thread that prepares batches failed.
    Worker,
    /// GB0341: a class is unknown to a model.
    UnknownClass,
    /// GB0342: data is of another kind than a model's.
    OtherData,
    /// GB0343: an input is unlike those of the training.
    Unlike,
    /// GB0344: a row or file cannot be predicted.
    NotPredicted,
    /// GB0345: a number can be read with a decimal point or a decimal comma.
    AmbiguousNumber,
    /// GB0346: a date can be read with the day or the month first.
    AmbiguousDate,
    /// GB0347: the cells of a column are written in different ways.
    MixedColumn,
    /// GB0348: it is open whether the first row names the columns.
    Header,
    /// GB0349: a target looks like numbers but is none.
    LooksNumeric,
    /// GB0350: two rows of a time series have the same time.
    SameTime,
}

impl DataErrorCode {
    /// Every code, in order.
    pub const ALL: [Self; 34] = [
        Self::Unreadable,
        Self::Empty,
        Self::Compression,
        Self::IdxHeader,
        Self::FileSize,
        Self::CountMismatch,
        Self::LabelRange,
        Self::TooLarge,
        Self::CsvStructure,
        Self::Column,
        Self::NotANumber,
        Self::NotFinite,
        Self::Missing,
        Self::Category,
        Self::Gap,
        Self::Image,
        Self::ImageShape,
        Self::Classes,
        Self::Text,
        Self::Split,
        Self::Normalize,
        Self::Augment,
        Self::Source,
        Self::Worker,
        Self::UnknownClass,
        Self::OtherData,
        Self::Unlike,
        Self::NotPredicted,
        Self::AmbiguousNumber,
        Self::AmbiguousDate,
        Self::MixedColumn,
        Self::Header,
        Self::LooksNumeric,
        Self::SameTime,
    ];

    /// The code as it is printed: `GB0301`.
    pub fn as_str(self) -> &'static str {
        self.entry().0
    }

    /// What went wrong, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Unreadable => "a data file or folder cannot be read",
            Self::Empty => "there is no data",
            Self::Compression => "a compressed file is damaged",
            Self::IdxHeader => "the header of an IDX file is wrong",
            Self::FileSize => "a file is not as long as its header says",
            Self::CountMismatch => "inputs and targets differ in number",
            Self::LabelRange => "a label is not one of the classes",
            Self::TooLarge => "the data is too large",
            Self::CsvStructure => "the structure of a CSV file is wrong",
            Self::Column => "a column is missing or named twice",
            Self::NotANumber => "a cell is not a number",
            Self::NotFinite => "a value is NaN or infinite",
            Self::Missing => "a value is missing",
            Self::Category => "a category is unknown, or there are too many",
            Self::Gap => "the steps of a time series are not even",
            Self::Image => "an image cannot be decoded",
            Self::ImageShape => "images differ in size or color",
            Self::Classes => "the classes cannot be used",
            Self::Text => "a text cannot be read",
            Self::Split => "the split is impossible",
            Self::Normalize => "the normalization does not fit the data",
            Self::Augment => "an augmentation does not fit the data",
            Self::Source => "a setting of the data source is impossible",
            Self::Worker => "a thread that prepares batches failed",
            Self::UnknownClass => "a class is unknown to the model",
            Self::OtherData => "data of another kind than the model's",
            Self::Unlike => "an input is unlike those of the training",
            Self::NotPredicted => "a row or file cannot be predicted",
            Self::AmbiguousNumber => "a number can be read in two ways",
            Self::AmbiguousDate => "a date can be read in two ways",
            Self::MixedColumn => "the cells of a column are written in different ways",
            Self::Header => "the first row may or may not be names",
            Self::LooksNumeric => "a target looks like numbers but is none",
            Self::SameTime => "two rows of a series have the same time",
        }
    }

    /// What the code means and what to do, for `glassbox explain GB0301`.
    pub fn explanation(self) -> &'static str {
        self.entry().1
    }

    fn entry(self) -> (&'static str, &'static str) {
        match self {
            Self::Unreadable => (
                "GB0301",
                "A data file or folder does not exist, is of the wrong kind, or may not be read. \
                 A relative path in a recipe starts at the recipe's own folder, one on the command \
                 line or after --set at the current folder.",
            ),
            Self::Empty => (
                "GB0302",
                "The data set has no items: an empty file or folder, a text or series shorter than \
                 one window, or nothing is left after leaving out rows with missing values.",
            ),
            Self::Compression => (
                "GB0303",
                "A gzip file is damaged or cut off: its contents do not decompress, or its check \
                 sum differs. Fetch it again.",
            ),
            Self::IdxHeader => (
                "GB0304",
                "An IDX file starts with two zero bytes, a type code (8 = unsigned bytes), the \
                 number of dimensions, and one big-endian 32-bit length per dimension. This one \
                 does not, or has another type or number of dimensions than needed here.",
            ),
            Self::FileSize => (
                "GB0305",
                "The header declares more or fewer values than the file holds: the file was cut \
                 off, joined with another, or is not what its name says.",
            ),
            Self::CountMismatch => (
                "GB0306",
                "Every input needs exactly one target. The files of inputs and targets do not \
                 belong together, or one of them is incomplete.",
            ),
            Self::LabelRange => (
                "GB0307",
                "Labels count the classes from 0. A label at or above the number of class names \
                 means that names are missing or that the file is not one of labels.",
            ),
            Self::TooLarge => (
                "GB0308",
                "The declared sizes would need more memory than a data set may take. Nothing was \
                 allocated. Make items smaller (`size`), leave out columns, or raise the limit.",
            ),
            Self::CsvStructure => (
                "GB0310",
                "A CSV file must be UTF-8 text whose rows all have the same number of cells. \
                 Check the delimiter and the quotes around cells that contain it.",
            ),
            Self::Column => (
                "GB0311",
                "A column that the recipe names is not in the file, or a name is there twice. \
                 Columns can be given by name or by index from 0.",
            ),
            Self::NotANumber => (
                "GB0312",
                "A column is numeric when all its values are numbers and categorical when none \
                 is. Here some are and some are not: correct the value, or list the column under \
                 `categorical`.",
            ),
            Self::NotFinite => (
                "GB0313",
                "A value is NaN, infinite, or too large for 32-bit floating point. One such value \
                 turns every weight into NaN, so it is refused before training.",
            ),
            Self::Missing => (
                "GB0314",
                "A cell is empty or says NA, N/A, null or ?. Fill it in, or set \
                 `missing = \"skip_row\"` to leave out such rows.",
            ),
            Self::Category => (
                "GB0315",
                "A categorical value was never seen in training: correct it, or read such values as \
                 none of the known ones with `unknown = \"other\"` or `--unknown other`. Or a column \
                 has so many values that it looks like an identifier: ignore it or raise \
                 `max_categories`.",
            ),
            Self::Gap => (
                "GB0316",
                "A forecast counts in steps, so the rows of a time series must be equally far \
                 apart and in order. The column that `time` names says that they are not: fill in \
                 the rows that are missing, sort them, or take out those that are there twice.",
            ),
            Self::Image => (
                "GB0320",
                "An image file cannot be decoded: it is cut off or otherwise damaged, or of a format \
                 that is not read. Viewers show such files as far as they go; here they are \
                 errors, because a model would learn the missing part. damaged = \"skip\" in \
                 [data] leaves them out and lists them.",
            ),
            Self::ImageShape => (
                "GB0321",
                "All images of a data set must have one size and color. Give `size = [height, \
                 width]` to resize them, `color = \"rgb\"` or `\"gray\"` to convert them.",
            ),
            Self::Classes => (
                "GB0322",
                "A classifier needs at least two classes, and every part of a data set must name \
                 them alike. In an image folder each class is a subfolder.",
            ),
            Self::Text => (
                "GB0323",
                "Text must be UTF-8. A model of characters knows those of the text it was trained \
                 on and no others; a model of bytes (`unit = \"byte\"`) knows any text.",
            ),
            Self::Split => (
                "GB0330",
                "Fractions of a split lie between 0 and 1, together at most 1, and leave at least \
                 one training item. A source that brings its own test set keeps it.",
            ),
            Self::Normalize => (
                "GB0331",
                "`normalize` needs one mean and one positive standard deviation for each channel \
                 or feature (or one for all).",
            ),
            Self::Augment => (
                "GB0332",
                "Augmentations work on images `[height, width, channels]`; their amounts must be \
                 finite and their probabilities between 0 and 1.",
            ),
            Self::Source => ("GB0333", "A setting of the data source is out of its range."),
            Self::Worker => (
                "GB0340",
                "A thread that prepares batches could not be started, or stopped unexpectedly. The \
                 latter is a defect of Glassbox: please report it with the recipe.",
            ),
            Self::UnknownClass => (
                "GB0341",
                "New data has a class that the model was not trained on. It has no score: \
                 correct the label, take the items out, or train again with the class.",
            ),
            Self::OtherData => (
                "GB0342",
                "New data is read through what the model learned about its own: columns, \
                 vocabulary, the size and colors of images. This data is of another kind or shape.",
            ),
            Self::Unlike => (
                "GB0343",
                "A warning: an input is unlike everything in the training data, so its prediction \
                 means little. Its values lie far outside of the training's range (by more than \
                 half of it), their mean is more than two standard deviations away (another unit, \
                 or columns that changed places), an image is inverted, much brighter or darker, \
                 or resized by more than 3.",
            ),
            Self::NotPredicted => (
                "GB0344",
                "Some rows or files could not be read as the training data was; the others were \
                 predicted. Rows keep their numbers: each is counted from 1 in its file, the \
                 header not counting. Exit status 1.",
            ),
            Self::AmbiguousNumber => (
                "GB0345",
                "Every number of the column has one separator that may stand before decimals or \
                 between thousands, as in 1,234, and no other column shows which it is. Set \
                 `decimal = \",\"` or `decimal = \".\"` in [data], or write one number so that it \
                 shows.",
            ),
            Self::AmbiguousDate => (
                "GB0346",
                "No date of the column has a day above 12, so 1/2/2024 may be in January or in \
                 February. Set `day_first = true` or `day_first = false` in [data], or write \
                 dates as 2024-02-01.",
            ),
            Self::MixedColumn => (
                "GB0347",
                "Some numbers have a decimal comma and others a point, some are percentages and \
                 others not, amounts are in different currencies, or dates are written in \
                 different orders. Write all cells of the column alike, or list it under \
                 `categorical` or `ignore`.",
            ),
            Self::Header => (
                "GB0348",
                "Some cells of the first row look like names and others like values. Set \
                 `header = \"present\"` or `header = \"absent\"` in [data], or correct the row.",
            ),
            Self::LooksNumeric => (
                "GB0349",
                "The target has many different texts that begin as numbers do, such as 12 kg: \
                 as classes they would teach nothing. Write the numbers alone, or set \
                 `target_kind = \"class\"` if they are names.",
            ),
            Self::SameTime => (
                "GB0350",
                "Rows of a series follow each other in time. Keep one row for each time, or \
                 take the mean of those that have the same; several series in one file have to \
                 be separated.",
            ),
        }
    }
}

impl fmt::Display for DataErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
