//! Times of day and zones.

use super::date::DAY;

/// Seconds of the day and of the zone.
pub(super) fn time_of_day(text: &str) -> Option<(f64, Option<f64>)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.' || c == ','));
    let (clock, rest) = text.split_at(end.unwrap_or(text.len()));
    let rest = rest.trim();
    let half =
        ["am", "pm", "AM", "PM", "a.m.", "p.m."].iter().find(|half| rest.starts_with(**half));
    let rest = half.map_or(rest, |half| rest[half.len()..].trim());
    let parts: Vec<&str> = clock.split(':').collect();
    let two = |part: &str, limit: u32| {
        let fits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<u32>().ok().filter(|&value| fits && value < limit)
    };
    let (hours, minutes, seconds) = match parts[..] {
        [hours, minutes] => (hours, minutes, 0.0),
        [hours, minutes, seconds] => {
            let (whole, decimals) = seconds.split_once(['.', ',']).unwrap_or((seconds, "0"));
            // A leap second is the first of the next minute.
            two(whole, 61)?;
            decimals.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
            (hours, minutes, seconds.replace(',', ".").parse::<f64>().ok()?)
        }
        _ => return None,
    };
    let hours = match hours.len() {
        1 => two(&format!("0{hours}"), 24)?,
        _ => two(hours, 25)?,
    };
    let hours = match half.map(|half| half.starts_with(['p', 'P'])) {
        Some(_) if !(1..=12).contains(&hours) => return None,
        Some(afternoon) => hours % 12 + if afternoon { 12 } else { 0 },
        None => hours,
    };
    let time = f64::from(hours) * 3600.0 + f64::from(two(minutes, 60)?) * 60.0 + seconds;
    (time <= DAY).then_some((time, zone(rest)?))
}

/// Seconds ahead of UTC; `Some(None)` where nothing is said.
fn zone(text: &str) -> Option<Option<f64>> {
    let (sign, digits) = match text {
        "" => return Some(None),
        "Z" | "z" | "UTC" | "GMT" => return Some(Some(0.0)),
        text => match (text.strip_prefix('+'), text.strip_prefix(['-', '−'])) {
            (Some(digits), _) => (1.0, digits),
            (_, Some(digits)) => (-1.0, digits),
            _ => return None,
        },
    };
    let digits = digits.replace(':', "");
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |text: &str| text.parse::<f64>().unwrap_or(0.0);
    Some(Some(sign * (number(&digits[..2]) * 3600.0 + number(&digits[2..]) * 60.0)))
}
