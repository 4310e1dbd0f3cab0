//! Guesses what somebody meant to type.

/// The candidate that is a typing error or two away from `typed`, if there is one.
pub(super) fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let tolerated = (typed.chars().count() / 4).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| (distance(typed, candidate), candidate))
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance: how many characters must be inserted, removed or replaced.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, typed) in from.chars().enumerate() {
        let mut left = line + 1;
        let mut next = vec![left];
        for ((meant, above_left), above) in to.iter().zip(&row).zip(row.iter().skip(1)) {
            let replaced = above_left + usize::from(typed != *meant);
            left = replaced.min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_typing_errors() {
        for (from, to, expected) in [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3)] {
            assert_eq!(distance(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn only_what_is_close_is_suggested() {
        let known = ["http.bind", "log.format"];
        assert_eq!(nearest("htp.bind", known), Some("http.bind"));
        assert_eq!(nearest("smtp.host", known), None);
    }
}
