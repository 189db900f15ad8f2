//! How recipes write an initializer: its name alone, or a table with its `type`.

use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{FanMode, Init, Nonlinearity};

/// The table form, with what each initializer leaves out filled in.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Table {
    Default,
    Zeros,
    Constant {
        value: f32,
    },
    Uniform {
        #[serde(default = "minus_one")]
        low: f32,
        #[serde(default = "one")]
        high: f32,
    },
    Normal {
        #[serde(default)]
        mean: f32,
        #[serde(default = "one")]
        std: f32,
    },
    XavierUniform {
        #[serde(default = "one")]
        gain: f32,
    },
    XavierNormal {
        #[serde(default = "one")]
        gain: f32,
    },
    KaimingUniform {
        #[serde(default)]
        mode: FanMode,
        #[serde(default)]
        nonlinearity: Nonlinearity,
    },
    KaimingNormal {
        #[serde(default)]
        mode: FanMode,
        #[serde(default)]
        nonlinearity: Nonlinearity,
    },
    Orthogonal {
        #[serde(default = "one")]
        gain: f32,
    },
    #[serde(alias = "identity")]
    Eye,
    Dirac {
        #[serde(default = "one_group")]
        groups: usize,
    },
}

fn one() -> f32 {
    1.0
}

fn minus_one() -> f32 {
    -1.0
}

fn one_group() -> usize {
    1
}

impl From<Table> for Init {
    fn from(table: Table) -> Self {
        match table {
            Table::Default => Self::Default,
            Table::Zeros => Self::Zeros,
            Table::Constant { value } => Self::Constant { value },
            Table::Uniform { low, high } => Self::Uniform { low, high },
            Table::Normal { mean, std } => Self::Normal { mean, std },
            Table::XavierUniform { gain } => Self::XavierUniform { gain },
            Table::XavierNormal { gain } => Self::XavierNormal { gain },
            Table::KaimingUniform { mode, nonlinearity } => {
                Self::KaimingUniform { mode, nonlinearity }
            }
            Table::KaimingNormal { mode, nonlinearity } => {
                Self::KaimingNormal { mode, nonlinearity }
            }
            Table::Orthogonal { gain } => Self::Orthogonal { gain },
            Table::Eye => Self::Eye,
            Table::Dirac { groups } => Self::Dirac { groups },
        }
    }
}

/// From a name alone or a table with a `type`.
impl<'de> Deserialize<'de> for Init {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;

        impl<'de> Visitor<'de> for Forms {
            type Value = Table;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the name of an initializer, or a table with its `type`")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Table, E> {
                Table::deserialize(MapDeserializer::new([("type", name)].into_iter()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Table, A::Error> {
                Table::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_any(Forms).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_mistakes_named() {
        let read = |text: &str| serde_json::from_str::<Init>(text);
        assert_eq!(read("\"zeros\"").unwrap(), Init::Zeros);
        assert_eq!(read("\"xavier_normal\"").unwrap(), Init::XavierNormal { gain: 1.0 });
        let leaky = Init::KaimingNormal {
            mode: FanMode::FanOut,
            nonlinearity: Nonlinearity::LeakyRelu(0.2),
        };
        let text = serde_json::to_string(&leaky).unwrap();
        assert_eq!(read(&text).unwrap(), leaky);
        assert!(read("\"zeroes\"").unwrap_err().to_string().contains("unknown variant `zeroes`"));
        let error = read(r#"{"type": "normal", "sdt": 1}"#).unwrap_err().to_string();
        assert!(error.contains("unknown field `sdt`"), "{error}");
    }
}
