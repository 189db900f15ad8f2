//! The ranges of numbers in configs, by the config's type and key.

use crate::range::Range;

/// The widest layer that makes sense; more is a slip of the keyboard.
const MOST_UNITS: f64 = (1 << 20) as f64;
/// The largest kernel, window, stride or padding.
const MOST_PIXELS: f64 = 4096.0;

/// The most steps of a sequence.
const MOST_STEPS: f64 = (1 << 20) as f64;

const PROBABILITY: Range = Range::between(0.0, 1.0);
const BELOW_ONE: Range = Range::between(0.0, 1.0).excluding_high();
const COUNT: Range = Range::at_least(1.0);

/// The range of `key` in a config of type `owner`, if it has one.
pub fn of(owner: &str, key: &str) -> Option<Range> {
    Some(match (owner, key) {
        ("dropout", "p") => BELOW_ONE,
        ("split", "train" | "valid" | "test") => PROBABILITY,
        ("norm" | "value", "max") => Range::above(0.0),
        ("warmup", "epochs") => Range::at_least(0.0),
        ("warmup", "start") | ("one_cycle", "warmup") => PROBABILITY,
        ("batch_norm", "momentum") => PROBABILITY,
        (_, "p" | "probability") => PROBABILITY,
        (_, "units" | "filters") => Range::between(1.0, MOST_UNITS),
        (_, "kernel" | "size" | "stride" | "dilation" | "groups") => {
            Range::between(1.0, MOST_PIXELS)
        }
        (_, "window" | "horizon" | "season" | "seq_len") => Range::between(1.0, MOST_STEPS),
        ("samples", "length") => Range::between(0.0, 1e5),
        ("samples", "temperature") => Range::at_least(0.0),
        (_, "length") => Range::between(1.0, 1e5),
        (_, "padding") => Range::between(0.0, MOST_PIXELS),
        (_, "lr" | "max_lr") => Range::above(0.0),
        (_, "min_lr" | "weight_decay" | "min_delta" | "l1" | "l2") => Range::at_least(0.0),
        (_, "momentum" | "beta1" | "beta2" | "betas" | "decay" | "rho") => BELOW_ONE,
        (_, "eps" | "epsilon") => Range::above(0.0),
        (_, "label_smoothing") => BELOW_ONE,
        (_, "class_weights") => Range::at_least(0.0),
        (_, "patience") => COUNT,
        (_, "std") => Range::above(0.0),
        _ => return None,
    })
}

/// How the value of a key with several forms may look.
pub fn form_of(key: &str) -> &'static str {
    match key {
        "kernel" | "size" | "stride" | "dilation" => "a whole number, or a list of two",
        "padding" => "\"same\", \"valid\", a whole number, or a list of them",
        _ => "another form",
    }
}

/// How a key that must be there may look.
pub fn example_of(key: &str) -> &'static str {
    match key {
        "units" => "units = 128",
        "filters" => "filters = 32",
        "kernel" => "kernel = 3",
        "layers" => "layers = [{ type = \"dense\", units = 64 }]",
        "path" => "path = \"data\"",
        "target" => "target = \"price\"",
        "window" => "window = 24",
        "max" => "max = 1.0",
        "value" => "value = 0.1",
        _ => "key = value",
    }
}
