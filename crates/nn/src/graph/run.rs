//! Running a graph, stage by stage.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use glassbox_tensor::{Activation, Gradients, Tensor};
use smallvec::{SmallVec, smallvec};

use super::fuse::{Fusion, NORM_INPUTS, Plan, Read, Stage};
use super::{Graph, Operation, Source};
use crate::context::Cx;
use crate::layers::{BatchNorm, Conv2d, Dense, Embedding, Layer, Recurrent};
use crate::module::Module;
use crate::probe::{Side, Wanted};

impl Plan {
    /// The graph's output.
    #[track_caller]
    pub(super) fn run(&self, graph: &Graph, input: &Tensor, cx: &mut Cx) -> Tensor {
        let mut slots: SmallVec<[Option<Tensor>; 4]> = smallvec![None; self.slots];
        for stage in &self.stages {
            let inputs: SmallVec<[&Tensor; 2]> =
                stage.inputs.iter().map(|(_, read)| value(*read, input, &slots)).collect();
            let output = match cx.is_probed() && stage.is_looked_into(graph, cx) {
                true => stage.run_looked_into(graph, &inputs, cx),
                false => stage.run(graph, &inputs, cx),
            };
            drop(inputs);
            for &slot in &stage.unneeded {
                slots[slot] = None;
            }
            slots[stage.slot] = Some(output);
        }
        match self.output {
            Read::Slot(slot) => slots.get_mut(slot).and_then(Option::take).expect(KEPT),
            Read::Input => input.clone(),
        }
    }
}

const KEPT: &str = "a plan reads values after they were made";

fn value<'a>(read: Read, input: &'a Tensor, slots: &'a [Option<Tensor>]) -> &'a Tensor {
    match read {
        Read::Input => input,
        Read::Slot(slot) => slots[slot].as_ref().expect(KEPT),
    }
}

impl Graph {
    /// The layer of a node, which the plan knows to be of this type.
    fn layer<M: Module>(&self, index: usize) -> &M {
        let module: Option<&dyn Any> = self.modules[index].as_deref().map(|module| module as _);
        let layer = module.and_then(|module| module.downcast_ref());
        layer.expect("a plan follows the layers' configurations")
    }

    /// A node by itself, at its place.
    #[track_caller]
    fn run_node(&self, index: usize, inputs: &[&Tensor], cx: &mut Cx) -> Tensor {
        let node = &self.nodes()[index];
        cx.scope_at(&node.path, |cx| match (&self.modules[index], &node.operation) {
            (Some(module), _) => cx.run(&**module, inputs[0]),
            (None, Operation::Join(join)) => {
                let output = join.apply(inputs, Activation::Identity);
                cx.observed(join.name(), Side::Output, &output).unwrap_or(output)
            }
            (None, _) => unreachable!("joins alone have no module"),
        })
    }

    fn run_activated(&self, index: usize, x: &Tensor, f: Activation, cx: &mut Cx) -> Tensor {
        match self.nodes()[index].operation.layer() {
            Some(Layer::Dense(_)) => self.layer::<Dense>(index).forward_activated(x, f, cx),
            Some(Layer::Conv2d(_)) => self.layer::<Conv2d>(index).forward_activated(x, f, cx),
            _ => self.layer::<BatchNorm>(index).forward_activated(x, f, cx),
        }
    }

    /// As [`Cx::run`] around an operation of several nodes, from the first to the last.
    #[track_caller]
    fn around(
        &self,
        (first, last): (usize, usize),
        input: &Tensor,
        cx: &mut Cx,
        operation: impl FnOnce(&Tensor, &mut Cx) -> Tensor,
    ) -> Tensor {
        let node = &self.nodes()[first];
        if !cx.is_probed() {
            return cx.scope_at(&node.path, |cx| operation(input, cx));
        }
        let output = cx.scope_at(&node.path, |cx| {
            let seen = cx.observed(node.operation.type_name(), Side::Input, input);
            operation(seen.as_ref().unwrap_or(input), cx)
        });
        self.observed_output(last, output, cx)
    }

    /// Shows the output of a node to a probe.
    fn observed_output(&self, index: usize, output: Tensor, cx: &mut Cx) -> Tensor {
        if !cx.is_probed() {
            return output;
        }
        let node = &self.nodes()[index];
        let kind = node.operation.type_name();
        let seen = cx.scope_at(&node.path, |cx| cx.observed(kind, Side::Output, &output));
        seen.unwrap_or(output)
    }
}

impl Stage {
    fn ends(&self) -> (usize, usize) {
        (self.nodes[0], self.nodes[self.nodes.len() - 1])
    }

    /// All nodes as one operation.
    #[track_caller]
    fn run(&self, graph: &Graph, inputs: &[&Tensor], cx: &mut Cx) -> Tensor {
        let ends @ (first, last) = self.ends();
        match self.fusion {
            Fusion::None => graph.run_node(first, inputs, cx),
            Fusion::Activated(activation) => graph
                .around(ends, inputs[0], cx, |x, cx| graph.run_activated(first, x, activation, cx)),
            Fusion::Joined(join, activation) => {
                graph.observed_output(last, join.apply(inputs, activation), cx)
            }
            Fusion::NormAdded(activation) => {
                let [input, addend] = NORM_INPUTS.map(|at| inputs[at]);
                let norm = graph.layer::<BatchNorm>(first);
                graph.around(ends, input, cx, |x, cx| norm.forward_added(x, addend, activation, cx))
            }
            Fusion::EmbeddingRecurrent => self.run_rows(graph, inputs, cx),
        }
    }

    /// An embedding and the recurrent layer after it.
    #[track_caller]
    fn run_rows(&self, graph: &Graph, inputs: &[&Tensor], cx: &mut Cx) -> Tensor {
        let (first, last) = self.ends();
        let embedding = graph.layer::<Embedding>(first);
        let recurrent = graph.layer::<Recurrent>(last);
        let [first, last] = [first, last].map(|index| &graph.nodes()[index]);
        let (table, tokens) = cx.scope_at(&first.path, |cx| embedding.rows(inputs[0], cx));
        if !recurrent.multiplies_rows(&table, &tokens, cx) {
            return self.run_one_by_one(graph, inputs, cx);
        }
        if cx.is_probed() {
            let rows = table.detach().index_select(0, &tokens);
            cx.scope_at(&first.path, |cx| {
                cx.show(embedding.kind(), Side::Input, inputs[0]);
                cx.show(embedding.kind(), Side::Output, &rows);
            });
            cx.scope_at(&last.path, |cx| cx.show(recurrent.kind(), Side::Input, &rows));
        }
        cx.scope_at(&last.path, |cx| {
            let output = recurrent.forward_rows(&table, &tokens, cx);
            cx.observed(recurrent.kind(), Side::Output, &output).unwrap_or(output)
        })
    }

    /// Whether a probe wants what is between the nodes.
    fn is_looked_into(&self, graph: &Graph, cx: &mut Cx) -> bool {
        // One by one, these two round otherwise: see `Probe`.
        if self.fusion == Fusion::EmbeddingRecurrent {
            return !cx.is_training();
        }
        let between = self.nodes.windows(2);
        let mut wanted = |at: usize, side| {
            let node = &graph.nodes()[at];
            let kind = node.operation.type_name();
            cx.scope_at(&node.path, |cx| cx.wanted(kind, side)) != Wanted::NOTHING
        };
        let mut any = false;
        for pair in between {
            any |= wanted(pair[0], Side::Output) || wanted(pair[1], Side::Input);
        }
        any
    }

    /// As [`Stage::run`], where a probe wants what is between the nodes.
    #[track_caller]
    fn run_looked_into(&self, graph: &Graph, inputs: &[&Tensor], cx: &mut Cx) -> Tensor {
        if self.fusion == Fusion::EmbeddingRecurrent || !cx.is_recording() {
            return self.run_one_by_one(graph, inputs, cx);
        }
        // One by one, sums over the batch round otherwise in the backward pass: the nodes run as
        // one all the same, and once more beside the graph.
        let output = self.run(graph, inputs, cx);
        let beside = cx.beside(|cx| self.run_between(graph, inputs, cx));
        if !beside.requires_grad() {
            return output;
        }
        let beside = Mutex::new(Some(beside));
        output.watched(Arc::new(move |gradient: &Tensor| {
            let beside = beside.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(beside) = beside {
                beside.backward_from(gradient.clone(), &mut Gradients::default());
            }
        }))
    }

    /// The nodes one after the other in a graph of their own, of which the probe is shown what is
    /// between them.
    #[track_caller]
    fn run_between(&self, graph: &Graph, inputs: &[&Tensor], cx: &mut Cx) -> Tensor {
        let inputs: SmallVec<[Tensor; 2]> =
            inputs.iter().map(|input| input.detach().with_grad()).collect();
        let inputs: SmallVec<[&Tensor; 2]> = inputs.iter().collect();
        let (first, last) = self.ends();
        self.each(graph, &inputs, |index, taken| {
            let node = &graph.nodes()[index];
            let kind = node.operation.type_name();
            cx.scope_at(&node.path, |cx| {
                let see = |cx: &Cx, at, side, x: &Tensor| {
                    (index != at).then(|| cx.observed(kind, side, x)).flatten()
                };
                let output = match (&node.operation, &graph.modules[index]) {
                    (Operation::Join(join), _) => join.apply(taken, Activation::Identity),
                    (_, Some(module)) => {
                        let seen = see(cx, first, Side::Input, taken[0]);
                        module.forward(seen.as_ref().unwrap_or(taken[0]), cx)
                    }
                    (_, None) => unreachable!("joins alone have no module"),
                };
                see(cx, last, Side::Output, &output).unwrap_or(output)
            })
        })
    }

    /// The same values, one node after the other.
    #[track_caller]
    fn run_one_by_one(&self, graph: &Graph, inputs: &[&Tensor], cx: &mut Cx) -> Tensor {
        self.each(graph, inputs, |index, taken| graph.run_node(index, taken, cx))
    }

    /// Calls `run` with every node and what it takes; the output of the last.
    fn each(
        &self,
        graph: &Graph,
        inputs: &[&Tensor],
        mut run: impl FnMut(usize, &[&Tensor]) -> Tensor,
    ) -> Tensor {
        let mut values: SmallVec<[(usize, Tensor); 3]> = SmallVec::new();
        // Nodes take what comes from outside in the order in which the stage lists it.
        let mut outside = inputs.iter().copied();
        for &index in &self.nodes {
            let output = {
                let made = |at: usize| values.iter().find(|(made, _)| *made == at);
                let take = |source: &Source| match *source {
                    Source::Node(at) if self.nodes.contains(&at) => {
                        made(at).map(|(_, value)| value)
                    }
                    _ => outside.next(),
                };
                let taken: SmallVec<[&Tensor; 2]> =
                    graph.nodes()[index].inputs.iter().filter_map(take).collect();
                run(index, &taken)
            };
            values.push((index, output));
        }
        values.pop().map(|(_, value)| value).expect(KEPT)
    }
}
