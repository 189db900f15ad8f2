//! Names of a list of layers, who takes what of whom, and an order in which that works.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use smallvec::SmallVec;

use super::config::{INPUT, NodeConfig};
use super::outline::segment;
use crate::error::BuildError;

/// A layer at its place in the order.
#[derive(Debug, PartialEq)]
pub(super) struct Ordered {
    /// Its number in the list.
    pub(super) index: usize,
    /// The numbers of the layers it takes; `None` for the input of the list.
    pub(super) from: SmallVec<[Option<usize>; 2]>,
}

/// An order in which every layer comes after those it takes; that of the list where it is one.
///
/// # Errors
/// When a name is no name, or no layer's, or several layers'; when layers wait for each other; when
/// a layer has too few or too many inputs, or an output goes nowhere.
pub(super) fn of(layers: &[NodeConfig]) -> Result<Vec<Ordered>, BuildError> {
    let names = names(layers)?;
    let mut sources = Vec::with_capacity(layers.len());
    for (index, layer) in layers.iter().enumerate() {
        let from = from(index, layer, &names).map_err(|error| at(error, layers, index))?;
        sources.push(from);
    }
    let order = sorted(layers, &sources)?;
    let mut used = vec![false; layers.len()];
    sources.iter().flatten().flatten().for_each(|&index| used[index] = true);
    let Some(lost) = used.split_last().and_then(|(_, used)| used.iter().position(|used| !used))
    else {
        return Ok(order);
    };
    let error = BuildError::new(
        "GB0211",
        layers[lost].type_name(),
        "a layer that takes its output, since the model's output is that of the last layer",
        "none",
    );
    let help = "name it in the `from` of a later layer, or leave it out";
    Err(at(error.help(help), layers, lost))
}

fn at(error: BuildError, layers: &[NodeConfig], index: usize) -> BuildError {
    error.within(segment(index, layers[index].name.as_deref()))
}

/// The layers by name. Each also has its number as one.
fn names(layers: &[NodeConfig]) -> Result<HashMap<String, usize>, BuildError> {
    let mut names: HashMap<String, usize> =
        (0..layers.len()).map(|index| (index.to_string(), index)).collect();
    for (index, layer) in layers.iter().enumerate() {
        let Some(name) = &layer.name else { continue };
        let number = name.bytes().all(|byte| byte.is_ascii_digit());
        let expected = if number || name == INPUT || name.contains(['.', ' ']) {
            "a `name` of letters, digits and _, not a number alone and not \"input\""
        } else if names.insert(name.clone(), index).is_some() {
            "a `name` that no other layer has"
        } else {
            continue;
        };
        let error = BuildError::new("GB0209", layer.type_name(), expected, format!("{name:?}"));
        return Err(at(error.field("name"), layers, index));
    }
    Ok(names)
}

/// What layer `index` takes.
fn from(
    index: usize,
    layer: &NodeConfig,
    names: &HashMap<String, usize>,
) -> Result<SmallVec<[Option<usize>; 2]>, BuildError> {
    let kind = layer.type_name();
    let error = |code, field, expected: &str, found: String| {
        BuildError::new(code, kind, expected.to_owned(), found).field(field)
    };
    let count = layer.from.0.len();
    match (layer.layer.join().is_some(), layer.join) {
        (true, Some(join)) => {
            let (expected, found) = ("no `join`: the layer is one", format!("\"{join}\""));
            return Err(error("GB0204", "join", expected, found));
        }
        (true, None) if count < 2 => {
            let expected = "`from` with the names of two layers or more";
            let help = format!("from = [\"{}\", \"{INPUT}\"]", index.saturating_sub(1));
            return Err(error("GB0204", "from", expected, format!("{count}")).help(help));
        }
        (false, Some(join)) if count < 2 => {
            let (expected, found) = ("two names or more in `from`", format!("{count}"));
            let help = format!("leave out join = \"{join}\", or name what is to be joined");
            return Err(error("GB0204", "join", expected, found).help(help));
        }
        (false, None) if count > 1 => {
            let expected = "`join`: how several inputs become one";
            let help = "join = \"add\", \"mul\" or \"concat\"";
            return Err(error("GB0204", "from", expected, format!("{count} inputs")).help(help));
        }
        _ => {}
    }
    if count == 0 {
        return Ok([index.checked_sub(1)].into_iter().collect());
    }
    let found = |name: &String| match (names.get(name), name.as_str()) {
        (_, INPUT) => Ok(None),
        (Some(&index), _) => Ok(Some(index)),
        (None, _) => {
            let known = "the name or number of a layer, or \"input\"";
            let mut all: Vec<_> =
                names.keys().filter(|name| name.parse::<usize>().is_err()).collect();
            all.sort();
            let help = match all.as_slice() {
                [] => "no layer has a name: give one a `name`".to_owned(),
                all => format!("the names are: {}", listed(all)),
            };
            Err(error("GB0209", "from", known, format!("{name:?}")).help(help))
        }
    };
    layer.from.0.iter().map(found).collect()
}

/// The first names, separated by commas.
fn listed(names: &[&String]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(|name| name.as_str()).collect();
    let more = if names.len() > SHOWN { ", …" } else { "" };
    shown.join(", ") + more
}

/// Kahn's algorithm (1962), of all layers that could come next the one that is first in the list.
fn sorted(
    layers: &[NodeConfig],
    sources: &[SmallVec<[Option<usize>; 2]>],
) -> Result<Vec<Ordered>, BuildError> {
    let mut waits: Vec<usize> = sources.iter().map(|from| from.iter().flatten().count()).collect();
    let mut takers = vec![Vec::new(); layers.len()];
    for (index, from) in sources.iter().enumerate() {
        from.iter().flatten().for_each(|&source| takers[source].push(index));
    }
    let mut next: BinaryHeap<_> =
        (0..layers.len()).filter(|&index| waits[index] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(layers.len());
    while let Some(Reverse(index)) = next.pop() {
        order.push(Ordered { index, from: sources[index].clone() });
        for &taker in &takers[index] {
            waits[taker] -= 1;
            if waits[taker] == 0 {
                next.push(Reverse(taker));
            }
        }
    }
    let Some(stuck) = waits.iter().position(|&waits| waits > 0) else { return Ok(order) };
    let circle = circle(sources, stuck, &waits);
    let names: Vec<_> = circle
        .iter()
        .map(|&index| segment(index, layers[index].name.as_deref()).to_string())
        .collect();
    let first = circle.first().copied().unwrap_or(stuck);
    let error = BuildError::new(
        "GB0210",
        layers[first].type_name(),
        "layers of which none waits for its own output",
        format!("a circle: {} ← {}", names.join(" ← "), names[0]),
    );
    Err(at(error.field("from").help("take one of them out of a `from`"), layers, first))
}

/// Layers of which each takes the next and the last takes the first, found from one that waits.
fn circle(sources: &[SmallVec<[Option<usize>; 2]>], start: usize, waits: &[usize]) -> Vec<usize> {
    let mut path: Vec<usize> = Vec::new();
    let mut here = start;
    loop {
        if let Some(begin) = path.iter().position(|&index| index == here) {
            return path.split_off(begin);
        }
        path.push(here);
        // Whoever waits takes something that waits, too.
        match sources[here].iter().flatten().find(|&&source| waits[source] > 0) {
            Some(&source) => here = source,
            None => return vec![here],
        }
    }
}
