//! The parts into which a batch of sequences is cut.

use super::sizes::Sizes;

/// Steps whose gradients become those of the weights at once: they stay in the cache meanwhile.
pub(super) const STRETCH: usize = 320;

/// Some items of a batch over some of their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// First and number of items.
    pub(super) first: usize,
    pub(super) items: usize,
    /// First and number of times.
    pub(super) start: usize,
    pub(super) steps: usize,
}

impl Span {
    /// Everything.
    pub(super) fn whole(sizes: Sizes) -> Self {
        Self { first: 0, items: sizes.batch, start: 0, steps: sizes.time }
    }

    pub(super) fn rows(&self) -> usize {
        self.items * self.steps
    }

    /// The row at which `part` begins in an array of this span's rows, `[items, steps, …]`.
    pub(super) fn row_of(&self, part: Self) -> usize {
        (part.first - self.first) * self.steps + part.start - self.start
    }

    /// One item of it.
    pub(super) fn item(&self, index: usize) -> Self {
        Self { first: self.first + index, items: 1, ..*self }
    }
}

/// How a batch is cut: sequences of up to [`STRETCH`] steps into groups of items, longer ones into
/// segments of all items' time.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    pub(super) sizes: Sizes,
    pub(super) reverse: bool,
}

impl Cut {
    fn segments(self) -> usize {
        self.sizes.time.div_ceil(STRETCH)
    }

    /// Whether parts are segments, each of which continues the one before.
    pub(super) fn continues(self) -> bool {
        self.segments() > 1
    }

    /// The start and length of segment number `index` in the order in which the layer runs. All
    /// are about as long.
    fn segment(self, index: usize) -> (usize, usize) {
        let (time, segments) = (self.sizes.time, self.segments());
        let index = if self.reverse { segments - 1 - index } else { index };
        let (start, end) = (time * index / segments, time * (index + 1) / segments);
        (start, end - start)
    }

    /// Items of a stretch.
    fn stretch_items(self) -> usize {
        (STRETCH / self.sizes.time).max(1)
    }

    /// The parts that are computed anew one at a time, in the order in which the layer runs.
    /// `threads` of them should find enough to do in each.
    pub(super) fn parts(
        self,
        threads: usize,
    ) -> impl DoubleEndedIterator<Item = (usize, Span)> + ExactSizeIterator {
        let batch = self.sizes.batch;
        // Eight items a thread share each pass over the weight.
        let group = (8 * threads).next_multiple_of(self.stretch_items());
        let count = if self.continues() { self.segments() } else { batch.div_ceil(group) };
        (0..count).map(move |index| {
            let span = if self.continues() {
                let (start, steps) = self.segment(index);
                Span { first: 0, items: batch, start, steps }
            } else {
                let first = index * group;
                let items = group.min(batch - first);
                Span { first, items, start: 0, steps: self.sizes.time }
            };
            (index, span)
        })
    }

    /// The stretches of `span` in the order in which gradients of weights are summed, which does
    /// not depend on the parts: from the last segment to the first, item after item.
    pub(super) fn stretches(self, span: Span) -> impl Iterator<Item = Span> {
        let each = self.stretch_items();
        let segments = (0..self.segments()).rev().map(move |index| self.segment(index));
        let inside = move |start: usize| start >= span.start && start < span.start + span.steps;
        segments.filter(move |&(start, _)| inside(start)).flat_map(move |(start, steps)| {
            (0..span.items).step_by(each).map(move |index| Span {
                first: span.first + index,
                items: each.min(span.items - index),
                start,
                steps,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_do_not_depend_on_parts() {
        for (batch, time) in [(1, 1), (7, 5), (40, 64), (3, 320), (3, 321), (2, 1000), (33, 700)] {
            for reverse in [false, true] {
                let sizes = Sizes { batch, time, inputs: 1, units: 1, outputs: 1, gates: 1 };
                let cut = Cut { sizes, reverse };
                let whole: Vec<_> = cut.stretches(Span::whole(sizes)).collect();
                let rows: usize = whole.iter().map(Span::rows).sum();
                assert_eq!(rows, batch * time);
                assert!(whole.iter().all(|stretch| stretch.rows() <= STRETCH));
                for threads in [1, 3] {
                    let parts: Vec<_> = cut.parts(threads).map(|(_, span)| span).collect();
                    let backward: Vec<_> = match cut.continues() {
                        true => parts.into_iter().rev().collect(),
                        false => parts,
                    };
                    let inner: Vec<_> =
                        backward.into_iter().flat_map(|span| cut.stretches(span)).collect();
                    assert_eq!(inner, whole, "{batch} {time} {reverse}");
                }
            }
        }
    }
}
