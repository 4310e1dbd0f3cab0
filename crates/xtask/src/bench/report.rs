//! The figures, as JSON lines.

use serde_json::{Value, json};

#[derive(Debug, Default)]
pub(super) struct Report {
    measured: u32,
    missed: Vec<String>,
}

impl Report {
    /// A figure that should reach at least `aim` of its ceiling.
    pub(super) fn ratio(&mut self, figure: &str, value: f64, ceiling: f64, aim: f64, unit: &str) {
        let ratio = value / ceiling;
        let met = ratio >= aim;
        self.note(figure, met);
        println!(
            "{}",
            json!({"figure": figure, "value": rounded(value), "ceiling": rounded(ceiling), "ratio": rounded(ratio),
                   "aim": aim, "met": met, "unit": unit})
        );
    }

    /// A figure that should be at most `aim` times another one.
    pub(super) fn growth(&mut self, figure: &str, value: f64, base: f64, aim: f64, unit: &str) {
        let ratio = value / base;
        let met = ratio <= aim;
        self.note(figure, met);
        println!(
            "{}",
            json!({"figure": figure, "value": rounded(value), "base": rounded(base), "ratio": rounded(ratio),
                   "aim": aim, "met": met, "unit": unit})
        );
    }

    /// A figure that is told beside another one, without an aim.
    pub(super) fn beside(&mut self, figure: &str, value: f64, base: f64, unit: &str) {
        self.note(figure, true);
        println!(
            "{}",
            json!({"figure": figure, "value": rounded(value), "base": rounded(base), "ratio": rounded(value / base),
                   "unit": unit})
        );
    }

    /// A figure that should stay at or below `aim`.
    pub(super) fn limit(&mut self, figure: &str, value: f64, aim: f64, unit: &str) {
        let met = value <= aim;
        self.note(figure, met);
        println!("{}", json!({"figure": figure, "value": rounded(value), "aim": aim, "met": met, "unit": unit}));
    }

    fn note(&mut self, figure: &str, met: bool) {
        self.measured += 1;
        if !met {
            self.missed.push(figure.to_owned());
        }
    }

    pub(super) fn summary(&self, quick: bool) -> Value {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        json!({"summary": {"figures": self.measured, "missed": self.missed, "processors": processors, "quick": quick}})
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::Report;

    #[test]
    fn a_missed_aim_is_named_in_the_summary() {
        let mut report = Report::default();
        report.ratio("enough", 30.0, 100.0, 0.28, "req/s");
        report.ratio("too_slow", 20.0, 100.0, 0.28, "req/s");
        report.limit("small", 40.0, 45.0, "MiB");
        report.growth("steady", 1.2, 1.0, 1.3, "ms");
        report.growth("slows_down", 14.0, 10.0, 1.3, "ms");
        let summary = report.summary(true);
        assert_eq!(summary["summary"]["figures"], 5);
        assert_eq!(summary["summary"]["missed"], serde_json::json!(["too_slow", "slows_down"]));
    }
}
