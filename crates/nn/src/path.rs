//! Where in a model something is.

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

/// A step of a [`Path`]: a name or an index. Equal texts are equal, wherever they come from.
#[derive(Clone, Debug)]
pub enum Segment {
    /// The name of a field.
    Field(&'static str),
    /// A name that was given to a layer.
    Name(Arc<str>),
    /// An element of a list.
    Index(usize),
}

impl Segment {
    /// The name, unless it is an index.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Field(name) => Some(name),
            Self::Name(name) => Some(name),
            Self::Index(_) => None,
        }
    }

    /// Whether it is written like this: `encoder`, `3`.
    pub fn is(&self, text: &str) -> bool {
        match self {
            Self::Index(index) => text.parse() == Ok(*index),
            _ => self.name() == Some(text),
        }
    }
}

impl PartialEq for Segment {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Index(own), Self::Index(other)) => own == other,
            _ => self.name().is_some() && self.name() == other.name(),
        }
    }
}

impl Eq for Segment {}

impl From<&'static str> for Segment {
    fn from(name: &'static str) -> Self {
        Self::Field(name)
    }
}

impl From<Arc<str>> for Segment {
    fn from(name: Arc<str>) -> Self {
        Self::Name(name)
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => f.write_str(name),
            Self::Name(name) => f.write_str(name),
            Self::Index(index) => write!(f, "{index}"),
        }
    }
}

/// Where in a model something is: `encoder.3.weight`. Text is made only when asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    segments: SmallVec<[Segment; 8]>,
}

impl Path {
    /// The steps, outermost first.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether this is the place named by the dotted `prefix` or lies within it. The empty prefix
    /// names the whole model.
    pub fn is_within(&self, prefix: &str) -> bool {
        if prefix.is_empty() {
            return true;
        }
        let mut segments = self.segments.iter();
        prefix.split('.').all(|name| segments.next().is_some_and(|own| own.is(name)))
    }

    /// What messages call a layer of type `kind` at this place. Indices count from 0, as in
    /// recipes, `--set` and the names of parameters: `layer 1 of the shortcut of layer 3 (conv2d)`,
    /// `encoder (dense)`.
    pub fn describe(&self, kind: &str) -> String {
        let mut text = String::new();
        for segment in self.segments.iter().rev() {
            let of = if text.is_empty() { "" } else { " of " };
            match (segment, segment.name()) {
                (Segment::Index(index), _) => text += &format!("{of}layer {index}"),
                (_, Some("layers")) => {}
                (_, Some("shortcut")) => text += &format!("{of}the shortcut"),
                (name, _) => text += &format!("{of}{name}"),
            }
        }
        if text.is_empty() { kind.to_owned() } else { format!("{text} ({kind})") }
    }

    /// The same place, one step further in.
    #[must_use]
    pub fn join(&self, segment: impl Into<Segment>) -> Self {
        let mut path = self.clone();
        path.push(segment.into());
        path
    }

    pub(crate) fn push(&mut self, segment: Segment) {
        self.segments.push(segment);
    }

    pub(crate) fn pop(&mut self) {
        self.segments.pop();
    }

    pub(crate) fn prepend(&mut self, segment: Segment) {
        self.segments.insert(0, segment);
    }

    /// Goes to the place at `path` from here; the length before, for [`Path::truncate`].
    pub(crate) fn extend(&mut self, path: &Self) -> usize {
        let length = self.segments.len();
        self.segments.extend(path.segments.iter().cloned());
        length
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        self.segments.truncate(length);
    }
}

impl FromIterator<Segment> for Path {
    fn from_iter<I: IntoIterator<Item = Segment>>(segments: I) -> Self {
        Self { segments: segments.into_iter().collect() }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, segment) in self.segments.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            segment.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_compare_by_whole_segments() {
        let path: Path = ["layers".into(), 10.into(), "weight".into()].into_iter().collect();
        assert_eq!(path.to_string(), "layers.10.weight");
        for within in ["", "layers", "layers.10", "layers.10.weight"] {
            assert!(path.is_within(within), "{within}");
        }
        for outside in ["layer", "layers.1", "layers.10.weight.x", "weight"] {
            assert!(!path.is_within(outside), "{outside}");
        }
    }

    #[test]
    fn a_name_is_its_text() {
        let given = Segment::from(Arc::<str>::from("stem"));
        assert_eq!(given, Segment::from("stem"));
        assert_ne!(given, Segment::from(0));
        assert_ne!(Segment::from("0"), Segment::from(0));
    }
}
