//! What can be wrong with an architecture.

use std::fmt;

use glassbox_tensor::Shape;

use crate::path::{Path, Segment};

/// A layer that cannot be built, with everything a message for people needs.
///
/// Codes: GB0201 an axis of length 0, GB0202 wrong number of axes, GB0203 another size than
/// declared, GB0204 a setting out of range, GB0205 a window that does not fit, GB0206 too large,
/// GB0207 branches that do not meet, GB0208 a batch too small, GB0209 a name that no layer has or
/// several have, GB0210 layers that wait for each other, GB0211 a layer whose output goes nowhere;
/// GB0140 a layer that sees the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    /// The code under which `glassbox explain` describes this error.
    pub code: &'static str,
    /// Where the layer is, counted from 0: `4.layers.1`.
    pub path: Box<Path>,
    /// The layer's type.
    pub layer: &'static str,
    /// The key of the layer's configuration that is at fault.
    pub field: Option<&'static str>,
    /// What the layer needs.
    pub expected: String,
    /// What it was given.
    pub found: String,
    /// What to do about it; empty when there is no advice.
    pub help: Box<str>,
}

impl BuildError {
    pub(crate) fn new(
        code: &'static str,
        layer: &'static str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        let (expected, found) = (expected.into(), found.into());
        Self { code, path: Box::default(), layer, field: None, expected, found, help: "".into() }
    }

    pub(crate) fn field(mut self, field: &'static str) -> Self {
        self.field = Some(field);
        self
    }

    pub(crate) fn help(mut self, help: impl Into<Box<str>>) -> Self {
        self.help = help.into();
        self
    }

    /// The same error with a word about the order of axes, where a window does not fit into an
    /// `input` of the model that looks like channels × height × width.
    pub(crate) fn in_model_of(mut self, input: Shape) -> Self {
        if self.code == "GB0205" && looks_channels_first(input) {
            let help = "images are height × width × channels, and the input looks like \
                        channels × height × width: put the channels last";
            self.help = help.into();
        }
        self
    }

    /// The same error, seen from one level further out.
    pub(crate) fn within(mut self, segment: impl Into<Segment>) -> Self {
        self.path.prepend(segment.into());
        self
    }

    /// The same error, seen from outside of `prefix`.
    pub(crate) fn below(mut self, prefix: &Path) -> Self {
        let mut path = prefix.clone();
        path.extend(&self.path);
        *self.path = path;
        self
    }

    /// The same error at this place.
    pub(crate) fn at(mut self, path: Path) -> Self {
        *self.path = path;
        self
    }
}

/// `GB0203 × layer 10 (dense): expected 1568 inputs, found 3136` and a line of help. Layers are
/// counted from 0, as in summaries, in `--set` and in the names of parameters.
impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.path.describe(self.layer);
        write!(f, "{} × {place}: expected {}, found {}", self.code, self.expected, self.found)?;
        if !self.help.is_empty() {
            write!(f, "\n  help: {}", self.help)?;
        }
        Ok(())
    }
}

impl std::error::Error for BuildError {}

/// The largest number of values one tensor of a model may have: 4 GiB of them. More is a slip of
/// the keyboard, caught before anything is allocated.
pub const MAX_VALUES: usize = 1 << 30;

/// The product of `factors`, when it is a sensible size for a tensor.
pub(crate) fn checked_size(
    layer: &'static str,
    what: &str,
    factors: &[usize],
) -> Result<usize, BuildError> {
    let size = factors.iter().try_fold(1usize, |size, &factor| size.checked_mul(factor));
    size.filter(|&size| size <= MAX_VALUES).ok_or_else(|| {
        let factors: Vec<_> = factors.iter().map(usize::to_string).collect();
        let expected = format!("at most {MAX_VALUES} {what}");
        BuildError::new("GB0206", layer, expected, factors.join(" × "))
            .help("make the layer, or what feeds it, smaller")
    })
}

/// The output shape, when it is a sensible size.
pub(crate) fn checked_shape(layer: &'static str, dims: &[usize]) -> Result<Shape, BuildError> {
    if dims.contains(&0) {
        let found = Shape::new(dims).to_string();
        return Err(BuildError::new("GB0201", layer, "axes of length 1 or more", found));
    }
    checked_size(layer, "values an item", dims)?;
    Ok(Shape::new(dims))
}

/// Whether an image of this shape has its channels first, as other frameworks do: 3×224×224.
pub(crate) fn looks_channels_first(input: Shape) -> bool {
    matches!(*input.dims(), [1 | 3 | 4, height, width] if height > 4 && width > 4)
}

/// An item shape as messages show it.
pub(crate) fn with_kind(shape: Shape) -> String {
    match shape.rank() {
        0 => "a single number".into(),
        1 => format!("a list of {shape}"),
        2 => format!("a sequence of {shape}"),
        3 => format!("an image of {shape}"),
        _ => format!("{shape}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_place() {
        let error = BuildError::new("GB0203", "dense", "1568 inputs", "3136").help("mend it");
        assert_eq!(
            error.to_string(),
            "GB0203 × dense: expected 1568 inputs, found 3136\n  help: mend it"
        );
        let error = error.help("").within(1).within("shortcut").within(3);
        assert_eq!(error.path.to_string(), "3.shortcut.1");
        assert_eq!(
            error.to_string(),
            "GB0203 × layer 1 of the shortcut of layer 3 (dense): expected 1568 inputs, found 3136"
        );
    }

    #[test]
    fn channels_first_get_a_word() {
        let build = |input: [usize; 3]| {
            let model = crate::Sequential::input(input).conv2d(8, 3).relu().conv2d(8, 3).build(1);
            model.err().map(|error| error.to_string())
        };
        let error = build([3, 224, 224]).unwrap();
        assert!(error.contains("GB0205") && error.contains("put the channels last"), "{error}");
        assert!(!build([3, 2, 224]).unwrap().contains("channels last"));
        assert_eq!(build([224, 224, 3]), None);
        let layers = crate::Sequential::input([]).conv2d(8, 3).into_layers();
        let hints = crate::Summary::of(&layers, [3, 32, 32]).unwrap().hints();
        assert!(hints[0].contains("3×32×32 looks like channels"), "{hints:?}");
        assert!(crate::Summary::of(&layers, [32, 32, 3]).unwrap().hints().is_empty());
    }

    #[test]
    fn absurd_sizes_are_errors() {
        assert_eq!(checked_size("dense", "weights", &[usize::MAX, 2]).unwrap_err().code, "GB0206");
        assert_eq!(checked_size("dense", "weights", &[MAX_VALUES, 1]), Ok(MAX_VALUES));
        assert_eq!(checked_shape("flatten", &[3, 0]).unwrap_err().code, "GB0201");
    }
}
