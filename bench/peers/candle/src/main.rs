//! The benchmark's workloads in candle.

#[path = "../../harness.rs"]
mod harness;
mod models;
mod optimizer;

use std::collections::HashMap;
use std::hint::black_box;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::loss::cross_entropy;
use candle_nn::{AdamW, Optimizer, ParamsAdamW, VarBuilder, VarMap, SGD};

use harness::Harness;
use models::{CharGru, CharLstm, CharLstmByHand, CharRnn, Cnn, Mlp, Model, ResNet20, Tiny};
use optimizer::MomentumSgd;

const CPU: Device = Device::Cpu;

fn normal<const D: usize>(dims: [usize; D]) -> Result<Tensor> {
    Tensor::randn(0f32, 1., dims.to_vec(), &CPU)
}

fn below<const D: usize>(limit: usize, dims: [usize; D]) -> Result<Tensor> {
    Tensor::rand(0f32, limit as f32, dims.to_vec(), &CPU)?.to_dtype(DType::U32)
}

/// Training steps of a model on a batch of inputs and targets.
fn train<M: Model, O: Optimizer>(
    harness: &Harness,
    name: &str,
    inputs: Tensor,
    targets: Tensor,
    config: O::Config,
) -> Result<()> {
    if !harness.trains(name) {
        return Ok(());
    }
    let variables = VarMap::new();
    let model = M::new(VarBuilder::from_varmap(&variables, DType::F32, &CPU))?;
    let mut optimizer = O::new(variables.all_vars(), config)?;
    let mut step = || -> Result<f32> {
        let loss = cross_entropy(&model.forward(&inputs, true)?, &targets)?;
        optimizer.backward_step(&loss)?;
        loss.to_scalar()
    };
    harness.train(name, inputs.dim(0)?, || step().expect("a training step"));
    Ok(())
}

/// A model of plain tensors: variables would record a graph.
fn without_gradients<M: Model>() -> Result<M> {
    let variables = VarMap::new();
    M::new(VarBuilder::from_varmap(&variables, DType::F32, &CPU))?;
    let values: HashMap<String, Tensor> = {
        let variables = variables.data().lock().expect("one thread");
        variables
            .iter()
            .map(|(name, variable)| (name.clone(), variable.as_detached_tensor()))
            .collect()
    };
    M::new(VarBuilder::from_tensors(values, DType::F32, &CPU))
}

/// Forward passes without gradients.
fn infer<M: Model>(harness: &Harness, name: &str, inputs: Tensor) -> Result<()> {
    if !harness.infers(name) {
        return Ok(());
    }
    let model = without_gradients::<M>()?;
    let forward = || _ = black_box(model.forward(&inputs, false).expect("a forward pass"));
    harness.time(name, inputs.dim(0)?, forward);
    Ok(())
}

/// Characters drawn one after the other.
fn generate(harness: &Harness, name: &str) -> Result<()> {
    if !harness.infers(name) {
        return Ok(());
    }
    let model = without_gradients::<CharLstm>()?;
    let (mut states, mut random, mut token) = (model.start()?, 1, 0);
    let mut step = || -> Result<()> {
        let input = Tensor::new(&[token], &CPU)?;
        let scores = model.step(&input, &mut states)?.flatten_all()?.to_vec1()?;
        token = harness::draw(&scores, &mut random);
        Ok(())
    };
    harness.time(name, 1, || step().expect("a step"));
    Ok(())
}

fn main() -> Result<()> {
    let h = &Harness::new("candle");
    // AdamW without decay is Adam.
    let adam = |lr| ParamsAdamW { lr, weight_decay: 0.0, ..Default::default() };
    let text = || Ok::<_, candle_core::Error>((below(65, [32, 64])?, below(65, [32 * 64])?));

    train::<Tiny, SGD>(h, "tiny_mlp_b32", normal([32, 2])?, below(2, [32])?, 0.1)?;
    let (x, y) = (normal([128, 784])?, below(10, [128])?);
    train::<Mlp, AdamW>(h, "mlp_784_512_512_10_b128", x, y, adam(1e-3))?;
    let (x, y) = (normal([64, 1, 28, 28])?, below(10, [64])?);
    train::<Cnn, AdamW>(h, "cnn_28x28_b64", x, y, adam(1e-3))?;
    let (x, y) = (normal([64, 3, 32, 32])?, below(10, [64])?);
    train::<ResNet20, MomentumSgd>(h, "resnet20_32x32_b64", x, y, (0.1, 0.9, 1e-4))?;
    let (x, y) = text()?;
    train::<CharLstm, AdamW>(h, "lstm_2x256_t64_b32", x, y, adam(2e-3))?;
    let (x, y) = text()?;
    train::<CharLstmByHand, AdamW>(h, "lstm_by_hand_2x256_t64_b32", x, y, adam(2e-3))?;
    let (x, y) = text()?;
    train::<CharGru, AdamW>(h, "gru_2x256_t64_b32", x, y, adam(2e-3))?;
    let (x, y) = text()?;
    train::<CharRnn, AdamW>(h, "rnn_tanh_1x256_t64_b32", x, y, adam(2e-3))?;

    infer::<Mlp>(h, "infer_mlp_784_512_512_10_b1", normal([1, 784])?)?;
    infer::<Mlp>(h, "infer_mlp_784_512_512_10_b64", normal([64, 784])?)?;
    infer::<Cnn>(h, "infer_cnn_28x28_b1", normal([1, 1, 28, 28])?)?;
    infer::<Cnn>(h, "infer_cnn_28x28_b64", normal([64, 1, 28, 28])?)?;
    infer::<ResNet20>(h, "infer_resnet20_32x32_b1", normal([1, 3, 32, 32])?)?;
    infer::<ResNet20>(h, "infer_resnet20_32x32_b64", normal([64, 3, 32, 32])?)?;
    infer::<CharLstm>(h, "infer_lstm_2x256_t64_b1", below(65, [1, 64])?)?;
    infer::<CharLstm>(h, "infer_lstm_2x256_t64_b64", below(65, [64, 64])?)?;
    generate(h, "generate_lstm_2x256")
}
