//! Which settings of schedules can work: alone, and in a run with its rate and its length.

use glassbox_nn::settings::{BadSettings, Range, Settings, number_text};

use super::{
    Constant, Cosine, CosineRestarts, Cyclic, CyclicMode, Linear, MultiStep, OneCycle,
    ReduceOnPlateau, Schedule, ThresholdMode, Warmup,
};

/// A factor by which a rate falls.
const FALLS: Range = Range::between(0.0, 1.0).excluding_low().excluding_high();
/// A part of the rate.
const PART: Range = Range::between(0.0, 1.0);
const BELOW_ONE: Range = Range::between(0.0, 1.0).excluding_high();
const POSITIVE: Range = Range::above(0.0);
const NOT_NEGATIVE: Range = Range::at_least(0.0);
const ONE_OR_MORE: Range = Range::at_least(1.0);

/// The run that a schedule is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// The optimizer's rate.
    pub(crate) rate: f64,
    /// The epochs that the schedule has: those of the run without those of the warm-up.
    pub(crate) epochs: f64,
}

impl Settings for Warmup {
    fn check(&self) -> BadSettings {
        let mut bad = BadSettings::default();
        bad.number("epochs", self.epochs, NOT_NEGATIVE);
        bad.number("start", self.start, PART);
        if self.start == 1.0 && self.epochs > 0.0 {
            let help = "for instance 0.1, or leave the warm-up out";
            bad.no_effect("start", "below 1: a part of the rate", "1", help);
        }
        bad
    }
}

impl Settings for Schedule {
    fn check(&self) -> BadSettings {
        let mut bad = BadSettings::default();
        match self {
            Self::Constant(schedule) => schedule.check(&mut bad),
            Self::Step(schedule) => {
                bad.number("every", schedule.every, POSITIVE);
                bad.number("gamma", schedule.gamma, FALLS);
            }
            Self::MultiStep(schedule) => schedule.check(&mut bad),
            Self::Exponential(schedule) => bad.number("gamma", schedule.gamma, FALLS),
            Self::Cosine(schedule) => {
                length(schedule.epochs, &mut bad);
                bad.number("min_lr", schedule.min_lr, NOT_NEGATIVE);
            }
            Self::CosineRestarts(schedule) => {
                bad.number("epochs", schedule.epochs, POSITIVE);
                bad.number("factor", schedule.factor, ONE_OR_MORE);
                bad.number("min_lr", schedule.min_lr, NOT_NEGATIVE);
            }
            Self::Linear(schedule) => schedule.check(&mut bad),
            Self::Polynomial(schedule) => {
                length(schedule.epochs, &mut bad);
                bad.number("power", schedule.power, POSITIVE);
            }
            Self::OneCycle(schedule) => schedule.check(&mut bad),
            Self::Cyclic(schedule) => schedule.check(&mut bad),
            Self::ReduceOnPlateau(schedule) => schedule.check(&mut bad),
        }
        bad
    }
}

/// How many epochs a schedule takes, where that is given.
fn length(epochs: Option<f64>, bad: &mut BadSettings) {
    if let Some(epochs) = epochs {
        bad.number("epochs", epochs, POSITIVE);
    }
}

/// Momentum where the rate is highest and where it is lowest.
fn momentum(pair: [f64; 2], bad: &mut BadSettings) {
    let before = bad.0.len();
    pair.iter().for_each(|&momentum| bad.number("momentum", momentum, BELOW_ONE));
    let [low, high] = pair;
    if bad.0.len() == before && low > high {
        let found = format!("[{}, {}]", number_text(low), number_text(high));
        let expected = "the smaller one first, where the rate is highest";
        bad.misfit("momentum", expected, found, "swap the two");
    }
}

impl Constant {
    fn check(&self, bad: &mut BadSettings) {
        let before = bad.0.len();
        bad.number("factor", self.factor, PART.excluding_low());
        bad.number("epochs", self.epochs, NOT_NEGATIVE);
        if bad.0.len() > before {
            return;
        }
        if self.factor != 1.0 && self.epochs == 0.0 {
            let (expected, help) = ("the `epochs` it is for", "give `epochs`, or leave it out");
            bad.no_effect("factor", expected, "epochs = 0", help);
        } else if self.factor == 1.0 && self.epochs > 0.0 {
            let help = "give a `factor` below 1, or leave both out";
            bad.no_effect("epochs", "a `factor` below 1", "factor = 1", help);
        }
    }
}

impl MultiStep {
    fn check(&self, bad: &mut BadSettings) {
        bad.number("gamma", self.gamma, FALLS);
        let before = bad.0.len();
        self.milestones.iter().for_each(|&epoch| bad.number("milestones", epoch, POSITIVE));
        if bad.0.len() > before {
            return;
        }
        if self.milestones.is_empty() {
            let help = "for instance milestones = [60, 80]";
            bad.no_effect("milestones", "at least one epoch", "an empty list", help);
        }
        if let Some(pair) = self.milestones.windows(2).find(|pair| pair[0] >= pair[1]) {
            let found = format!("{} after {}", number_text(pair[1]), number_text(pair[0]));
            bad.misfit("milestones", "epochs that increase", found, "put them in order");
        }
    }
}

impl Linear {
    fn check(&self, bad: &mut BadSettings) {
        let before = bad.0.len();
        bad.number("start", self.start, PART);
        bad.number("end", self.end, PART);
        length(self.epochs, bad);
        if bad.0.len() == before && self.start == self.end {
            let found = format!("start = end = {}", number_text(self.start));
            bad.no_effect("end", "another value than `start`", found, "give two different parts");
        }
    }
}

impl OneCycle {
    fn check(&self, bad: &mut BadSettings) {
        if let Some(rate) = self.max_lr {
            bad.number("max_lr", rate, POSITIVE);
        }
        bad.number("warmup", self.warmup, BELOW_ONE);
        bad.number("div", self.div, ONE_OR_MORE);
        bad.number("final_div", self.final_div, ONE_OR_MORE);
        momentum(self.momentum, bad);
        if self.three_phase && self.warmup > 0.5 && self.warmup < 1.0 {
            let expected = "at most 0.5 with `three_phase`: the fall takes as long as the rise";
            let found = number_text(self.warmup);
            bad.misfit("warmup", expected, found, "give a smaller part of the run");
        }
    }
}

impl Cyclic {
    fn check(&self, bad: &mut BadSettings) {
        bad.number("up", self.up, POSITIVE);
        if let Some(down) = self.down {
            bad.number("down", down, POSITIVE);
        }
        if let Some(rate) = self.max_lr {
            bad.number("max_lr", rate, POSITIVE);
        }
        if let Some(rate) = self.min_lr {
            bad.number("min_lr", rate, NOT_NEGATIVE);
        }
        let before = bad.0.len();
        bad.number("gamma", self.gamma, PART.excluding_low());
        let exponential = self.mode == CyclicMode::Exponential;
        if bad.0.len() == before && exponential != (self.gamma != 1.0) {
            let (expected, found) = match exponential {
                true => ("below 1 with mode = \"exponential\"", "1"),
                false => ("mode = \"exponential\" beside it", "another mode"),
            };
            bad.no_effect("gamma", expected, found, "for instance 0.99, or leave both out");
        }
        momentum(self.momentum, bad);
    }
}

impl ReduceOnPlateau {
    fn check(&self, bad: &mut BadSettings) {
        bad.number("factor", self.factor, FALLS);
        bad.number("min_lr", self.min_lr, NOT_NEGATIVE);
        let range = match self.threshold_mode {
            ThresholdMode::Relative => BELOW_ONE,
            ThresholdMode::Absolute => NOT_NEGATIVE,
        };
        bad.number("threshold", self.threshold, range);
    }
}

impl Schedule {
    /// What cannot work in a run of this rate and length, though it may in another.
    pub(crate) fn check_in(&self, span: Span, bad: &mut BadSettings) {
        if let Some(epochs) = self.own_length() {
            moves("epochs", epochs, span, bad);
        }
        match self {
            Self::Cosine(Cosine { min_lr, .. })
            | Self::CosineRestarts(CosineRestarts { min_lr, .. })
            | Self::ReduceOnPlateau(ReduceOnPlateau { min_lr, .. }) => {
                below_rate("min_lr", *min_lr, span.rate, "the rate", bad);
            }
            Self::Cyclic(schedule) => {
                let (most, what) = match schedule.max_lr {
                    Some(max) => (max, "`max_lr`"),
                    None => (span.rate, "the rate"),
                };
                below_rate("min_lr", schedule.min_lr.unwrap_or(0.0), most, what, bad);
            }
            Self::Step(schedule) => before_the_end("every", schedule.every, span, bad),
            Self::MultiStep(schedule) => {
                if let Some(&last) = schedule.milestones.last() {
                    before_the_end("milestones", last, span, bad);
                }
            }
            Self::Linear(Linear { end: 0.0, epochs: Some(epochs), .. }) => {
                lasts("epochs", *epochs, span, bad);
            }
            Self::Polynomial(super::Polynomial { epochs: Some(epochs), .. }) => {
                lasts("epochs", *epochs, span, bad);
            }
            _ => {}
        }
    }
}

impl Schedule {
    /// The epochs of its own over which the rate moves.
    fn own_length(&self) -> Option<f64> {
        match self {
            Self::Linear(schedule) => schedule.epochs,
            Self::Polynomial(schedule) => schedule.epochs,
            Self::Cosine(schedule) => schedule.epochs,
            Self::CosineRestarts(schedule) => Some(schedule.epochs),
            _ => None,
        }
    }
}

/// A length so far beyond the run that the rate would not move in it.
fn moves(name: &str, epochs: f64, span: Span, bad: &mut BadSettings) {
    let most = 1000.0 * span.epochs;
    if epochs > most {
        let expected = format!("at most {}", number_text(most));
        let help = "the rate would not move: give the epochs over which it is to";
        bad.no_effect(name, expected, number_text(epochs), help);
    }
}

/// A lowest rate must lie below the highest, or the rate would climb or stand still.
fn below_rate(name: &str, low: f64, high: f64, what: &str, bad: &mut BadSettings) {
    if low >= high && high > 0.0 {
        let (expected, found) = (format!("below {what}, {}", number_text(high)), number_text(low));
        bad.misfit(name, expected, found, "lower it, or leave it out for 0");
    }
}

/// A change after so many epochs must come before the last epoch.
fn before_the_end(name: &str, epoch: f64, span: Span, bad: &mut BadSettings) {
    if epoch >= span.epochs {
        let expected = format!("fewer than the {} epochs there are", number_text(span.epochs));
        let help = "the rate would never fall: take fewer, or train for more epochs";
        bad.no_effect(name, expected, number_text(epoch), help);
    }
}

/// A fall to 0 must take all the epochs, or nothing would be learned after it.
fn lasts(name: &str, epochs: f64, span: Span, bad: &mut BadSettings) {
    if epochs < span.epochs.floor() {
        let expected = format!("{} epochs or more, all there are", number_text(span.epochs));
        let help = "the rate is 0 from there on: leave `epochs` out to fall until the end";
        bad.no_effect(name, expected, number_text(epochs), help);
    }
}
