//! The matrix products of two workloads, one by one, as their layers make them.

use glassbox::measure::PackedWeight;
use glassbox::prelude::*;

/// A product, ready to be made.
pub struct Product {
    /// The workload whose step makes it.
    pub workload: &'static str,
    /// What it is for.
    pub name: String,
    /// Rows, length of the shared axis, and columns.
    pub sizes: [usize; 3],
    /// How often a step makes it.
    pub repeats: f64,
    /// Makes it.
    pub make: Box<dyn FnMut()>,
}

impl Product {
    /// Floating-point operations, two a multiply-add.
    pub fn flops(&self) -> f64 {
        2.0 * self.sizes.iter().map(|&size| size as f64).product::<f64>()
    }
}

/// Rows whose gradients a recurrent layer turns into those of its weights at once.
const STRETCH: usize = 320;

/// Those of `mlp_784_512_512_10_b128` and of `lstm_2x256_t64_b32`. Operands are those of the
/// layers: the MLP's come as they are, a sequence's weights packed once.
pub fn products() -> Vec<Product> {
    let mut all = Vec::new();
    let mut add = |workload, name: String, sizes, repeats, make: Box<dyn FnMut()>| {
        all.push(Product { workload, name, sizes, repeats, make });
    };
    let (workload, batch) = ("mlp_784_512_512_10_b128", 128);
    for (index, [inputs, outputs]) in [[784, 512], [512, 512], [512, 10]].into_iter().enumerate() {
        let layer = index + 1;
        let (x, w, dz) =
            (normal([batch, inputs]), normal([inputs, outputs]), normal([batch, outputs]));
        let (sizes, name) = ([batch, inputs, outputs], format!("layer {layer}, forward"));
        add(workload, name, sizes, 1.0, plain([&x, &w], [false, false]));
        if index > 0 {
            let (sizes, name) = ([batch, outputs, inputs], format!("layer {layer}, input grad"));
            add(workload, name, sizes, 1.0, plain([&dz, &w], [false, true]));
        }
        let (sizes, name) = ([inputs, batch, outputs], format!("layer {layer}, weight grad"));
        add(workload, name, sizes, 1.0, plain([&x, &dz], [true, false]));
    }

    let (workload, batch, time, units, width) = ("lstm_2x256_t64_b32", 32, 64, 256, 1024);
    let rows = batch * time;
    let stretches = rows as f64 / STRETCH as f64;
    for (layer, inputs) in [(1, 64), (2, 256)] {
        let weight = normal([inputs, width]);
        let sizes = [rows, inputs, width];
        let make = packed(&normal([rows, inputs]), &weight, false, false);
        add(workload, format!("layer {layer}, input forward"), sizes, 1.0, make);
        let grads = normal([STRETCH, width]);
        let make = packed(&grads, &weight, true, false);
        let sizes = [STRETCH, width, inputs];
        add(workload, format!("layer {layer}, input grad"), sizes, stretches, make);
        let make = plain([&normal([STRETCH, inputs]), &grads], [true, false]);
        let sizes = [inputs, STRETCH, width];
        add(workload, format!("layer {layer}, input weight grad"), sizes, stretches, make);
    }
    // Both layers' are alike.
    let weight = normal([units, width]);
    let make = packed(&normal([batch, units]), &weight, false, true);
    add(workload, "step forward".into(), [batch, units, width], 2.0 * time as f64, make);
    let make = packed(&normal([batch, width]), &weight, true, true);
    let steps = 2.0 * (time - 1) as f64;
    add(workload, "step state grad".into(), [batch, width, units], steps, make);
    let make = plain([&normal([STRETCH, units]), &normal([STRETCH, width])], [true, false]);
    let sizes = [units, STRETCH, width];
    add(workload, "state weight grad".into(), sizes, 2.0 * stretches, make);
    let (x, w, dz) = (normal([rows, units]), normal([units, 65]), normal([rows, 65]));
    add(workload, "dense forward".into(), [rows, units, 65], 1.0, plain([&x, &w], [false, false]));
    let make = plain([&dz, &w], [false, true]);
    add(workload, "dense input grad".into(), [rows, 65, units], 1.0, make);
    let make = plain([&x, &dz], [true, false]);
    add(workload, "dense weight grad".into(), [units, rows, 65], 1.0, make);
    all
}

fn normal(shape: [usize; 2]) -> Tensor {
    let mut rng = Rng::new(shape[0] as u64);
    Tensor::build(shape, |out| rng.fill_normal(out))
}

/// A product of operands as they lie in memory, or transposed.
fn plain([left, right]: [&Tensor; 2], [turn_left, turn_right]: [bool; 2]) -> Box<dyn FnMut()> {
    let (left, right) = (left.clone(), right.clone());
    Box::new(move || _ = left.matmul_transposed(&right, turn_left, turn_right))
}

/// A product with a weight that was packed before.
fn packed(left: &Tensor, weight: &Tensor, transposed: bool, step: bool) -> Box<dyn FnMut()> {
    let (left, columns) = (left.clone(), weight.dims()[usize::from(!transposed)]);
    let mut out = Tensor::zeros([left.dims()[0], columns]);
    let weight = PackedWeight::new(weight, transposed);
    Box::new(move || match step {
        true => weight.product_of_step(&left, &mut out),
        false => weight.product(&left, &mut out),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads::WORKLOADS;

    #[test]
    fn products_are_all_of_a_step() {
        for name in ["mlp_784_512_512_10_b128", "lstm_2x256_t64_b32"] {
            let (_, make) = WORKLOADS.iter().find(|(of, _)| *of == name).unwrap();
            let listed = products().into_iter().filter(|product| product.workload == name);
            let flops: f64 = listed.map(|product| product.repeats * product.flops()).sum();
            let expected = make().unwrap().flops() as f64;
            assert!((flops / expected - 1.0).abs() < 1e-9, "{name}: {flops} of {expected}");
        }
    }

    #[test]
    fn every_product_can_be_made() {
        products().iter_mut().for_each(|product| (product.make)());
    }
}
