//! What the programs of the Rust peers share: arguments, and the timing of steps. They print the
//! same lines of JSON as `glassbox-bench`.

use std::time::Instant;

pub struct Harness {
    pub peer: &'static str,
    threads: usize,
    workload: Option<String>,
    only: String,
    seconds: f64,
    check: bool,
    first: bool,
}

impl Harness {
    /// Reads `[--threads N] [--workload NAME] [--only PART] [--seconds S] [--check] [--first]`,
    /// which mean what `glassbox-bench --help` says, and sets the number of threads. To be called
    /// before any library starts its threads.
    pub fn new(peer: &'static str) -> Self {
        let mut new = Self {
            peer,
            threads: 2,
            workload: None,
            only: String::new(),
            seconds: 4.0,
            check: false,
            first: false,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().unwrap_or_else(|| panic!("{word} needs a value"));
            match word.as_str() {
                "--threads" => new.threads = value().parse().expect("--threads needs a number"),
                "--workload" => new.workload = Some(value()),
                "--only" => new.only = value(),
                "--seconds" => new.seconds = value().parse().expect("--seconds needs a number"),
                "--check" => new.check = true,
                "--first" => new.first = true,
                _ => panic!("unknown option {word}"),
            }
        }
        std::env::set_var("RAYON_NUM_THREADS", new.threads.to_string());
        new
    }

    /// Whether this training workload is wanted.
    pub fn trains(&self, name: &str) -> bool {
        self.workload.as_ref().map_or(true, |workload| workload == name)
            && name.contains(&self.only)
    }

    /// Whether this workload without training is wanted.
    pub fn infers(&self, name: &str) -> bool {
        !self.first && !self.check && self.trains(name)
    }

    /// Training steps, each of which answers its loss.
    pub fn train(&self, name: &str, batch: usize, mut step: impl FnMut() -> f32) {
        let head = format!(r#"{{"peer": "{}", "workload": "{name}""#, self.peer);
        if self.first {
            step();
            println!(r#"{head}, "first": true}}"#);
        } else if self.check {
            let losses: Vec<_> = (0..50).map(|_| step()).collect();
            println!(r#"{head}, "loss_1": {:.4}, "loss_50": {:.4}}}"#, losses[0], losses[49]);
        } else {
            self.time(name, batch, || _ = step());
        }
    }

    /// Times a step.
    pub fn time(&self, name: &str, items: usize, mut step: impl FnMut()) {
        let start = Instant::now();
        (0..3).for_each(|_| step());
        let warm = start.elapsed().as_secs_f64();
        let (mut times, start) = (Vec::new(), Instant::now());
        while start.elapsed().as_secs_f64() < self.seconds {
            let begin = Instant::now();
            step();
            times.push(begin.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        let n = times.len();
        let median = (times[(n - 1) / 2] + times[n / 2]) / 2.0;
        println!(
            r#"{{"peer": "{}", "threads": {}, "workload": "{name}", "step_ms": {:.4}, "min_ms": {:.4}, "n": {n}, "warm_s": {warm:.2}, "samples_per_s": {:.1}}}"#,
            self.peer,
            self.threads,
            median * 1e3,
            times[0] * 1e3,
            items as f64 / median
        );
    }
}

/// Draws a token in proportion to the exponentials of `scores`, as generation does. The state of
/// the generator (Marsaglia's xorshift, 2003) must not be 0.
pub fn draw(scores: &[f32], state: &mut u64) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f32> = scores.iter().map(|score| (score - largest).exp()).collect();
    let uniform = (*state >> 40) as f32 / (1u32 << 24) as f32;
    let mut rest = uniform * weights.iter().sum::<f32>();
    for (token, weight) in weights.iter().enumerate() {
        if rest < *weight {
            return token as u32;
        }
        rest -= weight;
    }
    weights.len() as u32 - 1
}
