//! Choosing a token by its scores.

use glassbox_tensor::Rng;

/// How a token is chosen among those that the model finds possible.
///
/// ```
/// use glassbox_tensor::Rng;
/// use glassbox_runs::Sampling;
///
/// let greedy = Sampling { temperature: 0.0, ..Sampling::default() };
/// assert_eq!(greedy.choose(&[0.1, 2.0, 0.3], &mut Rng::new(1)), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// What scores are divided by: 1 samples from the model's own probabilities, less sharpens
    /// them, 0 takes the likeliest token.
    pub temperature: f32,
    /// Only so many of the likeliest tokens are possible (Fan, Lewis and Dauphin 2018).
    pub top_k: Option<usize>,
    /// Only the likeliest tokens that together reach this probability are possible: nucleus
    /// sampling (Holtzman et al. 2020).
    pub top_p: Option<f32>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 1.0, top_k: None, top_p: None }
    }
}

impl Sampling {
    /// Whether the settings make sense.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check(&self) -> Result<(), String> {
        if !(self.temperature.is_finite() && self.temperature >= 0.0) {
            return Err(format!("a temperature of 0 or more, found {}", self.temperature));
        }
        match (self.top_k, self.top_p) {
            (Some(0), _) => Err("a top-k of 1 or more, found 0".into()),
            (_, Some(p)) if !(p > 0.0 && p <= 1.0) => {
                Err(format!("a top-p above 0 and at most 1, found {p}"))
            }
            _ => Ok(()),
        }
    }

    /// Chooses an index of `scores` (logits). Of equal scores the first counts as likelier.
    pub fn choose(&self, scores: &[f32], rng: &mut Rng) -> usize {
        if self.temperature == 0.0 || scores.len() < 2 {
            return glassbox_train::largest(scores);
        }
        let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let weight = |&score: &f32| ((score - largest) / self.temperature).exp();
        let mut possible: Vec<(usize, f32)> = scores.iter().map(weight).enumerate().collect();
        if self.top_k.is_some() || self.top_p.is_some() {
            self.restrict(&mut possible);
        }
        draw(&possible, rng)
    }

    /// Leaves the likeliest tokens that `top_k` and `top_p` allow, the likeliest first.
    fn restrict(&self, possible: &mut Vec<(usize, f32)>) {
        possible.sort_by(|a, b| b.1.total_cmp(&a.1));
        possible.truncate(self.top_k.unwrap_or(usize::MAX).max(1));
        let wanted = total(possible) * self.top_p.unwrap_or(1.0);
        let (mut sum, mut count) = (0.0, 0);
        while count < possible.len() && (sum < wanted || count == 0) {
            sum += possible[count].1;
            count += 1;
        }
        possible.truncate(count);
    }
}

fn total(weights: &[(usize, f32)]) -> f32 {
    weights.iter().map(|(_, weight)| weight).sum()
}

/// Draws an index in proportion to its weight.
fn draw(weights: &[(usize, f32)], rng: &mut Rng) -> usize {
    let mut rest = rng.uniform() * total(weights);
    let mut last = 0;
    for &(index, weight) in weights {
        // Rounding may leave a rest after the last one: it counts for the last possible one.
        if weight > 0.0 {
            last = index;
            if rest < weight {
                break;
            }
        }
        rest -= weight;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often each index is chosen, of 10,000 times.
    fn counts(sampling: Sampling) -> [usize; 4] {
        let scores = [4f32, 3.0, 2.0, 1.0].map(f32::ln);
        let mut rng = Rng::new(3);
        let mut counts = [0; 4];
        (0..10_000).for_each(|_| counts[sampling.choose(&scores, &mut rng)] += 1);
        counts
    }

    #[test]
    fn frequencies_are_the_probabilities() {
        let all = Sampling::default();
        let near = |counts: [usize; 4], expected: [usize; 4]| {
            counts.iter().zip(expected).all(|(&count, expected)| count.abs_diff(expected) < 200)
        };
        assert!(near(counts(all), [4000, 3000, 2000, 1000]));
        assert!(near(counts(Sampling { top_k: Some(2), ..all }), [5714, 4286, 0, 0]));
        assert!(near(counts(Sampling { top_p: Some(0.69), ..all }), [5714, 4286, 0, 0]));
        assert!(near(counts(Sampling { top_p: Some(1.0), ..all }), [4000, 3000, 2000, 1000]));
        let sharp = Sampling { temperature: 0.5, ..all };
        assert!(near(counts(sharp), [5333, 3000, 1333, 333]));
        assert_eq!(counts(Sampling { temperature: 0.0, ..all }), [10_000, 0, 0, 0]);
        assert_eq!(counts(Sampling { top_p: Some(1e-6), ..all }), [10_000, 0, 0, 0]);
    }

    #[test]
    fn impossible_settings_are_named() {
        let all = Sampling::default();
        assert_eq!(all.check(), Ok(()));
        for wrong in [
            Sampling { temperature: -1.0, ..all },
            Sampling { temperature: f32::NAN, ..all },
            Sampling { top_k: Some(0), ..all },
            Sampling { top_p: Some(0.0), ..all },
            Sampling { top_p: Some(1.5), ..all },
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}
