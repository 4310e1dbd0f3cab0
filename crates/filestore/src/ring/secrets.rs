//! Small secrets, sealed by the keys of the ring.

use mif_domain::secrets::{SealedSecret, SecretError, SecretSealer};
use mif_keyfiles::RingKey as _;
use zeroize::Zeroizing;

use super::KeyRing;

impl SecretSealer for KeyRing {
    fn seal(&self, purpose: &'static str, owner: i64, secret: &[u8]) -> Result<SealedSecret, SecretError> {
        let with = self.encrypting().ok_or_else(|| SecretError::UnknownKey("for new secrets".to_owned()))?;
        let bytes = with.seal(purpose, owner, secret, self.entropy.as_ref()).ok_or(SecretError::Corrupt)?;
        Ok(SealedSecret { key_id: with.id().to_owned(), bytes })
    }

    fn open(
        &self,
        purpose: &'static str,
        owner: i64,
        sealed: &SealedSecret,
    ) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let with = self.keys.find(&sealed.key_id).ok_or_else(|| SecretError::UnknownKey(sealed.key_id.clone()))?;
        with.open(purpose, owner, &sealed.bytes).ok_or(SecretError::Corrupt)
    }
}
