//! Which passwords may be set.

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::super::{EmailAddress, Username};
use super::PlainPassword;
use super::common_words::Undecorated;
use crate::text::normalized;

/// Which passwords may be set. Under every policy a password is neither a [decorated](PasswordRule::CommonWord) word that
/// everybody tries first nor what the account is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordPolicy {
    /// At least 10 characters with a lower-case letter, an upper-case letter, a digit and a symbol.
    GoProd,
    /// At least 15 characters of any kind (NIST SP 800-63B-4).
    Nist,
}

/// A rule that a password breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordRule {
    /// Too few characters.
    TooShort {
        /// The fewest allowed.
        min: usize,
    },
    /// No lower-case letter.
    NoLowercase,
    /// No upper-case letter.
    NoUppercase,
    /// No digit.
    NoDigit,
    /// No symbol.
    NoSymbol,
    /// It is the user's name or e-mail address, decorated or not, or contains one of them.
    ContainsIdentity,
    /// Nothing but a word of the embedded list, perhaps repeated, with digits and symbols around it or in place of letters.
    CommonWord,
    /// It is one of the last five.
    Reused,
}

impl PasswordPolicy {
    /// Every rule the password breaks; empty means that it may be set.
    pub fn broken_rules(
        self,
        password: &PlainPassword,
        username: &Username,
        email: &EmailAddress,
    ) -> Vec<PasswordRule> {
        let hashed: Zeroizing<String> = Zeroizing::new(password.expose().nfkc().collect());
        let mut broken = Vec::new();
        let min = match self {
            Self::GoProd => 10,
            Self::Nist => 15,
        };
        // The smaller count: marks typed apart make nothing longer, and neither does one sign that stands for a sentence.
        if password.expose().chars().count().min(hashed.chars().count()) < min {
            broken.push(PasswordRule::TooShort { min });
        }
        if self == Self::GoProd {
            broken.extend(missing_classes(&hashed));
        }
        let undecorated = Undecorated::from(hashed.as_str());
        if is_identity(&hashed, &undecorated, username, email) {
            broken.push(PasswordRule::ContainsIdentity);
        }
        if undecorated.is_common_word() {
            broken.push(PasswordRule::CommonWord);
        }
        broken
    }
}

fn missing_classes(text: &str) -> impl Iterator<Item = PasswordRule> {
    let is_symbol = |c: char| !c.is_alphanumeric() && !c.is_control();
    let classes = [
        (PasswordRule::NoLowercase, text.contains(char::is_lowercase)),
        (PasswordRule::NoUppercase, text.contains(char::is_uppercase)),
        (PasswordRule::NoDigit, text.contains(char::is_numeric)),
        (PasswordRule::NoSymbol, text.contains(is_symbol)),
    ];
    classes.into_iter().filter(|(_, present)| !present).map(|(rule, _)| rule)
}

/// A name of three letters stands inside too many words to be forbidden there.
const LONG_ENOUGH_TO_FIND: usize = 4;

fn is_identity(hashed: &str, undecorated: &Undecorated, username: &Username, email: &EmailAddress) -> bool {
    let folded = Zeroizing::new(normalized(hashed));
    [username.as_str().to_owned(), email.normalized(), normalized(email.local_part())].iter().any(|identity| {
        *folded == *identity
            || identity.chars().count() >= LONG_ENOUGH_TO_FIND && folded.contains(identity.as_str())
            || undecorated.is(identity)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn broken_for(policy: PasswordPolicy, typed: &str, username: &str, email: &str) -> Vec<PasswordRule> {
        let username = Username::parse(username).unwrap();
        let email = EmailAddress::parse(email).unwrap();
        policy.broken_rules(&PlainPassword::parse(typed.to_owned()).unwrap(), &username, &email)
    }

    fn broken(policy: PasswordPolicy, typed: &str) -> Vec<PasswordRule> {
        broken_for(policy, typed, "karim", "k.alaoui@exemple.ma")
    }

    #[test]
    fn every_broken_rule_is_named() {
        use PasswordRule::{CommonWord, ContainsIdentity, NoDigit, NoLowercase, NoSymbol, NoUppercase, TooShort};
        assert_eq!(broken(PasswordPolicy::GoProd, "Bielle-Huile-77!"), []);
        assert_eq!(broken(PasswordPolicy::GoProd, "StrongPass1!"), []);
        assert_eq!(broken(PasswordPolicy::GoProd, "xyw"), [TooShort { min: 10 }, NoUppercase, NoDigit, NoSymbol]);
        assert_eq!(broken(PasswordPolicy::GoProd, "92929292929"), [NoLowercase, NoUppercase, NoSymbol]);
        assert_eq!(broken(PasswordPolicy::GoProd, "Xx9!KARIM-karim"), [ContainsIdentity]);
        assert_eq!(broken(PasswordPolicy::GoProd, "K.Alaoui@Exemple.ma7"), [ContainsIdentity]);
        assert_eq!(broken(PasswordPolicy::GoProd, "Casablanca2026!"), [CommonWord]);
        assert_eq!(broken(PasswordPolicy::GoProd, "P@ssw0rd123"), [CommonWord]);
        assert_eq!(
            broken(PasswordPolicy::GoProd, "karim"),
            [TooShort { min: 10 }, NoUppercase, NoDigit, NoSymbol, ContainsIdentity, CommonWord]
        );
        assert_eq!(broken(PasswordPolicy::Nist, "quatorze lettr"), [TooShort { min: 15 }]);
        assert_eq!(broken(PasswordPolicy::Nist, "une phrase assez longue"), []);
        assert_eq!(broken(PasswordPolicy::Nist, "azertyuiop123456789"), [CommonWord]);
    }

    #[test]
    fn one_sign_is_one_character_however_it_is_written() {
        let short = PasswordRule::TooShort { min: 15 };
        assert_eq!(broken(PasswordPolicy::Nist, "\u{fdfa}"), [short], "18 letters once it is normalised");
        assert_eq!(broken(PasswordPolicy::Nist, &"e\u{301}".repeat(14)), [short], "28 before");
        assert_eq!(broken(PasswordPolicy::Nist, &"\u{301}".repeat(14)), [short]);
        assert_eq!(broken(PasswordPolicy::Nist, &"e\u{301}".repeat(15)), []);
    }

    #[test]
    fn a_name_may_not_be_the_password_nor_a_longer_one_stand_inside() {
        let nist = |typed: &str| broken_for(PasswordPolicy::Nist, typed, "bnj", "zwq@exemple.ma");
        assert_eq!(nist("abnjxqtbnjwzqtwr"), [], "three letters stand in many words");
        assert_eq!(nist("--BNJ--2026-2027"), [PasswordRule::ContainsIdentity], "but may not be all of it");
        assert_eq!(nist("!!2wQ!!202620272"), [PasswordRule::ContainsIdentity]);
        assert_eq!(nist("mot zwq@Exemple.MA mot"), [PasswordRule::ContainsIdentity]);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_check_fail(typed in any::<String>(), noise in "[\\PC\\pM\\p{Cc}]{0,128}") {
            for text in [typed, noise] {
                if let Ok(password) = PlainPassword::parse(text) {
                    let username = Username::parse("karim").unwrap();
                    let email = EmailAddress::parse("k.alaoui@exemple.ma").unwrap();
                    for policy in [PasswordPolicy::GoProd, PasswordPolicy::Nist] {
                        policy.broken_rules(&password, &username, &email);
                    }
                }
            }
        }
    }
}
