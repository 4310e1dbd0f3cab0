//! Headers around a content: which part of it, and under which name it is saved.

use std::fmt::Write as _;
use std::ops::Range;

/// The range begins past the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unsatisfiable;

/// Reads `Range` (RFC 9110, 14.2) against a content of `size` bytes. `None` is the whole: what is malformed, of another unit or
/// several ranges is ignored, as the RFC lets a server do.
pub(crate) fn requested(header: &str, size: u64) -> Result<Option<Range<u64>>, Unsatisfiable> {
    let Some(spec) = header.trim().strip_prefix("bytes=") else { return Ok(None) };
    let Some((first, last)) = spec.trim().split_once('-') else { return Ok(None) };
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    match (first.trim(), last.trim()) {
        ("", suffix) => match number(suffix) {
            Some(0) => Err(Unsatisfiable),
            Some(length) => Ok(Some(size.saturating_sub(length)..size)),
            None => Ok(None),
        },
        (first, "") => match number(first) {
            Some(first) if first < size => Ok(Some(first..size)),
            Some(_) => Err(Unsatisfiable),
            None => Ok(None),
        },
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first > last => Ok(None),
            (Some(first), Some(last)) if first < size => Ok(Some(first..last.saturating_add(1).min(size))),
            (Some(_), Some(_)) => Err(Unsatisfiable),
            _ => Ok(None),
        },
    }
}

/// `Content-Disposition` of a download (RFC 6266): the name in ASCII for old clients, and in full (RFC 8187).
pub(crate) fn attachment(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' { c } else { '_' })
        .collect();
    let full = name.bytes().fold(String::with_capacity(name.len()), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    });
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{full}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_range_is_cut_to_the_content() {
        assert_eq!(requested("bytes=0-0", 10), Ok(Some(0..1)));
        assert_eq!(requested("bytes=2-5", 10), Ok(Some(2..6)));
        assert_eq!(requested("bytes=2-", 10), Ok(Some(2..10)));
        assert_eq!(requested("bytes=-3", 10), Ok(Some(7..10)));
        assert_eq!(requested("bytes=-30", 10), Ok(Some(0..10)));
        assert_eq!(requested("bytes=8-99999999999999999999999", 10), Ok(Some(8..10)));
    }

    #[test]
    fn a_range_past_the_end_cannot_be_satisfied() {
        assert_eq!(requested("bytes=10-", 10), Err(Unsatisfiable));
        assert_eq!(requested("bytes=10-12", 10), Err(Unsatisfiable));
        assert_eq!(requested("bytes=-0", 10), Err(Unsatisfiable));
    }

    #[test]
    fn what_is_no_single_range_is_the_whole() {
        for header in
            ["bytes=0-1,3-4", "items=0-1", "bytes=5-2", "bytes=a-b", "bytes=", "bytes", "bytes=-", "bytes=+1-2"]
        {
            assert_eq!(requested(header, 10), Ok(None), "{header}");
        }
    }

    #[test]
    fn a_name_cannot_leave_its_header() {
        assert_eq!(
            attachment("Rapport é\".pdf"),
            "attachment; filename=\"Rapport __.pdf\"; filename*=UTF-8''Rapport%20%C3%A9%22.pdf"
        );
        assert!(attachment("a\\b;c.pdf").contains("filename=\"a_b;c.pdf\""));
        assert!(!attachment("تقرير.pdf").contains('ت'));
    }
}
