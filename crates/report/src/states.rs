//! What the units of a recurrent layer do while they read a text.

use std::sync::{Arc, Mutex, PoisonError};

use glassbox_nn::{Cx, Module, Probe, Side, Site, Wanted};
use glassbox_tensor::Tensor;
use glassbox_train::data::Vocabulary;

use crate::plots::HeatMap;

/// The hidden state of a recurrent layer after every token of a text.
#[derive(Clone, Debug)]
pub struct StateMap {
    /// What messages call the layer.
    pub layer: String,
    /// The tokens as they are shown.
    pub tokens: Vec<String>,
    /// The values of each unit, token by token.
    pub units: Vec<Vec<f64>>,
}

impl StateMap {
    /// Lets `model` read `text` and notes what recurrent layer `index` does, counted from 0 (each
    /// layer of a stack by itself). `None` when the model has no such layer.
    ///
    /// # Errors
    /// A character of the text that the model does not know.
    pub fn of(
        model: &dyn Module,
        vocabulary: &Vocabulary,
        text: &str,
        index: usize,
    ) -> Result<Option<Self>, char> {
        let tokens = vocabulary.encode(text)?;
        if tokens.is_empty() {
            return Ok(None);
        }
        let input = Tensor::from_i32(&tokens, [1, tokens.len()]);
        let probe = Arc::new(HiddenStates::default());
        let _ = model.forward(&input, &mut Cx::eval().with_probe(probe.clone()));
        let names = vocabulary.names();
        let seen = probe.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(seen.get(index).map(|(layer, states)| {
            let width = states.dims()[2];
            let states = states.as_slice();
            let unit = |unit: usize| states.iter().skip(unit).step_by(width).map(|&x| x.into());
            Self {
                layer: layer.clone(),
                tokens: tokens.iter().map(|&token| shown(&names[token as usize])).collect(),
                units: (0..width).map(|index| unit(index).collect()).collect(),
            }
        }))
    }

    /// The heat map of the `most` units that change most, in their order.
    pub fn heat_map(&self, most: usize) -> HeatMap {
        let mut order: Vec<usize> = (0..self.units.len()).collect();
        order.sort_by(|&a, &b| variance(&self.units[b]).total_cmp(&variance(&self.units[a])));
        order.truncate(most);
        order.sort_unstable();
        let rows: Vec<_> = order.iter().map(|&unit| self.units[unit].clone()).collect();
        let limit = rows.iter().flatten().fold(0.0, |limit: f64, value| limit.max(value.abs()));
        HeatMap {
            title: format!("{}: {} of {} units", self.layer, order.len(), self.units.len()),
            rows,
            row_names: order.iter().map(|unit| format!("unit {unit}")).collect(),
            columns: self.tokens.clone(),
            limit: if limit > 0.0 { limit } else { 1.0 },
        }
    }
}

/// The hidden states of all recurrent layers, in the order in which they run.
#[derive(Default)]
struct HiddenStates(Mutex<Vec<(String, Tensor)>>);

impl Probe for HiddenStates {
    fn wants(&self, site: &Site<'_>) -> Wanted {
        match (site.stack, site.side) {
            (Some(_), Side::Output) => Wanted::VALUES,
            _ => Wanted::NOTHING,
        }
    }

    fn values(&self, site: &Site<'_>, values: &Tensor) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push((site.to_string(), values.clone()));
    }
}

fn variance(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>()
}

/// A token that can be seen.
fn shown(token: &str) -> String {
    match token {
        "\n" | "\\n" => "⏎".into(),
        " " => "␣".into(),
        "\t" | "\\t" => "⇥".into(),
        _ => token.into(),
    }
}

#[cfg(test)]
mod tests {
    use glassbox_nn::Sequential;
    use glassbox_train::data::Unit;

    use super::*;

    #[test]
    fn states_are_those_of_the_layer() {
        let vocabulary = Vocabulary::of("ab \n", Unit::Char, 0);
        let model =
            Sequential::input([4]).embedding(4, 3).gru(5).lstm(6).dense(4).build(7).unwrap();
        let map = StateMap::of(&model, &vocabulary, "ab a\n", 0).unwrap().unwrap();
        assert_eq!((map.layer.as_str(), map.units.len()), ("layer 1 (gru)", 5));
        assert_eq!(map.tokens, ["a", "b", "␣", "a", "⏎"]);
        let input = Tensor::from_i32(&vocabulary.encode("ab a\n").unwrap(), [1, 5]);
        let mut value = input;
        for index in 0..2 {
            value = model.module(index).unwrap().forward(&value, &mut Cx::eval());
        }
        for (unit, values) in map.units.iter().enumerate() {
            let expected: Vec<f64> = (0..5).map(|t| value.to_vec()[t * 5 + unit].into()).collect();
            assert_eq!(*values, expected);
        }
        assert!(StateMap::of(&model, &vocabulary, "ab", 2).unwrap().is_none());
        assert_eq!(StateMap::of(&model, &vocabulary, "abc", 0).unwrap_err(), 'c');
    }

    #[test]
    fn the_units_that_change_most_are_drawn() {
        let units = vec![vec![0.0, 0.0], vec![-1.0, 3.0], vec![1.0, 1.0], vec![0.0, 2.0]];
        let map = StateMap { layer: "rnn".into(), tokens: vec!["a".into(), "b".into()], units };
        let drawn = map.heat_map(2);
        assert_eq!(drawn.row_names, ["unit 1", "unit 3"]);
        assert_eq!((drawn.limit, drawn.rows.len()), (3.0, 2));
    }
}
