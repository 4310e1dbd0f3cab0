//! What an answer of clamd means.

use mif_domain::documents::{ScanError, Verdict};
use mif_domain::text::Line;

/// How much of a name or of a complaint is kept, in characters.
const MAX_SHOWN: usize = 200;

/// Reads the answer to a whole content. Whatever is not known word for word is no verdict.
pub(crate) fn judge(answer: &str) -> Result<Verdict, ScanError> {
    if answer == "stream: OK" {
        return Ok(Verdict::Clean);
    }
    let name = answer.strip_prefix("stream: ").and_then(|rest| rest.strip_suffix(" FOUND"));
    // A name that is too long is still a find: its beginning says enough.
    let name = name.map(|name| name.chars().take(MAX_SHOWN).collect::<String>());
    match name.and_then(|name| Line::from_string(name).ok()) {
        Some(signature) => Ok(Verdict::Infected { signature }),
        None => Err(ScanError::Unsure(format!("it answered `{}`", shown(answer)))),
    }
}

/// Reads an answer that came before the content was complete: nobody can know yet that it is clean.
pub(crate) fn judge_early(answer: &str) -> Result<Verdict, ScanError> {
    match judge(answer)? {
        Verdict::Clean => Err(ScanError::Unsure("it called the content clean before it had all of it".to_owned())),
        verdict => Ok(verdict),
    }
}

/// Fit for one line of a log.
pub(crate) fn shown(answer: &str) -> String {
    answer.chars().take(MAX_SHOWN).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn signature(answer: &str) -> String {
        match judge(answer) {
            Ok(Verdict::Infected { signature }) => signature.as_str().to_owned(),
            other => panic!("{answer}: {other:?}"),
        }
    }

    #[test]
    fn one_answer_alone_means_clean() {
        assert_eq!(judge("stream: OK"), Ok(Verdict::Clean));
        for answer in ["", "OK", "stream:OK", "stream: ok", "stream: OK ", " stream: OK", "stream: OK\n", "xstream: OK"]
        {
            assert!(matches!(judge(answer), Err(ScanError::Unsure(_))), "{answer:?}");
        }
    }

    #[test]
    fn a_find_has_a_name() {
        assert_eq!(signature("stream: Win.Test.EICAR_HDB-1 FOUND"), "Win.Test.EICAR_HDB-1");
        assert_eq!(signature("stream: OK FOUND"), "OK");
        assert_eq!(signature(&format!("stream: {} FOUND", "é".repeat(1_000))), "é".repeat(200));
        for answer in
            ["stream:  FOUND", "stream: FOUND", "stream: a\nb FOUND", "other: Name FOUND", "stream: Name FOUND."]
        {
            assert!(matches!(judge(answer), Err(ScanError::Unsure(_))), "{answer:?}");
        }
    }

    #[test]
    fn a_complaint_is_no_verdict_and_is_told() {
        let complaint = "INSTREAM size limit exceeded. ERROR";
        assert_eq!(judge(complaint), Err(ScanError::Unsure(format!("it answered `{complaint}`"))));
        assert_eq!(shown("a\nb\u{1b}[31m"), "a\\nb\\u{1b}[31m");
    }

    #[test]
    fn nobody_knows_early_that_a_content_is_clean() {
        assert!(matches!(judge_early("stream: OK"), Err(ScanError::Unsure(_))));
        assert!(matches!(judge_early("stream: Name FOUND"), Ok(Verdict::Infected { .. })));
        assert!(matches!(judge_early("rubbish"), Err(ScanError::Unsure(_))));
    }

    proptest! {
        #[test]
        fn nothing_else_is_ever_clean(answer in "(stream: )?(OK|[A-Za-z. ]{0,12})( ERROR| FOUND)?") {
            prop_assert_eq!(judge(&answer) == Ok(Verdict::Clean), answer == "stream: OK");
        }
    }
}
