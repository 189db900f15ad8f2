//! Embeddings.

use glassbox_tensor::{DType, Rng, Shape, Tensor};
use serde::{Deserialize, Serialize};

use super::config::{Cost, LayerConfig, at_least_one};
use crate::Parameters;
use crate::builder::Builder;
use crate::context::Cx;
use crate::error::{BuildError, checked_shape, checked_size, with_kind};
use crate::init::Init;
use crate::module::Module;
use crate::param::Param;

/// `type = "embedding"`: every token, a whole number, becomes a learned vector (Bengio et al.
/// 2003): `[time]` to `[time, dim]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingConfig {
    /// The length of the vectors.
    pub dim: usize,
    /// How many different tokens there are: they count from 0. Left out, as many as the data has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// How the vectors start.
    #[serde(default = "normal")]
    pub init: Init,
}

fn normal() -> Init {
    Init::Normal { mean: 0.0, std: 1.0 }
}

impl EmbeddingConfig {
    /// Vectors of this length, for as many tokens as the data has.
    pub fn new(dim: usize) -> Self {
        Self { dim, size: None, init: normal() }
    }

    fn size(&self) -> Result<usize, BuildError> {
        let Some(size) = self.size else {
            let expected = "`size`, the number of different tokens";
            return Err(BuildError::new("GB0204", Self::TYPE, expected, "nothing")
                .field("size")
                .help("give `size`: these data do not say how many tokens there are"));
        };
        at_least_one(Self::TYPE, "size", size)?;
        at_least_one(Self::TYPE, "dim", self.dim)?;
        checked_size(Self::TYPE, "weights", &[size, self.dim])?;
        Ok(size)
    }
}

impl LayerConfig for EmbeddingConfig {
    const TYPE: &'static str = "embedding";

    fn output_shape(&self, input: Shape) -> Result<Shape, BuildError> {
        if input.rank() > 1 {
            let (expected, found) = ("a token or a list of tokens", with_kind(input));
            return Err(BuildError::new("GB0202", Self::TYPE, expected, found)
                .help("it stands first, on data that are tokens"));
        }
        checked_shape(Self::TYPE, &input)?;
        self.size()?;
        let mut dims = input.dims().to_vec();
        dims.push(self.dim);
        checked_shape(Self::TYPE, &dims)
    }

    fn build(&self, input: Shape, rng: &mut Rng) -> Result<Box<dyn Module>, BuildError> {
        self.output_shape(input)?;
        let weight = Param::new(self.init.weight([self.size()?, self.dim], rng));
        Ok(Box::new(Embedding { weight }))
    }

    fn describe(&self) -> String {
        match self.size {
            Some(size) => format!("embedding, {size} tokens to {}", self.dim),
            None => format!("embedding to {}", self.dim),
        }
    }

    fn cost(&self, input: Shape) -> Result<Cost, BuildError> {
        self.output_shape(input)?;
        Ok(Cost { parameters: self.size()? * self.dim, ..Cost::default() })
    }
}

/// Rows of a table: tokens `[batch, …]`, integers or numbers that are whole, to
/// `[batch, …, dim]`. The padding of sequences ([`Cx::with_lengths`]) becomes zeros, whatever stands
/// there: no row belongs to it.
#[derive(Clone, Debug, Parameters)]
pub struct Embedding {
    /// `[tokens, dim]`.
    pub weight: Param,
}

impl Embedding {
    /// `input` as integers. What follows a shorter sequence is no token, and read as token 0: its
    /// vector is replaced by zeros, or left out by the layer that takes the rows.
    ///
    /// # Panics
    /// When one of them is no token.
    fn tokens(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        let size = self.weight.shape()[0];
        let tokens = match input.dtype() {
            DType::I32 => input.detach(),
            DType::F32 => Tensor::build_i32(input.shape(), |out| {
                for (out, &token) in out.iter_mut().zip(input.as_slice()) {
                    // Anything that is no token becomes one that is out of range.
                    *out = if token.fract() == 0.0 { token as i32 } else { -1 };
                }
            }),
        };
        let tokens = match (cx.lengths(), input.dims()) {
            (Some(lengths), &[batch, time]) if lengths.elements() == batch => {
                Tensor::build_i32(input.shape(), |out| {
                    out.copy_from_slice(tokens.as_i32());
                    for (item, &length) in out.chunks_exact_mut(time.max(1)).zip(lengths.as_i32()) {
                        let length = usize::try_from(length).unwrap_or(0);
                        item.get_mut(length..).unwrap_or_default().fill(0);
                    }
                })
            }
            _ => tokens,
        };
        let wrong = tokens.as_i32().iter().position(|&token| token < 0 || token as usize >= size);
        if let Some(place) = wrong {
            let found = match input.dtype() {
                DType::I32 => input.as_i32()[place].to_string(),
                DType::F32 => input.as_slice()[place].to_string(),
            };
            let name = cx.name("embedding");
            panic!("{name} expects tokens from 0 to {}, got {found}", size - 1);
        }
        tokens
    }
}

impl Embedding {
    /// The table and the tokens whose rows of it are the output. Padding is token 0 among them: who
    /// takes the rows leaves it out.
    pub(crate) fn rows(&self, input: &Tensor, cx: &mut Cx) -> (Tensor, Tensor) {
        let tokens = self.tokens(input, cx);
        (self.weight.on(cx), tokens)
    }
}

impl Module for Embedding {
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        let tokens = self.tokens(input, cx);
        let vectors = self.weight.on(cx).index_select(0, &tokens);
        cx.without_padding("embedding", &vectors)
    }

    fn kind(&self) -> &'static str {
        EmbeddingConfig::TYPE
    }
}

impl Builder {
    /// Adds vectors of length `dim` for `size` tokens: [`EmbeddingConfig`].
    #[must_use]
    pub fn embedding(self, size: usize, dim: usize) -> Self {
        self.layer(EmbeddingConfig { size: Some(size), ..EmbeddingConfig::new(dim) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_whole_numbers_pick_rows() {
        let weight = Param::new(Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], [2, 2]));
        let layer = Embedding { weight };
        let tokens = Tensor::from_i32(&[1, 0, 1], [1, 3]);
        let output = layer.forward(&tokens, &mut Cx::eval());
        assert_eq!(
            (output.dims(), output.to_vec()),
            (&[1, 3, 2][..], vec![3., 4., 1., 2., 3., 4.])
        );
        let numbers = Tensor::from_slice(&[1.0, 0.0, 1.0], [1, 3]);
        assert_eq!(layer.forward(&numbers, &mut Cx::eval()).to_vec(), output.to_vec());
    }

    #[test]
    #[should_panic(expected = "layer 2 (embedding) expects tokens from 0 to 1, got 0.5")]
    fn other_numbers_name_the_layer() {
        let layer = Embedding { weight: Param::new(Tensor::zeros([2, 2])) };
        let input = Tensor::from_slice(&[1.0, 0.5], [1, 2]);
        let _ = Cx::eval().scope(2, |cx| layer.forward(&input, cx));
    }

    #[test]
    fn the_number_of_tokens_must_be_known() {
        let error = EmbeddingConfig::new(4).output_shape([3].into()).unwrap_err();
        assert_eq!((error.code, error.field), ("GB0204", Some("size")));
    }
}
