//! "Did you mean …?"

/// The candidate that `word` most likely stands for, if any is near enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let word = plain(word);
    candidates
        .into_iter()
        .map(|candidate| {
            let other = plain(candidate);
            let mut distance = strsim::damerau_levenshtein(&word, &other);
            let (short, long) =
                if word.len() < other.len() { (&word, &other) } else { (&other, &word) };
            if short.len() >= 3 && long.starts_with(short.as_str()) {
                // `conv` for `conv2d`, `learning_rate_decay` for `learning_rate`
                distance = distance.min(1);
            }
            (distance, other.chars().count().max(word.chars().count()), candidate)
        })
        .filter(|(distance, length, _)| *distance <= length / 3 || *distance == 0)
        .min_by_key(|(distance, ..)| *distance)
        .map(|(.., candidate)| candidate)
}

/// The advice for an unknown word: the nearest candidate, or all of them.
pub fn advice<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(word, candidates.clone()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => format!("choose one of {}", list(candidates)),
    }
}

/// `a, b and c`, each in back quotes.
pub fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        None => "nothing".into(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_the_near_and_not_the_far() {
        let layers = ["dense", "conv2d", "max_pool", "batch_norm", "relu"];
        assert_eq!(nearest("conv2", layers), Some("conv2d"));
        assert_eq!(nearest("conv", layers), Some("conv2d"));
        assert_eq!(nearest("MaxPool", layers), Some("max_pool"));
        assert_eq!(nearest("batchnorm", layers), Some("batch_norm"));
        assert_eq!(nearest("dence", layers), Some("dense"));
        assert_eq!(nearest("transformer", layers), None);
        assert_eq!(nearest("", layers), None);
    }

    #[test]
    fn lists_words() {
        assert_eq!(list([]), "nothing");
        assert_eq!(list(["a"]), "`a`");
        assert_eq!(list(["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
