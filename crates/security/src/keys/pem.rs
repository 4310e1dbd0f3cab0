//! The one kind of PEM block that key files hold (RFC 7468 section 10), encoded and decoded without leaving copies of
//! the secret behind.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
const LINE: usize = 64;

pub(super) fn encode(der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(STANDARD.encode(der));
    let mut text = Zeroizing::new(String::with_capacity(body.len() * 2 + BEGIN.len() + END.len()));
    text.push_str(BEGIN);
    for (index, character) in body.chars().enumerate() {
        if index % LINE == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push('\n');
    text.push_str(END);
    text.push('\n');
    text
}

/// `None` for anything but exactly one block.
pub(super) fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let body = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let mut packed = Zeroizing::new(String::with_capacity(body.len()));
    packed.extend(body.split_ascii_whitespace());
    STANDARD.decode(packed.as_str()).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_decodes() {
        let der: Vec<u8> = (0..=255).collect();
        let text = encode(&der);
        assert!(text.lines().all(|line| line.len() <= LINE), "{}", *text);
        assert_eq!(decode(&text).unwrap().as_slice(), der);
    }

    #[test]
    fn other_blocks_are_refused() {
        assert!(decode("").is_none());
        assert!(decode("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n").is_none());
        assert!(decode("-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----\n").is_none());
        let one = encode(b"one");
        assert!(decode(&[one.as_str(), one.as_str()].concat()).is_none());
    }
}
