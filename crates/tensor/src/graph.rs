//! The graph: what each result was computed from, and the walk back through it.
//!
//! Every result of an operation on tensors that take part holds a [`Node`]. Its step (the inputs'
//! nodes and the operation's record) is taken out when [`Tensor::backward`] passes it, so saved
//! activations are freed as they are consumed and nothing keeps an old graph alive. Node numbers
//! grow along every edge: walking them in descending order is a reverse topological order.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::mem::take;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use smallvec::SmallVec;
use triomphe::Arc;

use crate::gradients::Gradients;
use crate::ops::Record;
use crate::tensor::Tensor;

/// The nodes of an operation's inputs; `None` where no gradient is wanted.
pub(crate) type Inputs = SmallVec<[Option<Node>; 8]>;

/// What the backward pass of an operation needs. Consumed: no inputs and no record.
#[derive(Default)]
struct Step {
    inputs: Inputs,
    record: Option<Record>,
}

#[derive(Default)]
struct Cell {
    id: u64,
    step: Mutex<Step>,
}

impl Cell {
    fn locked_step(&self) -> MutexGuard<'_, Step> {
        self.step.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Step {
    /// Passes the gradient of this step's result on to its inputs.
    #[inline]
    fn walk(&mut self, output_grad: Tensor, pending: &mut Pending, leaves: &mut Gradients) {
        let record = self.record.take().expect("this graph was consumed by an earlier backward()");
        let inputs = &mut self.inputs;
        record.backward(output_grad, &mut InputGradients { inputs, pending, leaves });
        self.inputs.clear();
    }
}

/// A place in the graph.
#[derive(Clone)]
pub(crate) enum Node {
    /// A leaf is its number: nothing hangs on it.
    Leaf(u64),
    /// The result of an operation.
    Inner(Inner),
}

/// A place with a step, shared by the tensor that stands there and the steps that read it.
#[derive(Clone)]
pub(crate) struct Inner(Option<Arc<Cell>>);

/// Numbers of nodes.
#[inline]
fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Node {
    pub(crate) fn leaf() -> Self {
        Self::Leaf(next_id())
    }

    #[inline]
    pub(crate) fn id(&self) -> u64 {
        match self {
            Self::Leaf(id) => *id,
            Self::Inner(inner) => inner.cell().id,
        }
    }
}

impl Inner {
    /// A place whose step `fill` writes where it will stand: records are too large to be moved
    /// without need.
    #[inline]
    fn new(fill: impl FnOnce(&mut Step)) -> Self {
        let recycled = RECYCLED.try_with(|r| r.borrow_mut().free.pop()).ok().flatten();
        let mut cell = recycled.unwrap_or_default();
        let unique = Arc::get_mut(&mut cell).expect("free and new cells are not shared");
        unique.id = next_id();
        let step = unique.step.get_mut().unwrap_or_else(PoisonError::into_inner);
        step.inputs.clear(); // of a backward pass that panicked
        fill(step);
        Self(Some(cell))
    }

    /// Calls `walk` with the step, which it consumes; without a lock where nobody shares it.
    #[inline]
    fn consume(&mut self, walk: impl FnOnce(&mut Step)) {
        let cell = self.0.as_mut().expect(NOT_DROPPED);
        match Arc::get_mut(cell) {
            Some(unique) => walk(unique.step.get_mut().unwrap_or_else(PoisonError::into_inner)),
            None => walk(&mut cell.locked_step()),
        }
    }

    #[inline]
    fn cell(&self) -> &Cell {
        self.0.as_ref().expect(NOT_DROPPED)
    }
}

const NOT_DROPPED: &str = "a node is empty only while it is dropped";

/// Cells are reused rather than freed, and a long chain of them is released in a loop rather than
/// by recursion, which would overflow the stack.
#[derive(Default)]
struct Recycled {
    free: Vec<Arc<Cell>>,
    releasing: Vec<Arc<Cell>>,
    busy: bool,
}

const RECYCLED_LIMIT: usize = 4096;

impl Recycled {
    fn keep(&mut self, cell: Arc<Cell>) {
        if self.free.len() < RECYCLED_LIMIT {
            self.free.push(cell);
        }
    }
}

thread_local! {
    static RECYCLED: RefCell<Recycled> = RefCell::default();
}

impl Drop for Inner {
    fn drop(&mut self) {
        let Some(mut cell) = self.0.take() else { return };
        let Some(unique) = Arc::get_mut(&mut cell) else { return };
        if unique.step.get_mut().unwrap_or_else(PoisonError::into_inner).record.is_none() {
            // Consumed: nothing else hangs on it.
            let _ = RECYCLED.try_with(|recycled| recycled.borrow_mut().keep(cell));
            return;
        }
        let start = |r: &RefCell<Recycled>| {
            let r = &mut *r.borrow_mut();
            r.releasing.push(cell);
            !std::mem::replace(&mut r.busy, true)
        };
        if !RECYCLED.try_with(start).unwrap_or(false) {
            return;
        }
        let next = || RECYCLED.with(|r| r.borrow_mut().releasing.pop());
        while let Some(mut cell) = next() {
            if let Some(unique) = Arc::get_mut(&mut cell) {
                let step = unique.step.get_mut().unwrap_or_else(PoisonError::into_inner);
                drop(take(step)); // its nodes join `releasing`
                RECYCLED.with(|recycled| recycled.borrow_mut().keep(cell));
            }
        }
        RECYCLED.with(|r| r.borrow_mut().busy = false);
    }
}

/// Where an operation's backward pass delivers the gradients of its inputs.
pub(crate) struct InputGradients<'a> {
    inputs: &'a mut Inputs,
    pending: &'a mut Pending,
    leaves: &'a mut Gradients,
}

impl InputGradients<'_> {
    /// Whether the gradient of input `index` is wanted.
    #[inline]
    pub(crate) fn wants(&self, index: usize) -> bool {
        self.inputs.get(index).is_some_and(Option::is_some)
    }

    /// Takes the sum that waits for the gradient of input `index`, where nothing else reads it: an
    /// operation may add to it in place and give it back.
    pub(crate) fn take(&mut self, index: usize) -> Option<Tensor> {
        let Some(Node::Inner(node)) = self.inputs.get(index)? else { return None };
        self.pending.take(node)
    }

    /// Adds to the gradient of input `index`, once for each; ignored where it is not wanted.
    #[inline]
    pub(crate) fn add(&mut self, index: usize, gradient: Tensor) {
        match self.inputs.get_mut(index) {
            Some(Some(Node::Leaf(id))) => self.leaves.add(*id, gradient),
            // Handed on rather than shared: who holds a node alone needs no lock.
            Some(node @ Some(_)) => {
                if let Some(Node::Inner(node)) = node.take() {
                    self.pending.add(node, gradient);
                }
            }
            Some(None) | None => {}
        }
    }
}

/// Gradients that still wait to be passed on, by node number.
#[derive(Default)]
struct Pending {
    top: u64,
    /// Those with numbers just below `top`: index `top - id`.
    near: Vec<Option<(Inner, Tensor)>>,
    cursor: usize,
    /// Those far below, where a dense list would waste space.
    far: BTreeMap<u64, (Inner, Tensor)>,
}

const NEAR: u64 = 16 * 1024;

impl Pending {
    fn add(&mut self, node: Inner, gradient: Tensor) {
        let id = node.cell().id;
        let distance = self.top - id;
        if distance >= NEAR {
            match self.far.entry(id) {
                Entry::Occupied(mut waiting) => waiting.get_mut().1.accumulate(&gradient),
                Entry::Vacant(place) => _ = place.insert((node, gradient)),
            }
            return;
        }
        let index = distance as usize;
        if index >= self.near.len() {
            self.near.resize_with(index + 1, || None);
        }
        match &mut self.near[index] {
            Some((_, sum)) => sum.accumulate(&gradient),
            slot => *slot = Some((node, gradient)),
        }
    }

    /// What waits for a node, where nothing else reads it; not from far below.
    fn take(&mut self, node: &Inner) -> Option<Tensor> {
        let slot = self.near.get_mut((self.top - node.cell().id) as usize)?;
        slot.take_if(|(_, sum)| sum.is_unique()).map(|(_, sum)| sum)
    }

    /// The waiting node with the largest number.
    fn next(&mut self) -> Option<(Inner, Tensor)> {
        while self.cursor < self.near.len() {
            let taken = self.near[self.cursor].take();
            self.cursor += 1;
            if taken.is_some() {
                return taken;
            }
        }
        self.far.pop_last().map(|(_, waiting)| waiting)
    }
}

thread_local! {
    /// Kept between passes so that a steady step allocates nothing.
    static PENDING: RefCell<Pending> = RefCell::default();
}

impl Tensor {
    /// Attaches the step that computed `self` from `inputs`, where any of them takes part in the
    /// graph. `record` is told which inputs want a gradient, so that it saves only what is needed.
    pub(crate) fn recorded<const N: usize>(
        mut self,
        inputs: [&Tensor; N],
        record: impl FnOnce([bool; N]) -> Record,
    ) -> Self {
        self.record(inputs.map(Some), record);
        self
    }

    /// As [`Tensor::recorded`], in place and with inputs that may be missing.
    #[inline]
    pub(crate) fn record<const N: usize>(
        &mut self,
        inputs: [Option<&Tensor>; N],
        record: impl FnOnce([bool; N]) -> Record,
    ) {
        let wanted = inputs.map(|x| x.is_some_and(Tensor::requires_grad));
        if wanted.contains(&true) {
            let node = Inner::new(|step| {
                inputs.iter().for_each(|x| step.inputs.push(x.and_then(|x| x.node.clone())));
                step.record = Some(record(wanted));
            });
            self.node = Some(Node::Inner(node));
        }
    }

    /// As [`Tensor::recorded`], for any number of inputs.
    pub(crate) fn recorded_many(
        mut self,
        inputs: &[&Tensor],
        record: impl FnOnce() -> Record,
    ) -> Self {
        if inputs.iter().any(|x| x.requires_grad()) {
            let node = Inner::new(|step| {
                step.inputs.extend(inputs.iter().map(|x| x.node.clone()));
                step.record = Some(record());
            });
            self.node = Some(Node::Inner(node));
        }
        self
    }

    /// The gradients of this scalar with respect to every leaf it was computed from.
    ///
    /// The graph is consumed: saved activations are freed on the way.
    ///
    /// # Panics
    /// When this is not a single element, takes no part in a graph, or its graph was consumed.
    #[track_caller]
    pub fn backward(&self) -> Gradients {
        let mut gradients = Gradients::default();
        self.backward_into(&mut gradients);
        gradients
    }

    /// As [`Tensor::backward`], adding to `gradients` (gradient accumulation).
    #[track_caller]
    pub fn backward_into(&self, gradients: &mut Gradients) {
        assert_eq!(self.elements(), 1, "backward() starts at a scalar, not at {}", self.shape());
        self.backward_from(Tensor::ones(self.shape()), gradients);
    }

    /// The vector-Jacobian product: adds the gradients of `sum(self * output_grad)` to
    /// `gradients`.
    ///
    /// # Panics
    /// When the shapes differ, or as [`Tensor::backward`].
    #[track_caller]
    pub fn backward_from(&self, output_grad: Tensor, gradients: &mut Gradients) {
        assert_eq!(self.shape(), output_grad.shape(), "shape of the output's gradient");
        let node = match self.node.as_ref().expect("backward() of a tensor that no leaf leads to") {
            Node::Leaf(id) => return gradients.add(*id, output_grad),
            Node::Inner(node) => node,
        };
        let mut pending = PENDING.take();
        (pending.top, pending.cursor) = (node.cell().id, 0);
        node.cell().locked_step().walk(output_grad, &mut pending, gradients);
        while let Some((mut node, output_grad)) = pending.next() {
            node.consume(|step| step.walk(output_grad, &mut pending, gradients));
        }
        pending.near.clear();
        PENDING.replace(pending);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_chain_neither_overflows_the_stack_nor_backward() {
        let x = Tensor::scalar(3.0).with_grad();
        let mut y = x.clone();
        for _ in 0..100_000 {
            y = y.reshape([1]);
        }
        assert_eq!(y.backward().get(&x).unwrap().item(), 1.0);
        let mut z = x.clone();
        for _ in 0..100_000 {
            z = z.reshape([1]);
        }
        drop(z);
    }

    #[test]
    #[should_panic(expected = "consumed")]
    fn a_graph_is_walked_once() {
        let x = Tensor::scalar(3.0).with_grad();
        let y = x.reshape([1]);
        y.backward();
        y.backward();
    }

    #[test]
    fn gradients_accumulate_over_passes() {
        let x = Tensor::scalar(3.0).with_grad();
        let mut gradients = Gradients::default();
        x.reshape([1]).backward_into(&mut gradients);
        x.reshape([1]).backward_into(&mut gradients);
        assert_eq!(gradients.get(&x).unwrap().item(), 2.0);
    }

    #[test]
    fn detached_tensors_record_nothing() {
        let x = Tensor::scalar(3.0).with_grad();
        assert!(!x.detach().reshape([1]).requires_grad());
        assert!(x.reshape([1]).requires_grad());
    }
}
