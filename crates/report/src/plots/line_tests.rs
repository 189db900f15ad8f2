use super::*;

fn plot(values: &[f64]) -> LinePlot {
    let points = values.iter().enumerate().map(|(index, value)| (index as f64, *value));
    LinePlot::new("", "epochs", "", vec![Line::new("", points.collect())])
}

/// The words of a picture that are numbers.
fn numbers(svg: &str) -> Vec<f64> {
    svg.lines().filter_map(|line| line.trim().parse().ok()).collect()
}

#[test]
fn a_plot_has_its_words_and_lines() {
    let line = |name| Line::new(name, vec![(0.0, 1.0), (1.0, 1e-3), (2.0, f64::NAN)]);
    let plot = LinePlot::new("the <title>", "steps", "norm", vec![line("rnn"), line("lstm")]);
    let svg = plot.log().svg().unwrap();
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"), "{svg}");
    for word in ["the &lt;title&gt;", "steps", "norm", "rnn", "lstm", "0.001", "#0072B2"] {
        assert!(svg.contains(word), "{word} in {svg}");
    }
    assert!(svg.contains("2 of 6 values are NaN") && !svg.contains("=\"NaN"), "{svg}");
}

#[test]
fn a_value_that_is_left_out_is_counted_once() {
    let plot = plot(&[1.0, 100.0, -1.0, f64::NEG_INFINITY, f64::NAN, f64::INFINITY]).log();
    let note = plot.note.as_deref().unwrap();
    assert!(note.contains("3 of 6 values are NaN, infinite"), "{note}");
    assert!(note.contains("1 values are not above 0"), "{note}");
}

#[test]
fn a_logarithmic_axis_to_the_right_is_marked_where_points_are() {
    let line = Line::new("", vec![(0.0, 1.0), (64.0, 1.0), (512.0, 3.0), (2048.0, 5.0)]);
    let svg = LinePlot::new("", "width", "ms", vec![line]).log_x().svg().unwrap();
    let marks = numbers(&svg);
    for mark in [64.0, 512.0, 2048.0] {
        assert!(marks.contains(&mark), "{mark} in {marks:?}");
    }
    assert!(!marks.contains(&0.0), "{marks:?}");
}

#[test]
fn what_has_no_points_is_empty_and_one_point_is_drawn() {
    assert!(LinePlot::new("", "", "", vec![Line::new("", Vec::new())]).is_empty());
    assert!(plot(&[-1.0]).log().is_empty());
    let one = LinePlot::new("", "", "", vec![Line::new("a", vec![(3.0, 5.0)])]);
    assert!(one.svg().unwrap().contains("<circle"));
}

#[test]
fn any_numbers_have_an_axis_around_them() {
    let cases: [&[f64]; 9] = [
        &[0.005, 0.005, 0.005],
        &[0.0, 0.0],
        &[-7.0, -7.0],
        &[3e36, 1.0, 2e-9],
        &[1e-12, 3e-12],
        &[-4e9, 0.9],
        &[1e9, 1e9 + 1.0],
        &[f64::MAX, f64::NAN, 1.0],
        &[2.0],
    ];
    for values in cases {
        let plot = plot(values);
        let scale = plot.y_scale();
        let seen: Vec<_> = values.iter().filter(|value| value.abs() < 1e300).collect();
        let svg = plot.svg().unwrap();
        assert!(!svg.contains("=\"NaN") && !svg.contains("inf\""), "{values:?}: {svg}");
        let range = plotters::coord::ranged1d::Ranged::range(&scale);
        for value in seen {
            assert!(range.start < *value && *value < range.end, "{value} in {range:?}");
        }
    }
    // The axis of a constant is marked at the constant or on both sides of it.
    let marks = numbers(&plot(&[0.005; 3]).svg().unwrap());
    assert!(marks.contains(&0.005) && marks.iter().all(|mark| *mark >= 0.0), "{marks:?}");
}

#[test]
fn a_wide_range_has_a_logarithmic_axis() {
    assert!(plot(&[2.3, 0.4, 0.02]).log_where_it_helps().log);
    assert!(!plot(&[2.3, 0.4, 0.03]).log_where_it_helps().log);
    assert!(!plot(&[1e6, -1.0]).log_where_it_helps().log, "an R²");
    assert!(!plot(&[f64::NAN]).log_where_it_helps().log);
    assert!(!plot(&[0.0, 0.0]).log_where_it_helps().log);
    let with_zero = plot(&[5.0, 1e-6, 0.0]).log_where_it_helps();
    assert!(with_zero.log && with_zero.note.unwrap().contains("1 values are not above 0"));
}

#[test]
fn a_gap_is_not_bridged() {
    let line = Line::new("", vec![(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 1.0)]);
    let pieces: Vec<_> = line.pieces().map(<[_]>::len).collect();
    assert_eq!(pieces, [2, 1]);
}

#[test]
fn one_meaning_has_one_color() {
    let lines = |order: [Meaning; 3]| {
        order.map(|meaning| Line::new("a", vec![(0.0, 1.0), (1.0, 2.0)]).of(meaning)).to_vec()
    };
    let orders = [
        [Meaning::Training, Meaning::Validation, Meaning::Baseline],
        [Meaning::Baseline, Meaning::Validation, Meaning::Training],
    ];
    let count = |order| {
        let svg = LinePlot::new("", "", "", lines(order)).svg().unwrap();
        ["#0072B2", "#D55E00", "#6E6E6E"].map(|color| svg.matches(color).count())
    };
    assert_eq!(count(orders[0]), count(orders[1]));
    assert!(count(orders[0]).iter().all(|count| *count > 0));
}

#[test]
fn marks_have_their_names() {
    let mark = |x, name: &str| Mark { x, name: name.into() };
    let marks = vec![mark(1.0, "best: epoch 1"), mark(2.0, "stopped early")];
    let svg = plot(&[1.0, 2.0, 3.0]).marked(marks).svg().unwrap();
    assert!(svg.contains("best: epoch 1") && svg.contains("stopped early"), "{svg}");
}
