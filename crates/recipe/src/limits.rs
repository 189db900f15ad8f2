//! The ranges of numbers in the configs of data and layers, by the config's type and key. Those of
//! training say themselves what can work: [`Settings`](glassbox_nn::Settings).

use glassbox_nn::settings::Range;

/// The widest layer that makes sense; more is a slip of the keyboard.
const MOST_UNITS: f64 = (1 << 20) as f64;
/// The largest kernel, window, stride or padding.
const MOST_PIXELS: f64 = 4096.0;

/// The most steps of a sequence.
const MOST_STEPS: f64 = (1 << 20) as f64;

const PROBABILITY: Range = Range::between(0.0, 1.0);
const BELOW_ONE: Range = Range::between(0.0, 1.0).excluding_high();

/// The range of `key` in a config of type `owner`, if it has one.
pub fn of(owner: &str, key: &str) -> Option<Range> {
    Some(match (owner, key) {
        ("dropout", "p") => BELOW_ONE,
        ("split", "train" | "valid" | "test") => PROBABILITY,
        ("batch_norm", "momentum") => PROBABILITY,
        ("batch_norm", "epsilon") => Range::above(0.0),
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
        (_, "std" | "gain") => Range::above(0.0),
        // Of every class by its name; a list of them is checked by the loss itself.
        (_, "class_weights") => Range::at_least(0.0),
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
