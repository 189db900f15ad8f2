//! The models of the workloads, in the style of candle's own examples.

use candle_core::{Result, Tensor, D};
use candle_nn::ops::sigmoid;
use candle_nn::rnn::{GRUConfig, LSTMConfig, LSTMState};
use candle_nn::{
    batch_norm, conv2d, conv2d_no_bias, embedding, gru, linear, linear_no_bias, lstm, BatchNorm,
    Conv2d, Conv2dConfig, Dropout, Embedding, Linear, Module, VarBuilder, GRU, LSTM, RNN,
};

/// A model: from inputs to scores `[items, classes]`.
pub trait Model: Sized {
    fn new(vb: VarBuilder) -> Result<Self>;
    fn forward(&self, x: &Tensor, training: bool) -> Result<Tensor>;
}

pub struct Tiny {
    l1: Linear,
    l2: Linear,
    l3: Linear,
}

impl Model for Tiny {
    fn new(vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            l1: linear(2, 16, vb.pp("l1"))?,
            l2: linear(16, 16, vb.pp("l2"))?,
            l3: linear(16, 2, vb.pp("l3"))?,
        })
    }
    fn forward(&self, x: &Tensor, _training: bool) -> Result<Tensor> {
        x.apply(&self.l1)?.tanh()?.apply(&self.l2)?.tanh()?.apply(&self.l3)
    }
}

pub struct Mlp {
    l1: Linear,
    l2: Linear,
    l3: Linear,
}

impl Model for Mlp {
    fn new(vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            l1: linear(784, 512, vb.pp("l1"))?,
            l2: linear(512, 512, vb.pp("l2"))?,
            l3: linear(512, 10, vb.pp("l3"))?,
        })
    }
    fn forward(&self, x: &Tensor, _training: bool) -> Result<Tensor> {
        x.apply(&self.l1)?.relu()?.apply(&self.l2)?.relu()?.apply(&self.l3)
    }
}

pub struct Cnn {
    c1: Conv2d,
    c2: Conv2d,
    d1: Dropout,
    d2: Dropout,
    f1: Linear,
    f2: Linear,
}

impl Model for Cnn {
    fn new(vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            c1: conv2d(1, 32, 3, Default::default(), vb.pp("c1"))?,
            c2: conv2d(32, 64, 3, Default::default(), vb.pp("c2"))?,
            d1: Dropout::new(0.25),
            d2: Dropout::new(0.5),
            f1: linear(9216, 128, vb.pp("f1"))?,
            f2: linear(128, 10, vb.pp("f2"))?,
        })
    }
    fn forward(&self, x: &Tensor, training: bool) -> Result<Tensor> {
        let x = x.apply(&self.c1)?.relu()?.apply(&self.c2)?.relu()?;
        let x = x.max_pool2d(2)?.apply_t(&self.d1, training)?.flatten_from(1)?;
        x.apply(&self.f1)?.relu()?.apply_t(&self.d2, training)?.apply(&self.f2)
    }
}

fn conv(i: usize, o: usize, k: usize, stride: usize, vb: VarBuilder) -> Result<Conv2d> {
    let cfg = Conv2dConfig { padding: k / 2, stride, ..Default::default() };
    conv2d_no_bias(i, o, k, cfg, vb)
}

struct Block {
    c1: Conv2d,
    b1: BatchNorm,
    c2: Conv2d,
    b2: BatchNorm,
    sc: Option<(Conv2d, BatchNorm)>,
}

impl Block {
    fn new(i: usize, o: usize, stride: usize, vb: VarBuilder) -> Result<Self> {
        let sc = if stride != 1 || i != o {
            Some((conv(i, o, 1, stride, vb.pp("sc"))?, batch_norm(o, 1e-5, vb.pp("sb"))?))
        } else {
            None
        };
        Ok(Self {
            c1: conv(i, o, 3, stride, vb.pp("c1"))?,
            b1: batch_norm(o, 1e-5, vb.pp("b1"))?,
            c2: conv(o, o, 3, 1, vb.pp("c2"))?,
            b2: batch_norm(o, 1e-5, vb.pp("b2"))?,
            sc,
        })
    }
    fn forward(&self, x: &Tensor, training: bool) -> Result<Tensor> {
        let y = x.apply(&self.c1)?.apply_t(&self.b1, training)?.relu()?;
        let y = y.apply(&self.c2)?.apply_t(&self.b2, training)?;
        let s = match &self.sc {
            Some((c, b)) => x.apply(c)?.apply_t(b, training)?,
            None => x.clone(),
        };
        (y + s)?.relu()
    }
}

pub struct ResNet20 {
    c: Conv2d,
    b: BatchNorm,
    blocks: Vec<Block>,
    head: Linear,
}

impl Model for ResNet20 {
    fn new(vb: VarBuilder) -> Result<Self> {
        let mut blocks = vec![];
        let mut i = 16;
        for (o, s) in [(16, 1), (32, 2), (64, 2)] {
            for k in 0..3 {
                let vb = vb.pp(format!("block{}", blocks.len()));
                blocks.push(Block::new(i, o, if k == 0 { s } else { 1 }, vb)?);
                i = o;
            }
        }
        Ok(Self {
            c: conv(3, 16, 3, 1, vb.pp("c"))?,
            b: batch_norm(16, 1e-5, vb.pp("b"))?,
            blocks,
            head: linear(64, 10, vb.pp("head"))?,
        })
    }
    fn forward(&self, x: &Tensor, training: bool) -> Result<Tensor> {
        let mut x = x.apply(&self.c)?.apply_t(&self.b, training)?.relu()?;
        for b in &self.blocks {
            x = b.forward(&x, training)?;
        }
        x.mean((2, 3))?.apply(&self.head)
    }
}

pub struct CharLstm {
    e: Embedding,
    r1: LSTM,
    r2: LSTM,
    h: Linear,
}

impl Model for CharLstm {
    fn new(vb: VarBuilder) -> Result<Self> {
        let l2 = LSTMConfig { layer_idx: 1, ..Default::default() };
        Ok(Self {
            e: embedding(65, 64, vb.pp("e"))?,
            r1: lstm(64, 256, Default::default(), vb.pp("r"))?,
            r2: lstm(256, 256, l2, vb.pp("r"))?,
            h: linear(256, 65, vb.pp("h"))?,
        })
    }
    fn forward(&self, x: &Tensor, _training: bool) -> Result<Tensor> {
        let x = self.r1.states_to_tensor(&self.r1.seq(&x.apply(&self.e)?)?)?;
        let x = self.r2.states_to_tensor(&self.r2.seq(&x)?)?;
        x.contiguous()?.apply(&self.h)?.flatten(0, 1)
    }
}

impl CharLstm {
    /// The states of both layers before the first character.
    pub fn start(&self) -> Result<[LSTMState; 2]> {
        Ok([self.r1.zero_state(1)?, self.r2.zero_state(1)?])
    }

    /// The scores of the character after `x`, `[1]`.
    pub fn step(&self, x: &Tensor, states: &mut [LSTMState; 2]) -> Result<Tensor> {
        states[0] = self.r1.step(&x.apply(&self.e)?, &states[0])?;
        states[1] = self.r2.step(states[0].h(), &states[1])?;
        self.h.forward(states[1].h())
    }
}

pub struct CharGru {
    e: Embedding,
    r1: GRU,
    r2: GRU,
    h: Linear,
}

impl Model for CharGru {
    fn new(vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            e: embedding(65, 64, vb.pp("e"))?,
            r1: gru(64, 256, GRUConfig::default(), vb.pp("r1"))?,
            r2: gru(256, 256, GRUConfig::default(), vb.pp("r2"))?,
            h: linear(256, 65, vb.pp("h"))?,
        })
    }
    fn forward(&self, x: &Tensor, _training: bool) -> Result<Tensor> {
        // GRU::states_to_tensor concatenates to [b, t * h] where LSTM's stacks to [b, t, h].
        let shape = (x.dim(0)?, x.dim(1)?, 256);
        let x = self.r1.states_to_tensor(&self.r1.seq(&x.apply(&self.e)?)?)?.reshape(shape)?;
        let x = self.r2.states_to_tensor(&self.r2.seq(&x)?)?.reshape(shape)?;
        x.apply(&self.h)?.flatten(0, 1)
    }
}

/// candle has no plain recurrent layer: two linear ones make it.
pub struct CharRnn {
    e: Embedding,
    ih: Linear,
    hh: Linear,
    h: Linear,
}

impl Model for CharRnn {
    fn new(vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            e: embedding(65, 64, vb.pp("e"))?,
            ih: linear(64, 256, vb.pp("ih"))?,
            hh: linear(256, 256, vb.pp("hh"))?,
            h: linear(256, 65, vb.pp("h"))?,
        })
    }
    fn forward(&self, x: &Tensor, _training: bool) -> Result<Tensor> {
        let x = x.apply(&self.e)?.apply(&self.ih)?.transpose(0, 1)?.contiguous()?;
        let mut h = x.get(0)?.zeros_like()?;
        let mut out = vec![];
        for t in 0..x.dim(0)? {
            h = (x.get(t)? + h.apply(&self.hh)?)?.tanh()?;
            out.push(h.clone());
        }
        Tensor::stack(&out, 1)?.apply(&self.h)?.flatten(0, 1)
    }
}

/// One input product a layer, the four gates in one matrix: what a user who knows would write.
struct LstmByHand {
    ih: Linear,
    hh: Linear,
}

impl LstmByHand {
    fn new(i: usize, h: usize, vb: VarBuilder) -> Result<Self> {
        Ok(Self { ih: linear(i, 4 * h, vb.pp("ih"))?, hh: linear_no_bias(h, 4 * h, vb.pp("hh"))? })
    }
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let gates = x.apply(&self.ih)?.transpose(0, 1)?.contiguous()?;
        let (t, b, _) = gates.dims3()?;
        let mut h = Tensor::zeros((b, 256), gates.dtype(), gates.device())?;
        let mut c = h.clone();
        let mut out = vec![];
        for g in 0..t {
            let g = (gates.get(g)? + h.apply(&self.hh)?)?.chunk(4, D::Minus1)?;
            c = ((sigmoid(&g[1])? * &c)? + (sigmoid(&g[0])? * g[2].tanh()?)?)?;
            h = (sigmoid(&g[3])? * c.tanh()?)?;
            out.push(h.clone());
        }
        Tensor::stack(&out, 1)
    }
}

pub struct CharLstmByHand {
    e: Embedding,
    r1: LstmByHand,
    r2: LstmByHand,
    h: Linear,
}

impl Model for CharLstmByHand {
    fn new(vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            e: embedding(65, 64, vb.pp("e"))?,
            r1: LstmByHand::new(64, 256, vb.pp("r1"))?,
            r2: LstmByHand::new(256, 256, vb.pp("r2"))?,
            h: linear(256, 65, vb.pp("h"))?,
        })
    }
    fn forward(&self, x: &Tensor, _training: bool) -> Result<Tensor> {
        let x = self.r2.forward(&self.r1.forward(&x.apply(&self.e)?)?)?;
        x.apply(&self.h)?.flatten(0, 1)
    }
}
