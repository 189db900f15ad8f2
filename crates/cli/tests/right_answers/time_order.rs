//! Time runs forward in a series, whatever the order of its rows.

use serde_json::Value;

use crate::common::Place;

const SERIES: &str = r#"[run]
name = "ser"
[data]
kind = "series"
path = "t.csv"
time = "date"
window = 5
[model]
layers = [{ type = "flatten" }, { type = "dense", units = "outputs" }]
[train]
epochs = 5
"#;

/// Days from 1 January 2020 on and a price that grows.
fn rows(count: i64) -> Vec<String> {
    let months = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let date = |day: i64| {
        let (mut day, mut month) = (day, 0);
        while day >= months[month] {
            day -= months[month];
            month += 1;
        }
        format!("2020-{:02}-{:02}", month + 1, day + 1)
    };
    (0..count).map(|day| format!("{},{}\n", date(day), 100 + day + day % 3)).collect()
}

fn table(rows: &[String]) -> String {
    format!("date,price\n{}", rows.concat())
}

#[test]
fn any_order_gives_the_model_of_the_right_one() {
    let place = Place::new();
    place.write("r.toml", SERIES);
    let sorted = rows(120);
    let mut newest_first = sorted.clone();
    newest_first.reverse();
    let shuffled: Vec<String> = (0..120).map(|i| sorted[i * 37 % 120].clone()).collect();
    let mut hashes = Vec::new();
    for (rows, said) in [
        (&sorted, ""),
        (&newest_first, "the newest row is the first"),
        (&shuffled, "rows are not in the order of time"),
    ] {
        place.write("t.csv", &table(rows));
        let trained = place.run("train r.toml");
        assert!(trained.err.contains(said), "{trained:?}");
        trained.ok();
        let evaluated: Value = serde_json::from_str(&place.run("eval last --json").ok()).unwrap();
        hashes.push((evaluated["rmse"].clone(), place.run("predict last t.csv --json").ok()));
    }
    assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]), "{hashes:?}");
}

#[test]
fn gaps_and_duplicates_are_never_joined_silently() {
    let place = Place::new();
    place.write("r.toml", SERIES);
    let mut gap = rows(120);
    gap.drain(60..80);
    place.write("t.csv", &table(&gap));
    let refused = place.run("check r.toml").failed(1);
    for part in ["GB0316", "t.csv:62", "2020-03-01", "found 2020-03-21", "gaps = "] {
        assert!(refused.contains(part), "{part:?} is not in {refused}");
    }
    // 60 and 40 rows: 55 and 35 windows of five steps and the one after them.
    let split = place.run("check r.toml --set data.gaps=split");
    assert!(split.err.contains("cut at 1 gap,"), "{split:?}");
    let json = place.run("data r.toml --json --set data.gaps=split").ok();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["items"], 90);
    let joined = place.run("check r.toml --set data.gaps=join");
    assert!(joined.err.contains("rows are taken as if they were"), "{joined:?}");
    joined.ok();
    let mut twice = rows(120);
    twice.insert(50, twice[49].clone());
    place.write("t.csv", &table(&twice));
    let refused = place.run("check r.toml").failed(1);
    assert!(refused.contains("GB0350") && refused.contains("lines 51 and 52"), "{refused}");
}

#[test]
fn an_index_is_left_out_and_dates_are_the_time() {
    let place = Place::new();
    place.write("r.toml", &SERIES.replace("time = \"date\"\n", ""));
    let rows = rows(60).into_iter().enumerate().map(|(index, row)| format!("{index},{row}"));
    place.write("t.csv", &format!(",date,price\n{}", rows.collect::<String>()));
    let checked = place.run("check r.toml");
    assert!(checked.err.contains("numbers the rows: it is left out"), "{checked:?}");
    assert!(checked.err.contains("\"date\" has dates"), "{checked:?}");
    let out = checked.ok();
    assert!(out.contains("time     date: dates"), "{out}");
    assert!(out.contains("target   price: numbers"), "{out}");
}

#[test]
fn a_year_of_two_digits_is_not_taken_for_a_day() {
    let series = |date: &dyn Fn(u32, u32) -> String| {
        let place = Place::new();
        place.write("r.toml", SERIES);
        let days = (1..=5).flat_map(|month| (1..=28).map(move |day| (month, day)));
        let lines = days.enumerate().map(|(y, (month, day))| format!("{},{y}\n", date(month, day)));
        place.write("t.csv", &format!("date,y\n{}", lines.collect::<String>()));
        place.run("check r.toml")
    };
    // 24-01-05 may be the 5th of January 2024, and the 24th of January 2005.
    let err = series(&|month, day| format!("24-{month:02}-{day:02}")).failed(1);
    assert!(err.contains("GB0346") && err.contains("year") && err.contains("24-01-01"), "{err}");
    // No day is 98: the year is first.
    let shown = series(&|month, day| format!("98-{month:02}-{day:02}"));
    assert!(!format!("{shown:?}").contains("GB0346"), "{shown:?}");
}

#[test]
fn a_file_without_the_models_time_is_refused() {
    let place = Place::new();
    place.write("r.toml", SERIES);
    place.write("t.csv", &table(&rows(120)));
    place.run("train r.toml").ok();
    let new = rows(20);
    let prices = new.iter().map(|row| row.split_once(',').unwrap().1.to_owned());
    place.write("new.csv", &format!("price\n{}", prices.collect::<String>()));
    for command in ["predict last new.csv", "eval last new.csv"] {
        let err = place.run(command).failed(1);
        assert!(err.contains("GB0311") && err.contains("`time`"), "{err}");
    }
}
