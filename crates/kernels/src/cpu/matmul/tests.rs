use proptest::prelude::*;

use super::*;
use crate::activation::Activation;
use crate::cpu::isa::on_each_isa;
use crate::random::Rng;
use crate::threads;

/// A matrix laid out with any strides, and gaps filled with NaN that must never be read.
struct Laid {
    values: Vec<f32>,
    rows: usize,
    columns: usize,
    strides: (usize, usize),
}

impl Laid {
    /// `layout`: 0 row-major, 1 column-major, 2 and 3 the same with gaps, 4 with gaps everywhere.
    fn new(rng: &mut Rng, rows: usize, columns: usize, layout: usize) -> Self {
        let strides = match layout {
            0 => (columns, 1),
            1 => (1, rows),
            2 => (columns + 3, 1),
            3 => (1, rows + 5),
            _ => (2 * columns + 1, 2),
        };
        let length = if rows * columns == 0 {
            0
        } else {
            (rows - 1) * strides.0 + (columns - 1) * strides.1 + 1
        };
        let mut values = vec![f32::NAN; length];
        for i in 0..rows {
            for j in 0..columns {
                values[i * strides.0 + j * strides.1] = rng.normal();
            }
        }
        Self { values, rows, columns, strides }
    }

    fn matrix(&self) -> Matrix<'_> {
        Matrix::strided(&self.values, self.rows, self.columns, self.strides.0, self.strides.1)
    }

    fn at(&self, i: usize, j: usize) -> f64 {
        f64::from(self.values[i * self.strides.0 + j * self.strides.1])
    }
}

#[derive(Debug, Clone, Copy)]
struct Case {
    rows: usize,
    depth: usize,
    columns: usize,
    layouts: (usize, usize),
    accumulate: bool,
    bias: bool,
    activation: Activation,
    packed: bool,
    gap: usize,
}

impl Case {
    fn run(&self) -> Vec<f32> {
        self.run_by(None)
    }

    /// The product by the way that is chosen for it, or by one of those that can make it.
    fn run_by(&self, way: Option<Way>) -> Vec<f32> {
        let Self { rows, depth, columns, .. } = *self;
        let mut rng = Rng::new((rows * 31 + depth * 7 + columns) as u64);
        let left = Laid::new(&mut rng, rows, depth, self.layouts.0);
        let right = Laid::new(&mut rng, depth, columns, self.layouts.1);
        let bias: Vec<f32> = (0..columns).map(|_| rng.normal()).collect();
        let stride = columns + self.gap;
        let old: Vec<f32> = (0..rows * stride).map(|_| rng.normal()).collect();
        let epilogue = Epilogue {
            accumulate: self.accumulate,
            bias: self.bias.then_some(&bias[..]),
            activation: self.activation,
        };
        let mut out = old.clone();
        let packed = self.packed.then(|| PackedMatrix::new(right.matrix()));
        let operand = packed.as_ref().map_or(Right::Plain(right.matrix()), Right::Packed);
        match way {
            None => product_strided(left.matrix(), operand, epilogue, &mut out, stride),
            Some(way) => {
                let shape = operand.product_shape(&left.matrix(), stride);
                super::run(way, &shape, left.matrix(), operand, epilogue, &mut out);
            }
        }
        for i in 0..rows {
            for j in 0..stride {
                let (got, old) = (out[i * stride + j], old[i * stride + j]);
                if j >= columns {
                    assert_eq!(got, old, "a value between rows was overwritten");
                    continue;
                }
                let products = (0..depth).map(|p| left.at(i, p) * right.at(p, j));
                let (mut want, mut size) = (0.0, 1.0);
                for x in products {
                    (want, size) = (want + x, size + x.abs());
                }
                want += if self.accumulate { f64::from(old) } else { 0.0 };
                want += if self.bias { f64::from(bias[j]) } else { 0.0 };
                want = match self.activation {
                    Activation::Relu => want.max(0.0),
                    Activation::Tanh => want.tanh(),
                    _ => want,
                };
                let error = (f64::from(got) - want).abs();
                assert!(
                    error <= 2e-6 * size,
                    "{self:?} by {way:?} ({i}, {j}): {got}, expected {want}"
                );
            }
        }
        out
    }
}

/// The ways that can make a product, cut into as many parts as it allows for, up to three.
fn ways(shape: &Shape) -> Vec<Way> {
    let &Shape { rows, depth, columns, left, right, out_stride } = shape;
    let panels = columns.div_ceil(crate::cpu::tile::panel_columns());
    let (row_blocks, column_blocks, chunks) = (rows.min(3), panels.min(2), depth.min(3));
    let blocks = |rows, columns, packs| Way::Blocks { rows, columns, packs };
    let mut ways = vec![blocks(1, 1, false), blocks(row_blocks, column_blocks, false)];
    ways.push(Way::Depth { chunks });
    let Some(right) = right else {
        if rows == 1 {
            ways.extend([1, column_blocks].map(|tasks| Way::PackedRow { tasks }));
        }
        return ways;
    };
    ways.push(blocks(row_blocks, column_blocks, true));
    if choose::is_small(shape) {
        ways.push(Way::Small);
    }
    let strides = match (rows, columns) {
        (1, _) => right,
        (_, 1) if out_stride == 1 => [left[1], left[0]],
        _ => return ways,
    };
    if strides[0] == 1 {
        ways.push(Way::Dots { each: 9 });
    }
    if strides[1] == 1 {
        ways.extend([Way::SumOfRows { each: 9 }, Way::SumOfChunks { chunks }]);
    }
    ways
}

/// A way that no shape chooses any more would be tested all the same, and one that is chosen must
/// be among those that can make the product.
#[test]
fn every_way_that_can_make_a_product_gives_it() {
    let (depth, columns) = if cfg!(miri) { (3, 17) } else { (41, 70) };
    let mut seen = std::collections::BTreeSet::new();
    for (rows, depth, columns) in [(1, depth, columns), (5, depth, columns), (columns, depth, 1)] {
        for (layouts, packed) in [((0, 0), false), ((1, 1), false), ((0, 0), true)] {
            if cfg!(miri) && layouts == (1, 1) && rows > 1 {
                continue;
            }
            let (accumulate, bias) = (packed, columns > 1);
            let activation = if cfg!(miri) { Activation::Relu } else { Activation::Tanh };
            let case = Case { rows, depth, columns, layouts, ..PLAIN };
            let case = Case { accumulate, bias, activation, packed, ..case };
            let [left, right] = [[depth, 1], [columns, 1]];
            let (left, right) = match layouts {
                (0, 0) => (left, right),
                _ => ([1, rows], [1, depth]),
            };
            let right = (!packed).then_some(right);
            let shape = Shape { rows, depth, columns, left, right, out_stride: columns };
            let ways = ways(&shape);
            let name = |way: &Way| format!("{way:?}").split(' ').next().unwrap_or("").to_owned();
            let chosen = name(&choose(&shape, Machine::current));
            assert!(ways.iter().any(|way| name(way) == chosen), "{shape} → {chosen}");
            for way in ways {
                let two = threads::with_count(2, || case.run_by(Some(way)));
                if !cfg!(miri) {
                    assert!(threads::with_count(1, || case.run_by(Some(way))) == two, "{way}");
                }
                seen.insert(name(&way));
            }
        }
    }
    let all = ["Blocks", "Depth", "Dots", "PackedRow", "Small", "SumOfChunks", "SumOfRows"];
    assert!(seen.iter().eq(all), "{seen:?}");
}

const PLAIN: Case = Case {
    rows: 1,
    depth: 1,
    columns: 1,
    layouts: (0, 0),
    accumulate: false,
    bias: false,
    activation: Activation::Identity,
    packed: false,
    gap: 0,
};

fn cases() -> impl Strategy<Value = Case> {
    let length = || prop_oneof![0..4usize, 1..40usize, 1..200usize];
    let activation =
        prop_oneof![Just(Activation::Identity), Just(Activation::Relu), Just(Activation::Tanh)];
    let sizes = (length(), length(), length());
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (sizes, (0..5usize, 0..5usize), flags, activation, 0..3usize).prop_map(
        |((rows, depth, columns), layouts, (accumulate, bias, packed), activation, gap)| Case {
            rows,
            depth,
            columns,
            layouts,
            accumulate,
            bias,
            activation,
            packed,
            gap,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..<_>::default() })]

    #[test]
    #[cfg_attr(miri, ignore = "too much work for an interpreter")]
    fn every_shape_and_layout_matches_the_definition(case in cases()) {
        case.run();
        on_each_isa(|| case.run());
    }
}

/// Sizes on both sides of every edge of tiles and vectors, in all layouts, each with the next of
/// the epilogues.
#[test]
fn small_products_match_the_definition() {
    let mut epilogues = (0..24).cycle();
    let few = |sizes: &'static [usize]| if cfg!(miri) { &sizes[..1] } else { sizes };
    for &rows in few(&[3, 13, 2, 5, 12, 19, 32]) {
        for &depth in few(&[17, 0, 1, 2, 15, 16, 64, 65]) {
            for &columns in few(&[17, 2, 3, 8, 15, 16, 33]) {
                for layouts in [(0, 0), (0, 1), (1, 0), (1, 1), (2, 3), (4, 4)] {
                    let epilogue = epilogues.next().unwrap_or(0);
                    let case = Case {
                        rows,
                        depth,
                        columns,
                        layouts,
                        accumulate: epilogue & 1 != 0,
                        bias: epilogue & 2 != 0,
                        gap: 3 * (epilogue >> 2 & 1),
                        activation: [Activation::Identity, Activation::Relu, Activation::Tanh]
                            [epilogue >> 3],
                        ..PLAIN
                    };
                    on_each_isa(|| case.run());
                }
            }
        }
    }
}

/// Where sums of a column stand side by side, for all vectors' widths.
#[test]
fn few_columns_of_a_transposed_left_operand() {
    for rows in
        [2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 40].into_iter().take(if cfg!(miri) { 2 } else { 11 })
    {
        for depth in [3, 0, 1, 4, 5, 31, 33].into_iter().take(if cfg!(miri) { 1 } else { 7 }) {
            for columns in [2, 3, 4, 5] {
                for layouts in [(1, 0), (3, 1), (1, 4)] {
                    let case =
                        Case { rows, depth, columns, layouts, gap: 3 * (depth % 2), ..PLAIN };
                    on_each_isa(|| case.run());
                }
            }
        }
    }
}

/// Shapes on both sides of every decision: small, wide, tall, deep, one row, one column.
#[test]
#[cfg_attr(miri, ignore = "too much work for an interpreter")]
fn large_shapes_match_and_do_not_depend_on_threads() {
    let shapes = [
        (33, 700, 130),
        (300, 330, 70),
        (200, 40, 300),
        (20, 4100, 20),
        (1, 3000, 700),
        (900, 500, 1),
        (3, 400, 900),
        (1, 2400, 120),
        (2, 9000, 30),
        (11, 2100, 127),
    ];
    for (rows, depth, columns) in shapes {
        for layouts in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            for packed in [false, true] {
                let activation = Activation::Relu;
                let case =
                    Case { rows, depth, columns, layouts, packed, activation, bias: true, ..PLAIN };
                let bits = || case.run().into_iter().map(f32::to_bits).collect::<Vec<_>>();
                let expected = threads::with_count(1, bits);
                for count in [2, 3, 8] {
                    assert!(threads::with_count(count, bits) == expected, "{case:?}");
                }
            }
        }
    }
}

#[test]
fn nothing_to_sum_gives_the_bias() {
    for (rows, columns) in [(1, 1), (7, 19), (1, 40), (40, 1)] {
        Case { rows, columns, depth: 0, bias: true, ..PLAIN }.run();
        Case { rows, columns, depth: 0, accumulate: true, ..PLAIN }.run();
    }
}

/// `0 · NaN` and `0 · ∞` are NaN: no path may skip zeros or mix padding into results.
#[test]
fn not_a_number_propagates() {
    let shapes = [(7, 5, 19), (100, 400, 50), (1, 30, 70), (70, 30, 1), (40, 9, 2)];
    for (rows, depth, columns) in shapes {
        if cfg!(miri) && rows != 7 {
            continue;
        }
        for bad in [f32::NAN, f32::INFINITY] {
            for (packed, transposed) in [(false, false), (true, false), (false, true)] {
                let left = vec![0.0; rows * depth];
                let mut right = vec![1.0; depth * columns];
                right[(depth - 1) * columns + columns / 2] = bad;
                let mut out = vec![7.0; rows * columns];
                let right = Matrix::new(&right, depth, columns);
                let pack = packed.then(|| PackedMatrix::new(right));
                let right = pack.as_ref().map_or(Right::Plain(right), Right::Packed);
                let left = match transposed {
                    true => Matrix::new(&left, depth, rows).transposed(),
                    false => Matrix::new(&left, rows, depth),
                };
                product(left, right, Epilogue::default(), &mut out);
                for (at, value) in out.iter().enumerate() {
                    let is_bad = at % columns == columns / 2;
                    assert!(if is_bad { value.is_nan() } else { *value == 0.0 }, "{at}: {value}");
                }
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too much work for an interpreter")]
fn a_few_columns_after_whole_panels() {
    for (columns, layouts) in [(17, (0, 0)), (33, (1, 0)), (65, (2, 1)), (34, (3, 2)), (67, (0, 3))]
    {
        let epilogues = [
            (false, false, Activation::Identity),
            (true, false, Activation::Identity),
            (false, true, Activation::Tanh),
            (true, true, Activation::Relu),
        ];
        for (accumulate, bias, activation) in epilogues {
            let sizes = Case { rows: 90, depth: 300, columns, gap: columns % 2, ..PLAIN };
            let case = Case { layouts, accumulate, bias, activation, ..sizes };
            let expected = threads::with_count(1, || case.run());
            assert_eq!(threads::with_count(3, || case.run()), expected);
            on_each_isa(|| case.run());
        }
    }
}
