//! Reads typed values out of the layers, collecting what is wrong instead of stopping at the first.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::SecretString;

use super::layers::{Entry, Merged, SECRETS};
use super::problems::Problem;
use super::web_address::masked;

/// The value could not be read, and the list of problems says why.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reported;

pub(super) type Read<T> = Result<T, Reported>;

/// A setting as `mif config show` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) key: &'static str,
    /// Secrets are masked already.
    pub(super) value: String,
    pub(super) source: String,
}

pub(super) struct Reader {
    entries: Merged,
    shown: Vec<Shown>,
    problems: Vec<Problem>,
}

impl Reader {
    pub(super) fn new(entries: Merged, problems: Vec<Problem>) -> Self {
        Self { entries, shown: Vec::new(), problems }
    }

    /// What was read, and everything that is wrong. A key that nobody read is wrong too: it would do nothing.
    pub(super) fn finish(mut self) -> (Vec<Shown>, Vec<Problem>) {
        for (key, entry) in self.entries {
            let message = "is documented and read by nobody".to_owned();
            self.problems.push(Problem { key, source: entry.origin.to_string(), message });
        }
        (self.shown, self.problems)
    }

    /// Reports something about a key that has been read.
    pub(super) fn reject(&mut self, key: &'static str, message: String) -> Reported {
        let source = self.shown.iter().find(|shown| shown.key == key).map(|shown| shown.source.clone());
        self.problems.push(Problem { key: key.to_owned(), source: source.unwrap_or_default(), message });
        Reported
    }

    /// Shows another value than the one that was written: what an empty one stands for.
    pub(super) fn stands_for(&mut self, key: &'static str, value: &str) {
        if let Some(shown) = self.shown.iter_mut().find(|shown| shown.key == key) {
            shown.value = one_line(&masked(value));
        }
    }

    fn take(&mut self, key: &'static str) -> Read<Entry> {
        let Some(entry) = self.entries.remove(key) else {
            return Err(self.reject(key, "has no default in config/default.toml".to_owned()));
        };
        let value = match entry.value.as_str() {
            "" => String::new(),
            // Of an address only the password is secret.
            _ if SECRETS.contains(&key) && key != "database.url" => "***".to_owned(),
            value => one_line(&masked(value.trim())),
        };
        self.shown.push(Shown { key, value, source: entry.origin.to_string() });
        Ok(entry)
    }

    fn refuse(&mut self, key: &'static str, value: &str, allowed: &str) -> Reported {
        let message = match value {
            _ if SECRETS.contains(&key) => format!("must be {allowed}"),
            "" => format!("must be {allowed}, not empty"),
            value => format!("must be {allowed}, not \"{}\"", one_line(&masked(value))),
        };
        self.reject(key, message)
    }

    /// A value that must be there. `allowed` completes "must be ...".
    pub(super) fn parse<T>(
        &mut self,
        key: &'static str,
        allowed: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Read<T> {
        let entry = self.take(key)?;
        let value = entry.value.trim();
        parse(value).ok_or_else(|| self.refuse(key, value, allowed))
    }

    /// A value that may be empty.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        allowed: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Read<Option<T>> {
        let allowed = format!("{allowed}, or empty");
        self.parse(key, &allowed, |value| if value.is_empty() { Some(None) } else { parse(value).map(Some) })
    }

    /// Values separated by commas; the first bad one is named.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        allowed: &str,
        mut parse: impl FnMut(&str) -> Option<T>,
    ) -> Read<Vec<T>> {
        let entry = self.take(key)?;
        let items = entry.value.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(|item| parse(item).ok_or_else(|| self.refuse(key, item, allowed))).collect()
    }

    /// One of a few words, whatever their case.
    pub(super) fn word<T: Copy, const N: usize>(&mut self, key: &'static str, words: [(&str, T); N]) -> Read<T> {
        let allowed = words.map(|(word, _)| word).join(" or ");
        self.parse(key, &allowed, |value| {
            words.iter().find(|(word, _)| value.eq_ignore_ascii_case(word)).map(|(_, meant)| *meant)
        })
    }

    pub(super) fn switch(&mut self, key: &'static str) -> Read<bool> {
        self.word(key, [("true", true), ("false", false)])
    }

    pub(super) fn number<T>(&mut self, key: &'static str, range: RangeInclusive<T>) -> Read<T>
    where
        T: FromStr + PartialOrd + Display,
    {
        let allowed = format!("a whole number from {} to {}", range.start(), range.end());
        self.parse(key, &allowed, |value| value.parse().ok().filter(|number| range.contains(number)))
    }

    /// A text that is put into headers, claims and the like: no spaces, nothing that must be escaped.
    pub(super) fn name(&mut self, key: &'static str) -> Read<String> {
        let allowed = "1 to 255 visible ASCII characters without spaces or quotes";
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\');
        self.parse(key, allowed, |value| {
            ((1..=255).contains(&value.len()) && value.chars().all(plain)).then(|| value.to_owned())
        })
    }

    pub(super) fn path(&mut self, key: &'static str) -> Read<Option<PathBuf>> {
        self.optional(key, "the path of a folder", |value| (!value.contains('\0')).then(|| PathBuf::from(value)))
    }

    /// Unlike all others, not trimmed: a space may be meant.
    pub(super) fn secret(&mut self, key: &'static str) -> Read<Option<SecretString>> {
        let entry = self.take(key)?;
        Ok((!entry.value.is_empty()).then(|| SecretString::from(entry.value)))
    }
}

/// Control characters spelled out: a value must not begin a line of its own.
fn one_line(value: &str) -> String {
    let mut line = String::with_capacity(value.len());
    for character in value.chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}
