//! Dates in all the ways that are read. Days and seconds are those of Python's
//! `datetime.date.toordinal() - 719163` and `datetime.datetime.timestamp()`.

use super::*;

fn format(day_first: bool, date: bool, time: bool, zone: bool) -> DateFormat {
    let year_first = false;
    DateFormat { day_first: Some(day_first), year_first, date, time, zone, unit: DateUnit::Days }
}

#[test]
fn dates_are_days_since_1970() {
    let cases = [
        ("2024-12-31", 20_088),
        ("2024/12/31", 20_088),
        ("2024.12.31", 20_088),
        ("31.12.2024", 20_088),
        ("31.12.24", 20_088),
        ("31/12/2024", 20_088),
        ("31-12-2024", 20_088),
        ("31 Dec 2024", 20_088),
        ("31-Dec-24", 20_088),
        ("Dec 31, 2024", 20_088),
        ("December 31st, 2024", 20_088),
        ("2024 Dec 31", 20_088),
        ("Tue, 31 Dec 2024", 20_088),
        ("20241231", 20_088),
        ("2024-12", 20_058),
        ("12/2024", 20_058),
        ("Dec 2024", 20_058),
        ("2024-Q4", 19_997),
        ("2024Q4", 19_997),
        ("Q4 2024", 19_997),
        // date.fromisocalendar(2024, 1, 1) and so on.
        ("2024-W01", 19_723),
        ("2020-W53", 18_624),
        ("2021-W01-7", 18_637),
        ("1970-01-01", 0),
        ("1969-12-31", -1),
        ("2000-02-29", 11_016),
        ("1900-03-01", -25_508),
        ("01.02.69", -334),
    ];
    for (cell, days) in cases {
        let found = format(true, true, false, false).value(cell);
        assert_eq!(found, Some(f64::from(days)), "{cell:?}");
    }
    assert_eq!(format(false, true, false, false).value("12/31/2024"), Some(20_088.0));
    for cell in [
        "31/12/2024",
        "2023-02-29",
        "2024-13-01",
        "1.2.3",
        "2024-1-",
        "Dezember 2024",
        "31",
        "2021-W53",
        "2024-W00",
    ] {
        assert_eq!(format(false, true, false, false).value(cell), None, "{cell:?}");
    }
}

#[test]
fn times_are_seconds_of_utc() {
    let seconds = |cell: &str, zone| {
        DateFormat { unit: DateUnit::Seconds, ..format(true, true, true, zone) }.value(cell)
    };
    for cell in [
        "2023-11-14T22:13:20",
        "2023-11-14 22:13:20.0",
        "2023-11-14 22:13:20,000",
        "20231114T221320",
        "14.11.2023 22:13:20",
        "Nov 14, 2023 10:13:20 PM",
    ] {
        assert_eq!(seconds(cell, false), Some(1_700_000_000.0), "{cell:?}");
    }
    for cell in [
        "2023-11-14T22:13:20Z",
        "2023-11-14T23:13:20+01:00",
        "2023-11-14T17:13:20-0500",
        "2023-11-14 22:13:20 UTC",
        "Tue, 14 Nov 2023 22:13:20 GMT",
    ] {
        assert_eq!(seconds(cell, true), Some(1_700_000_000.0), "{cell:?}");
        assert_eq!(seconds(cell, false), None, "{cell:?}: a zone among times without");
    }
    assert_eq!(seconds("2023-11-14T22:13:20.25", false), Some(1_700_000_000.25));
    assert_eq!(seconds("2023-11-14T22:13", false), Some(1_699_999_980.0));
    for cell in ["2023-11-14T25:00:00", "2023-11-14T22:60", "2023-11-14T22:13:20 CET", "14:5"] {
        assert_eq!(seconds(cell, false), None, "{cell:?}");
    }
    let clock = DateFormat { unit: DateUnit::Seconds, ..format(false, false, true, false) };
    assert_eq!(clock.value("12:30"), Some(45_000.0));
    assert_eq!(clock.value("12:05 AM"), Some(300.0));
    assert_eq!(clock.value("2024-01-01 12:30"), None);
}

#[test]
fn parts_are_features() {
    let format = DateFormat { unit: DateUnit::Parts, ..format(true, true, true, false) };
    let mut out = Vec::new();
    assert!(format.write("31.12.2024 18:30", &mut out));
    assert_eq!(out, [2024.0, 12.0, 31.0, 2.0, 18.5]);
    assert_eq!(format.parts().len(), 5);
    assert!(!format.write("yesterday", &mut out));
}

#[test]
fn days_are_shown_as_dates() {
    for (days, text) in [
        (20_088.0, "2024-12-31"),
        (0.0, "1970-01-01"),
        (-1.0, "1969-12-31"),
        (11_016.0, "2000-02-29"),
        (20_088.5, "2024-12-31 12:00:00"),
    ] {
        assert_eq!(shown(days), text);
    }
}

#[test]
fn a_year_of_two_digits_may_come_first() {
    let read = |cell: &str, year_first: bool, day_first: bool| {
        let format = DateFormat { year_first, ..format(day_first, true, false, false) };
        format.value(cell).map(shown)
    };
    assert_eq!(read("24-01-05", true, false).as_deref(), Some("2024-01-05"));
    assert_eq!(read("99/12/31", true, false).as_deref(), Some("1999-12-31"));
    assert_eq!(read("24-01-05", false, true).as_deref(), Some("2005-01-24"));
    assert_eq!(read("01/24/05", false, false).as_deref(), Some("2005-01-24"));
    assert_eq!(read("99-12-31", false, true), None);
    assert_eq!(read("24.01.05", true, true), None);
}
