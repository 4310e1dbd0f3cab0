//! One key of the ring, and what it does: wrap file keys, seal small secrets.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use mif_domain::documents::FileId;
use mif_domain::{Entropy, Instant};
use mif_keyfiles::RingKey;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::format::FileKey;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// What is sealed begins with what it is for, so that one can never be taken for the other.
const FILE_KEY_LABEL: &[u8] = b"mif file key v1";
const SECRET_LABEL: &[u8] = b"mif secret v1";
const NAME_LABEL: &[u8] = b"mif ring key name v1";

/// The longest name of a key, in bytes.
const MAX_NAME: usize = 64;

/// A key with its name and the second from which it may encrypt.
pub(super) struct Key {
    id: String,
    activation: i64,
    secret: Zeroizing<[u8; KEY_BYTES]>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("activation", &self.activation).finish_non_exhaustive()
    }
}

impl Key {
    /// A key that is named after itself.
    pub(super) fn generate(activation: i64, entropy: &dyn Entropy) -> Option<Self> {
        let mut secret = Zeroizing::new([0; KEY_BYTES]);
        entropy.fill(secret.as_mut_slice());
        Self::named_after_itself(activation, secret)
    }

    /// Reads the content of a key file. The name comes from the key: a renamed file keeps it, two keys never share one.
    pub(super) fn from_file(activation: i64, text: &str) -> Option<Self> {
        Self::named_after_itself(activation, decode(text.trim_ascii_end())?)
    }

    /// Reads `id:base64`.
    pub(super) fn from_setting(entry: &str, activation: i64) -> Option<Self> {
        let (id, secret) = entry.split_once(':')?;
        is_name(id).then_some(())?;
        Some(Self { id: id.to_owned(), activation, secret: decode(secret)? })
    }

    fn named_after_itself(activation: i64, secret: Zeroizing<[u8; KEY_BYTES]>) -> Option<Self> {
        let mut name = [0; 8];
        Hkdf::<Sha256>::new(None, secret.as_slice()).expand(NAME_LABEL, &mut name).ok()?;
        Some(Self { id: format!("{:016x}", u64::from_be_bytes(name)), activation, secret })
    }

    /// The content of the key's file.
    pub(super) fn to_file(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(KEY_BYTES * 2));
        STANDARD.encode_string(self.secret.as_slice(), &mut text);
        text.push('\n');
        text
    }

    /// From when on it may encrypt; `None` for a key that always could.
    pub(super) fn since(&self) -> Option<Instant> {
        Instant::from_timestamp(self.activation, 0).filter(|_| self.activation > 0)
    }

    pub(super) fn may_encrypt_at(&self, now: Instant) -> bool {
        self.activation <= now.timestamp()
    }

    pub(super) fn wrap(&self, key: &FileKey, id: FileId, size: u64, entropy: &dyn Entropy) -> Option<Vec<u8>> {
        self.encrypt(key.expose(), &self.file_context(id, size), entropy)
    }

    pub(super) fn unwrap(&self, wrapped: &[u8], id: FileId, size: u64) -> Option<FileKey> {
        FileKey::from_bytes(&self.decrypt(wrapped, &self.file_context(id, size))?)
    }

    pub(super) fn seal(&self, purpose: &str, owner: i64, secret: &[u8], entropy: &dyn Entropy) -> Option<Vec<u8>> {
        self.encrypt(secret, &self.secret_context(purpose, owner), entropy)
    }

    pub(super) fn open(&self, purpose: &str, owner: i64, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.decrypt(sealed, &self.secret_context(purpose, owner))
    }

    fn file_context(&self, id: FileId, size: u64) -> Vec<u8> {
        context(&[FILE_KEY_LABEL, self.id.as_bytes(), &id.0, &size.to_be_bytes()])
    }

    fn secret_context(&self, purpose: &str, owner: i64) -> Vec<u8> {
        context(&[SECRET_LABEL, self.id.as_bytes(), purpose.as_bytes(), &owner.to_be_bytes()])
    }

    /// The nonce, then what XChaCha20-Poly1305 makes of it.
    fn encrypt(&self, plain: &[u8], context: &[u8], entropy: &dyn Entropy) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_BYTES];
        entropy.fill(&mut nonce);
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: context }).ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    fn decrypt(&self, sealed: &[u8], context: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: sealed, aad: context };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).ok().map(Zeroizing::new)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.secret).into())
    }
}

impl RingKey for Key {
    fn id(&self) -> &str {
        &self.id
    }

    fn activation(&self) -> i64 {
        self.activation
    }
}

/// Each part after its length in two bytes, so that no two lists of parts look the same.
fn context(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend(u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

fn decode(text: &str) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    // Room for what the longest acceptable text could decode to, so that nothing is left behind by a move.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * KEY_BYTES));
    (text.len() == KEY_BYTES.div_ceil(3) * 4).then_some(())?;
    STANDARD.decode_vec(text, &mut bytes).ok()?;
    bytes.as_slice().try_into().ok().map(Zeroizing::new)
}

fn is_name(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}
