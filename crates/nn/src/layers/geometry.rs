//! How recipes write the sizes of windows: `3` or `[3, 5]`, and what surrounds an image.

use std::fmt;

use glassbox_tensor::Padding;
use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A size along height and width: one number for both, or `[height, width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size2d {
    /// Along the rows.
    pub height: usize,
    /// Along the columns.
    pub width: usize,
}

impl Size2d {
    pub(crate) fn dims(self) -> [usize; 2] {
        [self.height, self.width]
    }

    /// `3` where both are the same, else `3×5`.
    pub(crate) fn short(self) -> String {
        if self.height == self.width { self.height.to_string() } else { self.to_string() }
    }
}

impl From<usize> for Size2d {
    fn from(size: usize) -> Self {
        Self { height: size, width: size }
    }
}

impl From<[usize; 2]> for Size2d {
    fn from([height, width]: [usize; 2]) -> Self {
        Self { height, width }
    }
}

/// `3×5`.
impl fmt::Display for Size2d {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}", self.height, self.width)
    }
}

impl Serialize for Size2d {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.height == self.width {
            self.height.serialize(serializer)
        } else {
            self.dims().serialize(serializer)
        }
    }
}

struct SizeVisitor;

impl<'de> Visitor<'de> for SizeVisitor {
    type Value = Size2d;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number or [height, width]")
    }

    fn visit_u64<E: Error>(self, size: u64) -> Result<Size2d, E> {
        match usize::try_from(size) {
            Ok(size) => Ok(size.into()),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(size), &self)),
        }
    }

    fn visit_i64<E: Error>(self, size: i64) -> Result<Size2d, E> {
        match usize::try_from(size) {
            Ok(size) => Ok(size.into()),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(size), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Size2d, A::Error> {
        let mut next = |index| {
            items
                .next_element::<usize>()?
                .ok_or_else(|| A::Error::invalid_length(index, &SizeVisitor))
        };
        let (height, width) = (next(0)?, next(1)?);
        match items.next_element::<usize>()? {
            Some(_) => Err(A::Error::invalid_length(3, &self)),
            None => Ok(Size2d { height, width }),
        }
    }
}

impl<'de> Deserialize<'de> for Size2d {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

/// What surrounds an image: `"valid"` (nothing), `"same"` (as much as keeps the size, divided by
/// the stride), or rows and columns on each side, `1` or `[1, 2]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PaddingConfig {
    /// Nothing: the window stays inside.
    #[default]
    Valid,
    /// As much as gives `ceil(input / stride)` outputs.
    Same,
    /// Rows above and below, columns left and right.
    Size(Size2d),
}

impl From<usize> for PaddingConfig {
    fn from(size: usize) -> Self {
        Self::Size(size.into())
    }
}

impl From<PaddingConfig> for Padding {
    fn from(config: PaddingConfig) -> Self {
        match config {
            PaddingConfig::Valid => Self::Valid,
            PaddingConfig::Same => Self::Same,
            PaddingConfig::Size(size) => Self::symmetric(size.height, size.width),
        }
    }
}

impl Serialize for PaddingConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Valid => "valid".serialize(serializer),
            Self::Same => "same".serialize(serializer),
            Self::Size(size) => size.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for PaddingConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PaddingVisitor;

        impl<'de> Visitor<'de> for PaddingVisitor {
            type Value = PaddingConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"same\", \"valid\", a whole number or [rows, columns]")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<PaddingConfig, E> {
                match name {
                    "valid" => Ok(PaddingConfig::Valid),
                    "same" => Ok(PaddingConfig::Same),
                    _ => Err(E::unknown_variant(name, &["same", "valid"])),
                }
            }

            fn visit_u64<E: Error>(self, size: u64) -> Result<PaddingConfig, E> {
                SizeVisitor.visit_u64(size).map(PaddingConfig::Size)
            }

            fn visit_i64<E: Error>(self, size: i64) -> Result<PaddingConfig, E> {
                SizeVisitor.visit_i64(size).map(PaddingConfig::Size)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<PaddingConfig, A::Error> {
                SizeVisitor.visit_seq(items).map(PaddingConfig::Size)
            }
        }

        deserializer.deserialize_any(PaddingVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_written_back() {
        for text in ["\"same\"", "\"valid\"", "2", "[1,2]"] {
            let padding: PaddingConfig = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&padding).unwrap(), text);
        }
        assert_eq!(serde_json::from_str::<Size2d>("[4, 4]").unwrap(), 4.into());
    }

    #[test]
    fn mistakes_say_what_is_possible() {
        let error =
            |text: &str| serde_json::from_str::<PaddingConfig>(text).unwrap_err().to_string();
        assert!(error("\"sam\"").contains("expected `same` or `valid`"), "{}", error("\"sam\""));
        for text in ["-1", "[1]", "[1,2,3]", "1.5", "{}"] {
            assert!(error(text).contains("whole number"), "{text}: {}", error(text));
        }
    }
}
