//! The tensor: a contiguous array of values that may take part in the graph.

use std::fmt;

use glassbox_kernels::storage::Storage;

use crate::graph::Node;
use crate::shape::Shape;

/// The type of a tensor's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)] // copied along with its neighbours, see `Shape`
pub enum DType {
    /// 32-bit floating point: everything that is computed with.
    F32,
    /// 32-bit integers: labels and indices.
    I32,
}

/// A contiguous, row-major array of values, cheap to clone: clones share their values.
///
/// Images are `[batch, height, width, channels]`, sequences `[batch, time, features]`.
#[derive(Clone)]
pub struct Tensor {
    storage: Storage,
    offset: usize,
    shape: Shape,
    /// Of the shape: a product of many lengths, asked for again and again.
    elements: usize,
    dtype: DType,
    pub(crate) node: Option<Node>,
}

impl Tensor {
    /// A tensor with the given values.
    ///
    /// # Panics
    /// When the number of values is not that of `shape`.
    #[track_caller]
    pub fn from_slice(values: &[f32], shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        check_count(values.len(), shape);
        Self::build(shape, |out| out.copy_from_slice(values))
    }

    /// A tensor with the given values.
    ///
    /// # Panics
    /// When the number of values is not that of `shape`.
    #[track_caller]
    pub fn from_vec(values: Vec<f32>, shape: impl Into<Shape>) -> Self {
        Self::from_slice(&values, shape)
    }

    /// A tensor of integers: labels or indices.
    ///
    /// # Panics
    /// When the number of values is not that of `shape`.
    #[track_caller]
    pub fn from_i32(values: &[i32], shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        check_count(values.len(), shape);
        Self::build_i32(shape, |out| out.copy_from_slice(values))
    }

    /// A tensor filled with `value`.
    pub fn full(shape: impl Into<Shape>, value: f32) -> Self {
        Self::build(shape, |out| out.fill(value))
    }

    /// A tensor of zeros.
    pub fn zeros(shape: impl Into<Shape>) -> Self {
        Self::full(shape, 0.0)
    }

    /// A tensor of ones.
    pub fn ones(shape: impl Into<Shape>) -> Self {
        Self::full(shape, 1.0)
    }

    /// A tensor without axes.
    pub fn scalar(value: f32) -> Self {
        Self::full([], value)
    }

    /// A tensor whose values `fill` writes. It gets a buffer with unspecified contents and must
    /// write every element.
    #[inline]
    pub fn build(shape: impl Into<Shape>, fill: impl FnOnce(&mut [f32])) -> Self {
        let mut tensor = Self::unfilled(shape.into(), DType::F32);
        let elements = tensor.elements();
        if let Some(values) = tensor.storage.unique_f32s() {
            fill(&mut values[..elements]);
        }
        tensor
    }

    /// As [`Tensor::build`], for integers.
    pub fn build_i32(shape: impl Into<Shape>, fill: impl FnOnce(&mut [i32])) -> Self {
        let mut tensor = Self::unfilled(shape.into(), DType::I32);
        let elements = tensor.elements();
        if let Some(values) = tensor.storage.unique_i32s() {
            fill(&mut values[..elements]);
        }
        tensor
    }

    /// A tensor with unspecified values. It is put together before they are computed: a processor
    /// waits for parts that were written a moment ago when the whole is moved.
    #[inline]
    fn unfilled(shape: Shape, dtype: DType) -> Self {
        let elements = shape.elements();
        Self { storage: Storage::new(elements), offset: 0, shape, elements, dtype, node: None }
    }

    /// The lengths of the axes, outermost first.
    #[inline]
    pub fn dims(&self) -> &[usize] {
        self.shape.dims()
    }

    /// The shape.
    #[inline]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.shape.rank()
    }

    /// The number of elements.
    #[inline]
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// The type of the values.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The values, row-major.
    ///
    /// # Panics
    /// When this is not an `F32` tensor.
    #[track_caller]
    #[inline]
    pub fn as_slice(&self) -> &[f32] {
        assert_eq!(self.dtype, DType::F32, "the type of a tensor of shape {}", self.shape);
        &self.storage.f32s()[self.offset..self.offset + self.elements()]
    }

    /// The values of an integer tensor, row-major.
    ///
    /// # Panics
    /// When this is not an `I32` tensor.
    #[track_caller]
    #[inline]
    pub fn as_i32(&self) -> &[i32] {
        assert_eq!(self.dtype, DType::I32, "the type of a tensor of shape {}", self.shape);
        &self.storage.i32s()[self.offset..self.offset + self.elements()]
    }

    /// A copy of the values.
    pub fn to_vec(&self) -> Vec<f32> {
        self.as_slice().to_vec()
    }

    /// The value of a tensor with one element.
    ///
    /// # Panics
    /// When there is not exactly one.
    #[track_caller]
    pub fn item(&self) -> f32 {
        assert!(
            self.elements() == 1,
            "item() is for a tensor of one value, not one of shape {} with {} values",
            self.shape,
            self.elements()
        );
        self.as_slice()[0]
    }

    /// Writable values: in place where nothing else shares them, of a copy otherwise.
    #[track_caller]
    #[inline]
    pub fn make_mut(&mut self) -> &mut [f32] {
        assert_eq!(self.dtype, DType::F32, "the type of a tensor of shape {}", self.shape);
        if !self.is_unique() {
            let copy = Self::from_slice(self.as_slice(), self.shape);
            (self.storage, self.offset) = (copy.storage, 0);
        }
        let range = self.offset..self.offset + self.elements();
        &mut self.storage.unique_f32s().expect("just made unique")[range]
    }

    /// Whether nothing else shares the values, so that [`Tensor::make_mut`] works in place.
    #[inline]
    pub fn is_unique(&mut self) -> bool {
        self.storage.unique_f32s().is_some()
    }

    /// The same values under another shape, starting `skip` elements in; for views.
    #[inline]
    pub(crate) fn view(&self, skip: usize, shape: Shape) -> Self {
        let (storage, offset) = (self.storage.clone(), self.offset + skip);
        let elements = shape.elements();
        debug_assert!(skip + elements <= self.elements);
        Self { storage, offset, shape, elements, dtype: self.dtype, node: None }
    }

    /// The same values outside the graph: no gradient flows through the result.
    #[must_use]
    pub fn detach(&self) -> Self {
        self.view(0, self.shape)
    }

    /// The same values as a new leaf of the graph, whose gradient is wanted.
    ///
    /// # Panics
    /// When this is not an `F32` tensor.
    #[track_caller]
    #[must_use]
    pub fn with_grad(&self) -> Self {
        assert_eq!(self.dtype, DType::F32, "gradients exist for F32 tensors only");
        Self { node: Some(Node::leaf()), ..self.detach() }
    }

    /// Whether a gradient flows to this tensor.
    #[inline]
    pub fn requires_grad(&self) -> bool {
        self.node.is_some()
    }
}

/// A tensor's values without their shape: what records with many tensors hold.
pub(crate) struct Values {
    storage: Storage,
    offset: usize,
    length: usize,
}

impl Values {
    #[inline]
    pub(crate) fn f32s(&self) -> &[f32] {
        &self.storage.f32s()[self.offset..self.offset + self.length]
    }

    pub(crate) fn i32s(&self) -> &[i32] {
        &self.storage.i32s()[self.offset..self.offset + self.length]
    }

    /// `F32` values as a tensor with one axis.
    pub(crate) fn tensor(self) -> Tensor {
        let Self { storage, offset, length: elements } = self;
        let shape = [elements].into();
        Tensor { storage, offset, shape, elements, dtype: DType::F32, node: None }
    }
}

impl Tensor {
    /// The values, shared.
    #[inline]
    pub(crate) fn values(&self) -> Values {
        let (storage, offset) = (self.storage.clone(), self.offset);
        Values { storage, offset, length: self.elements() }
    }
}

#[track_caller]
fn check_count(values: usize, shape: Shape) {
    let room = shape.elements();
    assert!(values == room, "{values} values for a tensor of shape {shape}, which has {room}");
}

/// Shape and the first values, for people.
impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        write!(f, "Tensor {:?} ", self.shape)?;
        match self.dtype {
            DType::F32 => f.debug_list().entries(self.as_slice().iter().take(SHOWN)).finish()?,
            DType::I32 => f.debug_list().entries(self.as_i32().iter().take(SHOWN)).finish()?,
        }
        f.write_str(if self.elements() > SHOWN { " …" } else { "" })
    }
}
