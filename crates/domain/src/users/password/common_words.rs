//! Words that everybody tries first, seen through their decoration.
//!
//! A guesser's rules write a word in upper case, put digits and symbols around it and some of them in place of letters.
//! Here the same is undone: every character becomes the letter it is written for, separators vanish, and what looks like a
//! digit or a symbol at either end may be left out. `C@sablanca-2026!` is nothing but "casablanca" then.

use std::collections::HashSet;
use std::sync::LazyLock;

use zeroize::Zeroizing;

use crate::text::searchable;

/// One word a line, sorted: lower case, no accents, digits only where they belong to a walk over the keyboard.
const LIST: &str = include_str!("../common_words.txt");

static WORDS: LazyLock<HashSet<Box<[char]>>> =
    LazyLock::new(|| LIST.lines().map(|word| Undecorated::from(word).letters.as_slice().into()).collect());

/// The longest word of the list may have so many characters; nothing longer is looked up.
const MAX_WORD: usize = 24;

/// Without any letter a text is a number. Short words could be read into every long one, so they are not looked for there.
const LEAST_IN_NUMBERS: usize = 6;

/// A text as letters, with what may be decoration at either end.
pub(super) struct Undecorated {
    letters: Zeroizing<Vec<char>>,
    /// How many at the front were no letters when they were typed.
    leading: usize,
    /// The same at the back. All of them at both ends when there was no letter at all.
    trailing: usize,
}

impl From<&str> for Undecorated {
    fn from(typed: &str) -> Self {
        let plain = Zeroizing::new(searchable(typed));
        let read: Zeroizing<Vec<(char, bool)>> = Zeroizing::new(
            plain.chars().filter_map(|c| letter_for(c).map(|letter| (letter, c.is_alphabetic()))).collect(),
        );
        let decoration = |(_, is_letter): &&(char, bool)| !is_letter;
        Self {
            letters: Zeroizing::new(read.iter().map(|(letter, _)| *letter).collect()),
            leading: read.iter().take_while(decoration).count(),
            trailing: read.iter().rev().take_while(decoration).count(),
        }
    }
}

/// The letter that a character of lower case is written for. `i` and `l` are one, since `1` and `!` stand for both. Digits
/// without a letter stand for themselves; any other symbol only separates.
fn letter_for(c: char) -> Option<char> {
    match c {
        '4' | '@' => Some('a'),
        '8' => Some('b'),
        '(' | '<' => Some('c'),
        '3' | '€' => Some('e'),
        '6' | '9' => Some('g'),
        '1' | '!' | '|' | 'i' => Some('l'),
        '0' => Some('o'),
        '5' | '$' => Some('s'),
        '7' | '+' => Some('t'),
        '2' => Some('z'),
        c => c.is_alphanumeric().then_some(c),
    }
}

impl Undecorated {
    /// Whether nothing is left but a word of the list, once or several times.
    pub(super) fn is_common_word(&self) -> bool {
        self.cores().any(|core| {
            (1..=core.len().min(MAX_WORD))
                .filter(|length| core.len() % length == 0)
                .any(|length| repeated(core, length).is_some_and(|word| WORDS.contains(word)))
        })
    }

    /// Whether nothing is left but this word.
    pub(super) fn is(&self, word: &str) -> bool {
        let word = Self::from(word);
        !word.letters.is_empty() && self.cores().any(|core| core == word.letters.as_slice())
    }

    /// What is left after every way to take decoration away. Quadratic in the decoration, which 128 characters bound.
    fn cores(&self) -> impl Iterator<Item = &[char]> {
        let all = self.letters.len();
        let least_core = if self.leading == all { LEAST_IN_NUMBERS } else { 1 };
        (0..=self.leading).flat_map(move |from| {
            let least = from.max(all - self.trailing);
            (least..=all).filter_map(move |to| self.letters.get(from..to)).filter(move |core| core.len() >= least_core)
        })
    }
}

/// The first `length` letters, if the core is them over and over.
fn repeated(core: &[char], length: usize) -> Option<&[char]> {
    let mut pieces = core.chunks(length);
    let word = pieces.next()?;
    pieces.all(|piece| piece == word).then_some(word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn is_common(typed: &str) -> bool {
        Undecorated::from(typed).is_common_word()
    }

    #[test]
    fn the_list_is_sorted_and_plain() {
        let words: Vec<&str> = LIST.lines().collect();
        assert!(words.len() > 1000, "{}", words.len());
        assert!(words.windows(2).all(|pair| pair[0] < pair[1]), "must be sorted, each word once");
        for word in words {
            assert!((3..=MAX_WORD).contains(&word.len()), "{word}");
            assert!(word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{word}");
        }
    }

    #[test]
    fn a_word_is_recognised_through_its_decoration() {
        for typed in [
            "Casablanca2026!",
            "P@ssw0rd123",
            "!!2026MAROC",
            "C4$@bl@nc4",
            "Mot-de-passe-1!",
            "Électricité#99",
            "ＡＺＥＲＴＹ１２３",
            "RajaRaja2024!",
            "1q2w3e4r5t!",
            "@dmin2026@",
            "$oleil77",
            "1234567890123456",
            "Ju!llet-2026",
        ] {
            assert!(is_common(typed), "{typed}");
        }
    }

    #[test]
    fn a_word_among_others_is_no_common_word() {
        for typed in [
            "StrongPass1!",
            "Bielle-Huile-77!",
            "Presse-Moule-93?",
            "Courroie-Verte-42?",
            "Casablanca-Vis-9!",
            "",
            "7!",
            "\u{301}\u{301}",
            "\0",
        ] {
            assert!(!is_common(typed), "{typed:?}");
        }
    }

    #[test]
    fn the_worst_decoration_is_still_cheap() {
        for typed in ["29".repeat(64), "7".repeat(64) + "x" + &"0".repeat(63), "w".repeat(128)] {
            assert!(!is_common(&typed));
        }
    }

    /// How a guesser writes a letter.
    fn spellings(letter: char) -> Vec<char> {
        let other: &[char] = match letter {
            'a' => &['@', '4'],
            'b' => &['8'],
            'e' => &['3'],
            'i' => &['1', '!'],
            'l' => &['1'],
            'o' => &['0'],
            's' => &['5', '$'],
            't' => &['7'],
            _ => &[],
        };
        [letter, letter.to_ascii_uppercase()].iter().chain(other).copied().collect()
    }

    fn decorated() -> impl Strategy<Value = (String, String)> {
        let words: Vec<&'static str> = LIST.lines().collect();
        let spelled = select(words)
            .prop_flat_map(|word| word.chars().map(|letter| select(spellings(letter))).collect::<Vec<_>>())
            .prop_map(String::from_iter);
        let around = "[0-9!-/:-@\\[-`{-~ ]{0,12}";
        (around, spelled, 1_usize..3, around).prop_map(|(before, word, times, after)| {
            let typed = format!("{before}{}{after}", word.repeat(times));
            (word, typed)
        })
    }

    proptest! {
        #[test]
        fn every_decorated_word_is_recognised((word, typed) in decorated()) {
            prop_assume!(word.len() >= LEAST_IN_NUMBERS || typed.contains(char::is_alphabetic));
            prop_assert!(is_common(&typed), "{:?}", typed);
        }
    }
}
