//! Texts that fit the terminal.

use console::measure_text_width as width;

/// Each line of a text as [`wrapped`], but commands: these stay as they are to be copied.
pub fn wrapped_lines(text: &str, room: Option<usize>) -> String {
    let line = |line: &str| match line.trim_start().starts_with("next: ") {
        true => line.to_owned(),
        false => wrapped(line, room),
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// A text in lines of at most `room` cells, broken between words, the later lines indented. A word
/// that is longer than a line stays whole.
pub fn wrapped(text: &str, room: Option<usize>) -> String {
    let Some(room) = room else { return text.to_owned() };
    let words = text.trim_start();
    let indent = " ".repeat(text.len() - words.len());
    let mut lines: Vec<String> = Vec::new();
    for word in words.split(' ') {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("{indent}  {word}")),
            None => lines.push(format!("{indent}{word}")),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for room in 20..90 {
            let text = wrapped("digits · 29,162 params · 40 steps/epoch · seed 7", Some(room));
            assert!(text.lines().all(|line| width(line) <= room), "{room}: {text}");
        }
        assert_eq!(wrapped("a long-word b", Some(4)), "a\n  long-word\n  b");
        assert_eq!(wrapped("a b", None), "a b");
    }
}
