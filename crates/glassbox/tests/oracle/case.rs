//! One case of the oracle: what is given, what is expected, and how the two are compared.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fs;
use std::path::Path;

use glassbox::nn::{Cx, Parameters, Slot, walk};
use glassbox::{DType, Gradients, Tensor};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use serde_json::Value;

/// An array of the oracle in double precision, whatever its type was.
#[derive(Clone, Debug)]
pub struct Array {
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
    pub is_float: bool,
}

impl Array {
    pub fn new(shape: impl Into<Vec<usize>>, values: Vec<f64>) -> Self {
        Self { shape: shape.into(), values, is_float: true }
    }

    pub fn scalars(values: Vec<f64>) -> Self {
        Self::new([values.len()], values)
    }

    pub fn f32s(&self) -> Vec<f32> {
        self.values.iter().map(|&x| x as f32).collect()
    }

    pub fn i32s(&self) -> Vec<i32> {
        self.values.iter().map(|&x| x as i32).collect()
    }

    /// As a tensor: floats as `F32`, integers and truth values as `I32`.
    pub fn tensor(&self) -> Tensor {
        if self.is_float {
            Tensor::from_slice(&self.f32s(), &self.shape)
        } else {
            Tensor::from_i32(&self.i32s(), &self.shape)
        }
    }
}

impl From<&Tensor> for Array {
    fn from(tensor: &Tensor) -> Self {
        let values = match tensor.dtype() {
            DType::F32 => tensor.as_slice().iter().map(|&x| f64::from(x)).collect(),
            DType::I32 => tensor.as_i32().iter().map(|&x| f64::from(x)).collect(),
        };
        Self::new(tensor.dims(), values)
    }
}

/// What Glassbox computed for a case by role, or why it does not support the case.
pub type Computed = Result<BTreeMap<String, Array>, String>;

/// How a case ended.
pub enum Outcome {
    Passed,
    Unsupported(String),
    Failed(String),
}

/// A folder of reference values.
pub struct Set {
    index: Value,
    arrays: HashMap<String, Array>,
}

impl Set {
    pub fn read(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let index = serde_json::from_slice(&fs::read(folder.join("index.json"))?)?;
        let bytes = fs::read(folder.join("fixtures.safetensors"))?;
        let mut arrays = HashMap::new();
        for (name, view) in SafeTensors::deserialize(&bytes)?.tensors() {
            let data = view.data();
            let words = |width: usize| data.chunks_exact(width);
            let values: Vec<f64> = match view.dtype() {
                Dtype::F32 => words(4)
                    .map(|w| w.try_into().map(f32::from_le_bytes).map(f64::from))
                    .collect::<Result<_, _>>()?,
                Dtype::F64 => words(8)
                    .map(|w| w.try_into().map(f64::from_le_bytes))
                    .collect::<Result<_, _>>()?,
                Dtype::I64 => words(8)
                    .map(|w| w.try_into().map(i64::from_le_bytes).map(|x| x as f64))
                    .collect::<Result<_, _>>()?,
                Dtype::BOOL => data.iter().map(|&b| f64::from(b)).collect(),
                other => return Err(format!("{name} has type {other:?}").into()),
            };
            let is_float = matches!(view.dtype(), Dtype::F32 | Dtype::F64);
            arrays.insert(name, Array { shape: view.shape().to_vec(), values, is_float });
        }
        Ok(Self { index, arrays })
    }

    pub fn cases(&self) -> impl Iterator<Item = Case<'_>> {
        let cases = self.index["cases"].as_array();
        cases.into_iter().flatten().map(|json| Case {
            id: text(&json["id"]),
            group: text(&json["group"]),
            op: text(&json["op"]),
            json,
            arrays: &self.arrays,
            leaves: RefCell::default(),
        })
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// One case.
pub struct Case<'a> {
    pub id: String,
    pub group: String,
    pub op: String,
    pub json: &'a Value,
    arrays: &'a HashMap<String, Array>,
    /// Inputs and parameters handed out so far: where gradients are asked for.
    leaves: RefCell<Vec<(String, Tensor)>>,
}

impl Case<'_> {
    /// The array given under `role`.
    pub fn array(&self, role: &str) -> Option<&Array> {
        self.arrays.get(self.json["tensors"][role].as_str()?)
    }

    /// The tensor given under `role` (`in.0`, `param.weight`), a leaf when its gradient is
    /// expected.
    pub fn tensor(&self, role: &str) -> Option<Tensor> {
        let tensor = self.array(role)?.tensor();
        if self.json["expect"].get(format!("grad.{role}")).is_none() {
            return Some(tensor);
        }
        let leaf = tensor.with_grad();
        self.leaves.borrow_mut().push((role.to_owned(), leaf.clone()));
        Some(leaf)
    }

    /// The tensor under `role`, which the case must have.
    pub fn input(&self, role: &str) -> Result<Tensor, String> {
        self.tensor(role).ok_or_else(|| format!("no tensor {role}"))
    }

    /// A keyword argument of the constructor; null where it is absent.
    pub fn ctor(&self, name: &str) -> &Value {
        &self.json["ctor"]["kwargs"][name]
    }

    /// Positional argument `index` of the constructor, or the keyword argument `name`.
    pub fn ctor_at(&self, index: usize, name: &str) -> &Value {
        match &self.json["ctor"]["args"][index] {
            Value::Null => self.ctor(name),
            value => value,
        }
    }

    /// Outputs `out.0`, …, with the gradients of everything handed out by [`Case::tensor`].
    pub fn outputs(&self, outputs: &[Tensor]) -> Computed {
        self.outputs_and(outputs, BTreeMap::new())
    }

    /// As [`Case::outputs`], with further results.
    pub fn outputs_and(
        &self,
        outputs: &[Tensor],
        mut computed: BTreeMap<String, Array>,
    ) -> Computed {
        let mut loss: Option<Tensor> = None;
        for (index, output) in outputs.iter().enumerate() {
            let role = format!("out.{index}");
            computed.insert(role.clone(), output.into());
            let name = self.json["cotangents"][&role].as_str();
            let Some(cotangent) = name.and_then(|name| self.arrays.get(name)) else { continue };
            if output.dims() != cotangent.shape {
                continue; // compared, and reported, below
            }
            if output.requires_grad() {
                let term = (output * &cotangent.tensor()).sum(..);
                loss = Some(loss.map_or(term.clone(), |loss| &loss + &term));
            }
        }
        let mut gradients = Gradients::default();
        if let Some(loss) = loss {
            loss.backward_into(&mut gradients);
        }
        for (role, leaf) in self.leaves.borrow().iter() {
            let zeros = || Tensor::zeros(leaf.shape());
            let gradient = gradients.get(leaf).cloned().unwrap_or_else(zeros);
            computed.insert(format!("grad.{role}"), (&gradient).into());
        }
        Ok(computed)
    }

    /// The output `out.0` of a layer, with the gradients of the inputs handed out and of the
    /// layer's parameters under the roles that `role` gives their paths.
    pub fn outputs_with_parameters(
        &self,
        output: &Tensor,
        layer: &impl Parameters,
        role: impl Fn(&str) -> Option<&'static str>,
    ) -> Computed {
        let cx = Cx::eval().recording(true);
        walk(layer, |path, slot| {
            let Slot::Param(param) = slot else { return };
            if let Some(role) = role(&path.to_string()) {
                self.leaves.borrow_mut().push((role.to_owned(), param.on(&cx)));
            }
        });
        self.outputs(std::slice::from_ref(output))
    }

    /// Every expected array must have been computed, within its tolerance.
    pub fn compare(&self, computed: BTreeMap<String, Array>) -> Outcome {
        let Some(expected) = self.json["expect"].as_object() else { return Outcome::Passed };
        for (role, name) in expected {
            let Some(want) = name.as_str().and_then(|name| self.arrays.get(name)) else {
                return Outcome::Failed(format!("{role}: the oracle lacks its array"));
            };
            let Some(got) = computed.get(role) else {
                return Outcome::Failed(format!("{role} was not computed"));
            };
            if got.shape != want.shape {
                let (got, want) = (&got.shape, &want.shape);
                return Outcome::Failed(format!("{role}: shape {got:?}, expected {want:?}"));
            }
            let tolerance = &self.json["tol"][role];
            let number = |i: usize| tolerance[i].as_f64().unwrap_or(0.0);
            if let Some(failure) = difference(got, want, number(0), number(1)) {
                return Outcome::Failed(format!("{role}{failure}"));
            }
        }
        Outcome::Passed
    }
}

/// The worst element outside `|got - want| ≤ atol + rtol·|want|`, NaN equal to NaN.
fn difference(got: &Array, want: &Array, rtol: f64, atol: f64) -> Option<String> {
    let mut worst: Option<(f64, usize)> = None;
    for (index, (&g, &w)) in got.values.iter().zip(&want.values).enumerate() {
        if g == w || (g.is_nan() && w.is_nan()) {
            continue;
        }
        let excess = (g - w).abs() / (atol + rtol * w.abs());
        if excess.is_nan() || excess > 1.0 {
            let excess = if excess.is_nan() { f64::INFINITY } else { excess };
            if worst.is_none_or(|(before, _)| excess > before) {
                worst = Some((excess, index));
            }
        }
    }
    worst.map(|(excess, index)| {
        let (got, want) = (got.values[index], want.values[index]);
        format!("[{index}]: {got:e}, expected {want:e} ({excess:.1} × the tolerance)")
    })
}
