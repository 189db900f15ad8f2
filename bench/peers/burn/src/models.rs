//! The models of the workloads, in the style of burn's own examples.

use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::gru::{Gru, GruConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Embedding, EmbeddingConfig, Linear,
    LinearConfig, Lstm, LstmConfig, LstmState, PaddingConfig2d, Rnn, RnnConfig,
};
use burn::prelude::*;
use burn::tensor::activation::{relu, sigmoid};

#[derive(Module, Debug)]
pub struct Tiny {
    l1: Linear,
    l2: Linear,
    l3: Linear,
}

impl Tiny {
    pub fn new(d: &Device) -> Self {
        Self {
            l1: LinearConfig::new(2, 16).init(d),
            l2: LinearConfig::new(16, 16).init(d),
            l3: LinearConfig::new(16, 2).init(d),
        }
    }
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.l1.forward(x).tanh();
        self.l3.forward(self.l2.forward(x).tanh())
    }
}

#[derive(Module, Debug)]
pub struct Mlp {
    l1: Linear,
    l2: Linear,
    l3: Linear,
}

impl Mlp {
    pub fn new(d: &Device) -> Self {
        Self {
            l1: LinearConfig::new(784, 512).init(d),
            l2: LinearConfig::new(512, 512).init(d),
            l3: LinearConfig::new(512, 10).init(d),
        }
    }
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = relu(self.l1.forward(x));
        self.l3.forward(relu(self.l2.forward(x)))
    }
}

#[derive(Module, Debug)]
pub struct Cnn {
    c1: Conv2d,
    c2: Conv2d,
    pool: MaxPool2d,
    d1: Dropout,
    d2: Dropout,
    f1: Linear,
    f2: Linear,
}

impl Cnn {
    pub fn new(d: &Device) -> Self {
        Self {
            c1: Conv2dConfig::new([1, 32], [3, 3]).init(d),
            c2: Conv2dConfig::new([32, 64], [3, 3]).init(d),
            pool: MaxPool2dConfig::new([2, 2]).init(),
            d1: DropoutConfig::new(0.25).init(),
            d2: DropoutConfig::new(0.5).init(),
            f1: LinearConfig::new(9216, 128).init(d),
            f2: LinearConfig::new(128, 10).init(d),
        }
    }
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = relu(self.c2.forward(relu(self.c1.forward(x))));
        let x: Tensor<2> = self.d1.forward(self.pool.forward(x)).flatten(1, 3);
        self.f2.forward(self.d2.forward(relu(self.f1.forward(x))))
    }
}

fn conv(i: usize, o: usize, k: usize, stride: usize, d: &Device) -> Conv2d {
    let p = k / 2;
    Conv2dConfig::new([i, o], [k, k])
        .with_stride([stride, stride])
        .with_padding(PaddingConfig2d::Explicit(p, p, p, p))
        .with_bias(false)
        .init(d)
}

#[derive(Module, Debug)]
pub struct Shortcut {
    c: Conv2d,
    b: BatchNorm,
}

#[derive(Module, Debug)]
pub struct Block {
    c1: Conv2d,
    b1: BatchNorm,
    c2: Conv2d,
    b2: BatchNorm,
    sc: Option<Shortcut>,
}

impl Block {
    fn new(i: usize, o: usize, stride: usize, d: &Device) -> Self {
        Self {
            c1: conv(i, o, 3, stride, d),
            b1: BatchNormConfig::new(o).init(d),
            c2: conv(o, o, 3, 1, d),
            b2: BatchNormConfig::new(o).init(d),
            sc: (stride != 1 || i != o).then(|| Shortcut {
                c: conv(i, o, 1, stride, d),
                b: BatchNormConfig::new(o).init(d),
            }),
        }
    }
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let y = relu(self.b1.forward(self.c1.forward(x.clone())));
        let y = self.b2.forward(self.c2.forward(y));
        let s = match &self.sc {
            Some(s) => s.b.forward(s.c.forward(x)),
            None => x,
        };
        relu(y + s)
    }
}

#[derive(Module, Debug)]
pub struct ResNet20 {
    c: Conv2d,
    b: BatchNorm,
    blocks: Vec<Block>,
    head: Linear,
}

impl ResNet20 {
    pub fn new(d: &Device) -> Self {
        let mut blocks = vec![];
        let mut i = 16;
        for (o, s) in [(16, 1), (32, 2), (64, 2)] {
            for k in 0..3 {
                blocks.push(Block::new(i, o, if k == 0 { s } else { 1 }, d));
                i = o;
            }
        }
        Self {
            c: conv(3, 16, 3, 1, d),
            b: BatchNormConfig::new(16).init(d),
            blocks,
            head: LinearConfig::new(64, 10).init(d),
        }
    }
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let mut x = relu(self.b.forward(self.c.forward(x)));
        for b in &self.blocks {
            x = b.forward(x);
        }
        self.head.forward(x.mean_dims(&[2, 3]).flatten(1, 3))
    }
}

#[derive(Module, Debug)]
pub struct CharLstm {
    e: Embedding,
    r1: Lstm,
    r2: Lstm,
    h: Linear,
}

impl CharLstm {
    pub fn new(d: &Device) -> Self {
        Self {
            e: EmbeddingConfig::new(65, 64).init(d),
            r1: LstmConfig::new(64, 256, true).init(d),
            r2: LstmConfig::new(256, 256, true).init(d),
            h: LinearConfig::new(256, 65).init(d),
        }
    }
    pub fn forward(&self, x: Tensor<2, Int>) -> Tensor<2> {
        let (x, _) = self.r1.forward(self.e.forward(x), None);
        let (x, _) = self.r2.forward(x, None);
        self.h.forward(x).flatten(0, 1)
    }

    /// The scores of the character after `x`, `[1, 1]`, and the states of both layers after it.
    pub fn step(&self, x: Tensor<2, Int>, states: &mut [Option<LstmState<2>>; 2]) -> Tensor<3> {
        let (x, state) = self.r1.forward(self.e.forward(x), states[0].take());
        states[0] = Some(state);
        let (x, state) = self.r2.forward(x, states[1].take());
        states[1] = Some(state);
        self.h.forward(x)
    }
}

#[derive(Module, Debug)]
pub struct CharGru {
    e: Embedding,
    r1: Gru,
    r2: Gru,
    h: Linear,
}

impl CharGru {
    pub fn new(d: &Device) -> Self {
        Self {
            e: EmbeddingConfig::new(65, 64).init(d),
            r1: GruConfig::new(64, 256, true).init(d),
            r2: GruConfig::new(256, 256, true).init(d),
            h: LinearConfig::new(256, 65).init(d),
        }
    }
    pub fn forward(&self, x: Tensor<2, Int>) -> Tensor<2> {
        let x = self.r1.forward(self.e.forward(x), None);
        let x = self.r2.forward(x, None);
        self.h.forward(x).flatten(0, 1)
    }
}

#[derive(Module, Debug)]
pub struct CharRnn {
    e: Embedding,
    r: Rnn,
    h: Linear,
}

impl CharRnn {
    pub fn new(d: &Device) -> Self {
        Self {
            e: EmbeddingConfig::new(65, 64).init(d),
            r: RnnConfig::new(64, 256, true).init(d),
            h: LinearConfig::new(256, 65).init(d),
        }
    }
    pub fn forward(&self, x: Tensor<2, Int>) -> Tensor<2> {
        let (x, _) = self.r.forward(self.e.forward(x), None);
        self.h.forward(x).flatten(0, 1)
    }
}

/// One input product a layer, the four gates in one matrix: what a user who knows would write.
#[derive(Module, Debug)]
pub struct LstmByHand {
    ih: Linear,
    hh: Linear,
}

impl LstmByHand {
    fn new(i: usize, h: usize, d: &Device) -> Self {
        Self {
            ih: LinearConfig::new(i, 4 * h).init(d),
            hh: LinearConfig::new(h, 4 * h).with_bias(false).init(d),
        }
    }
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [b, t, _] = x.dims();
        let gates = self.ih.forward(x).swap_dims(0, 1).reshape([t, b, 1024]);
        let mut h = Tensor::<2>::zeros([b, 256], &gates.device());
        let mut c = h.clone();
        let mut out = Vec::with_capacity(t);
        for g in gates.split(1, 0) {
            let g = g.squeeze_dim::<2>(0) + self.hh.forward(h);
            let [i, f, u, o]: [Tensor<2>; 4] = g.chunk(4, 1).try_into().unwrap();
            c = sigmoid(f) * c + sigmoid(i) * u.tanh();
            h = sigmoid(o) * c.clone().tanh();
            out.push(h.clone());
        }
        Tensor::stack(out, 1)
    }
}

#[derive(Module, Debug)]
pub struct CharLstmByHand {
    e: Embedding,
    r1: LstmByHand,
    r2: LstmByHand,
    h: Linear,
}

impl CharLstmByHand {
    pub fn new(d: &Device) -> Self {
        Self {
            e: EmbeddingConfig::new(65, 64).init(d),
            r1: LstmByHand::new(64, 256, d),
            r2: LstmByHand::new(256, 256, d),
            h: LinearConfig::new(256, 65).init(d),
        }
    }
    pub fn forward(&self, x: Tensor<2, Int>) -> Tensor<2> {
        let x = self.r2.forward(self.r1.forward(self.e.forward(x)));
        self.h.forward(x).flatten(0, 1)
    }
}
