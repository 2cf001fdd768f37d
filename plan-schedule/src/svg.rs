//! A chart as one SVG file: no script, nothing from outside, readable in light and dark.

use std::fmt::Write;

use schemas::printable;
use schemas::terminal::cut;
use unicode_width::UnicodeWidthStr;

use crate::chart::{Bar, Chart, Look, Panel, duration};

const GUTTER: f64 = 150.0;
const MARGIN: f64 = 24.0;
const ROW: f64 = 26.0;
const BAR: f64 = 20.0;
/// Pixels of one character, about: a file without fonts cannot measure.
const CHARACTER: f64 = 6.3;

const STYLE: &str = "\
svg { color-scheme: light dark; --back: #ffffff; --text: #1f2328; --faint: #59636e; --line: #d9dee4; --band: #f6f8fa;
  --work: #b9d8fb; --work-text: #0a2f5c; --critical: #ffc9c4; --critical-line: #cf222e; --critical-text: #5c0b12;
  --gates: #d8ccf5; --gates-text: #35176b; --failed: #eceef0; --failed-line: #9a6700; }
@media (prefers-color-scheme: dark) { svg { --back: #0d1117; --text: #e6edf3; --faint: #9198a1; --line: #30363d;
  --band: #151b23; --work: #1b4b85; --work-text: #dcebff; --critical: #7a1f26; --critical-line: #ff7b72;
  --critical-text: #ffe4e1; --gates: #45328a; --gates-text: #ece5ff; --failed: #2a2f36; --failed-line: #d29922; } }
text { font: 11px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: var(--text); }
.title { font-size: 16px; font-weight: 600; } .faint { fill: var(--faint); } .head { font-size: 12px; font-weight: 600; }
.back { fill: var(--back); } .band { fill: var(--band); } .grid { stroke: var(--line); }
.work { fill: var(--work); } .work + text { fill: var(--work-text); }
.critical { fill: var(--critical); stroke: var(--critical-line); stroke-width: 1.5; }
.critical + text { fill: var(--critical-text); font-weight: 600; }
.check { fill: var(--back); stroke: var(--faint); stroke-dasharray: 4 3; }
.absent { fill: var(--back); stroke: var(--faint); stroke-width: 1.5; }
.gates { fill: var(--gates); } .gates + text { fill: var(--gates-text); }
.failed { fill: var(--failed); stroke: var(--failed-line); stroke-width: 1.5; stroke-dasharray: 6 2; }
.path { fill: none; stroke: var(--critical-line); stroke-width: 1.2; opacity: 0.55; }
.mark { stroke: var(--faint); stroke-dasharray: 2 3; }
";

/// Draws it.
pub(crate) fn draw(chart: &Chart) -> String {
    let width = width(chart);
    let mut body = String::new();
    let mut y = 66.0;
    for panel in &chart.panels {
        y = draw_panel(&mut body, panel, y, width);
    }
    y = legend(&mut body, chart, y, width);
    let (whole, height) = (MARGIN * 3.0 + GUTTER + width, y + MARGIN);
    let title = escaped(&chart.title);
    let shown = escaped(&shortened(&chart.title, whole - 2.0 * MARGIN, 8.5));
    let subtitle = escaped(&chart.subtitle);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{whole:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {whole:.0} {height:.0}\" role=\"img\" aria-label=\"{title}\">\n\
         <style>\n{STYLE}</style>\n<rect class=\"back\" width=\"100%\" height=\"100%\"/>\n\
         <text class=\"title\" x=\"{MARGIN}\" y=\"32\">{shown}</text>\n<text class=\"faint\" x=\"{MARGIN}\" y=\"51\">{subtitle}</text>\n\
         {body}</svg>\n"
    )
}

/// Wide enough for the id in a bar of middle length, within what people scroll: for what happened less so, since that has
/// moments beside hours.
fn width(chart: &Chart) -> f64 {
    let mut widest = 900.0f64;
    for (number, panel) in chart.panels.iter().enumerate() {
        let bars = panel.rows.iter().flat_map(|row| &row.bars);
        let mut lengths: Vec<f64> = bars
            .filter(|bar| bar.end > bar.start)
            .map(|bar| bar.end - bar.start)
            .collect();
        lengths.sort_by(f64::total_cmp);
        if let Some(middle) = lengths.get(lengths.len() / 2) {
            let most = if number == 0 { 6000.0 } else { 1400.0 };
            widest = widest.max((46.0 * panel.minutes / middle).min(most));
        }
    }
    widest
}

/// Gives where it ends.
fn draw_panel(to: &mut String, panel: &Panel, top: f64, width: f64) -> f64 {
    let left = MARGIN + GUTTER;
    let minutes = if panel.minutes > 0.0 {
        panel.minutes
    } else {
        1.0
    };
    let x = |minute: f64| left + minute / minutes * width;
    let _ = writeln!(
        to,
        "<text class=\"head\" x=\"{MARGIN}\" y=\"{:.0}\">{}</text>",
        top + 18.0,
        escaped(&panel.title)
    );
    let first = top + 44.0;
    let bottom = first + ROW * panel.rows.len() as f64;
    for (number, row) in panel.rows.iter().enumerate() {
        let y = first + ROW * number as f64;
        if number % 2 == 0 {
            let _ = writeln!(
                to,
                "<rect class=\"band\" x=\"{MARGIN}\" y=\"{y:.0}\" width=\"{:.0}\" height=\"{ROW}\"/>",
                GUTTER + width
            );
        }
        let label = escaped(&shortened(&row.label, GUTTER - 16.0, CHARACTER));
        let _ = writeln!(
            to,
            "<text x=\"{:.0}\" y=\"{:.0}\">{label}<title>{}</title></text>",
            MARGIN + 8.0,
            y + 17.0,
            escaped(&row.label)
        );
    }
    axis(to, minutes, first, bottom, &x);
    let mut last = f64::MIN;
    for (minute, text) in &panel.marks {
        let at = x(*minute);
        let _ = writeln!(
            to,
            "<line class=\"mark\" x1=\"{at:.1}\" y1=\"{:.0}\" x2=\"{at:.1}\" y2=\"{bottom:.0}\"><title>{}</title></line>",
            first - 22.0,
            escaped(text)
        );
        // One that would lie over the one before is told on demand only.
        if at - last > text.width() as f64 * CHARACTER {
            let anchor = if at > left + width * 0.85 {
                "end"
            } else {
                "start"
            };
            let _ = writeln!(
                to,
                "<text class=\"faint\" text-anchor=\"{anchor}\" x=\"{at:.1}\" y=\"{:.0}\">{}</text>",
                first - 24.0,
                escaped(text)
            );
            last = at;
        }
    }
    let middle = |row: usize| first + ROW * row as f64 + ROW / 2.0;
    for pair in panel.path.windows(2) {
        let bar = |place: (usize, usize)| {
            panel
                .rows
                .get(place.0)
                .and_then(|row| row.bars.get(place.1))
        };
        if let (Some(from), Some(to_bar)) = (bar(pair[0]), bar(pair[1])) {
            let (x1, y1, x2, y2) = (
                x(from.end),
                middle(pair[0].0),
                x(to_bar.start),
                middle(pair[1].0),
            );
            let half = (x1 + x2) / 2.0;
            let _ = writeln!(
                to,
                "<path class=\"path\" d=\"M{x1:.1} {y1:.0}C{half:.1} {y1:.0} {half:.1} {y2:.0} {x2:.1} {y2:.0}\"/>"
            );
        }
    }
    for (number, row) in panel.rows.iter().enumerate() {
        let y = first + ROW * number as f64 + (ROW - BAR) / 2.0;
        for bar in &row.bars {
            draw_bar(to, bar, x(bar.start), x(bar.end), y);
        }
    }
    bottom + 14.0
}

fn draw_bar(to: &mut String, bar: &Bar, from: f64, until: f64, y: f64) {
    let tip = escaped(&bar.tip);
    if bar.look == Look::Absent {
        let (middle, half) = (y + BAR / 2.0, 5.0);
        let _ = writeln!(
            to,
            "<path class=\"absent\" d=\"M{:.1} {middle:.1}l{half} -{half}l{half} {half}l-{half} {half}z\"><title>{tip}</title></path>",
            from - half
        );
        return;
    }
    let width = (until - from - 1.0).max(1.5);
    let class = class(bar.look);
    let _ = write!(
        to,
        "<g><rect class=\"{class}\" x=\"{from:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"3\"/>"
    );
    let whole = format!("{}  {}", bar.id, bar.text);
    let room = width - 10.0;
    let fits = |text: &str| text.width() as f64 * CHARACTER <= room;
    let shown = if fits(&whole) || room > (bar.id.width() + 8) as f64 * CHARACTER {
        shortened(&whole, room, CHARACTER)
    } else if bar.id.width() as f64 * CHARACTER <= width - 4.0 {
        bar.id.clone()
    } else {
        String::new()
    };
    if !shown.is_empty() {
        // What just fits is not pushed to the right.
        let inset = if fits(&shown) { 5.0 } else { 2.5 };
        let _ = write!(
            to,
            "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            from + inset,
            y + 14.0,
            escaped(&shown)
        );
    }
    let _ = writeln!(to, "<title>{tip}</title></g>");
}

fn class(look: Look) -> &'static str {
    match look {
        Look::Work => "work",
        Look::Critical => "critical",
        Look::Check => "check",
        Look::Absent => "absent",
        Look::Gates => "gates",
        Look::Failed => "failed",
    }
}

/// Lines at round times, about a hundred pixels apart.
fn axis(to: &mut String, minutes: f64, top: f64, bottom: f64, x: &impl Fn(f64) -> f64) {
    const SECONDS: [f64; 24] = [
        0.1,
        0.2,
        0.5,
        1.0,
        2.0,
        5.0,
        10.0,
        30.0,
        60.0,
        120.0,
        300.0,
        600.0,
        900.0,
        1800.0,
        3600.0,
        7200.0,
        14400.0,
        28800.0,
        86400.0,
        172_800.0,
        604_800.0,
        2_592_000.0,
        31_536_000.0,
        315_360_000.0,
    ];
    let width = x(minutes) - x(0.0);
    let is_wide = |seconds: &&f64| **seconds / 60.0 / minutes * width >= 90.0;
    let step = SECONDS.iter().find(is_wide).copied().unwrap_or(1e10) / 60.0;
    let mut number = 0u32;
    while f64::from(number) * step <= minutes * 1.0001 {
        let minute = f64::from(number) * step;
        let at = x(minute);
        let _ = writeln!(
            to,
            "<line class=\"grid\" x1=\"{at:.1}\" y1=\"{:.0}\" x2=\"{at:.1}\" y2=\"{bottom:.0}\"/>",
            top - 4.0
        );
        let _ = writeln!(
            to,
            "<text class=\"faint\" x=\"{at:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
            top - 9.0,
            duration(minute)
        );
        number += 1;
    }
}

/// The looks that there are, and what they mean. Gives where it ends.
fn legend(to: &mut String, chart: &Chart, top: f64, width: f64) -> f64 {
    let bars = chart
        .panels
        .iter()
        .flat_map(|panel| panel.rows.iter().flat_map(|row| &row.bars));
    let mut looks: Vec<Look> = bars.map(|bar| bar.look).collect();
    looks.sort_unstable();
    looks.dedup();
    let (mut x, mut y) = (MARGIN, top + 10.0);
    for look in looks {
        let text = match look {
            Look::Work => "work",
            Look::Critical => "on the critical path: a minute more is a minute later",
            Look::Check => "gates nothing",
            Look::Absent => "only after a failure",
            Look::Gates => "gates",
            Look::Failed => "did not succeed",
        };
        let wide = 40.0 + text.width() as f64 * CHARACTER;
        if x + wide > MARGIN + GUTTER + width && x > MARGIN {
            (x, y) = (MARGIN, y + 20.0);
        }
        let _ = writeln!(
            to,
            "<rect class=\"{}\" x=\"{x:.0}\" y=\"{y:.0}\" width=\"18\" height=\"12\" rx=\"3\"/>",
            class(look)
        );
        let _ = writeln!(
            to,
            "<g><text class=\"faint\" x=\"{:.0}\" y=\"{:.0}\">{text}</text></g>",
            x + 24.0,
            y + 10.0
        );
        x += wide;
    }
    y + 14.0
}

/// The text, or its beginning, in so many pixels.
fn shortened(text: &str, room: f64, character: f64) -> String {
    let most = (room / character).max(1.0) as usize;
    cut(text, most)
}

/// Text that XML takes for text only. Some characters have no place in it, in whatever spelling.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_plan_is_markup() {
        assert_eq!(
            escaped("<script>\"&\u{ffff}\u{1b}"),
            "&lt;script&gt;&quot;&amp;\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn what_is_too_long_is_cut() {
        assert_eq!(shortened("a long title", 40.0, 8.0), "a lo…");
        assert_eq!(shortened("short", 40.0, 8.0), "short");
    }
}
