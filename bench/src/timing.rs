//! Repeating something until a time is over.

use std::time::Instant;

/// Seconds that are worth reading a clock for, which takes some hundredths of a microsecond.
const SHORTEST: f64 = 50e-6;

/// Seconds of repetitions.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<f64>);

impl Times {
    /// Adds repetitions of `work` for about `seconds`, three at least. Those that are over in a few
    /// microseconds are timed several at once: the time of each is their mean.
    pub fn add(&mut self, seconds: f64, mut work: impl FnMut()) {
        let (start, mut count, mut at_once) = (Instant::now(), 0, 1_u32);
        while count < 3 || start.elapsed().as_secs_f64() < seconds {
            let repetitions = Instant::now();
            (0..at_once).for_each(|_| work());
            let time = repetitions.elapsed().as_secs_f64();
            self.0.push(time / f64::from(at_once));
            count += 1;
            if time < SHORTEST {
                at_once = at_once.saturating_mul(2);
            }
        }
        self.0.sort_by(f64::total_cmp);
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The median, which a busy machine moves little; NaN of none.
    pub fn median(&self) -> f64 {
        match self.0.len() {
            0 => f64::NAN,
            count => f64::midpoint(self.0[(count - 1) / 2], self.0[count / 2]),
        }
    }

    /// The shortest: nothing disturbed it; NaN of none.
    pub fn least(&self) -> f64 {
        self.0.first().copied().unwrap_or(f64::NAN)
    }
}

/// Seconds as milliseconds to the nanosecond.
pub fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1e9).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_middle_and_the_least() {
        assert_eq!(Times(vec![1.0, 2.0, 9.0]).median(), 2.0);
        assert_eq!(Times(vec![1.0, 2.0, 4.0, 9.0]).median(), 3.0);
        assert_eq!(Times(vec![1.0, 2.0]).least(), 1.0);
        assert!(Times::default().median().is_nan() && Times::default().least().is_nan());
        let counted = |work: fn()| {
            let (mut times, mut calls) = (Times::default(), 0);
            times.add(0.0, || {
                work();
                calls += 1;
            });
            (times.count(), calls)
        };
        assert_eq!(counted(|| std::thread::sleep(Duration::from_secs_f64(SHORTEST))), (3, 3));
        // Several at once, unless the machine was away at the first and the second.
        let (times, calls) = counted(|| ());
        assert!(times == 3 && calls > 3);
    }
}
