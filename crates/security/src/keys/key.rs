//! One key: the pair that signs, and what verifiers need of it.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::encoding::Pkcs8V1Der;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use jsonwebtoken::{Algorithm, DecodingKey};
use mif_domain::Instant;
use mif_domain::sessions::PublicKey;
use mif_keyfiles::RingKey;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{KeyError, SigningAlgorithm};

const RSA_MIN_BYTES: usize = 2048 / 8;
const RSA_MAX_BYTES: usize = 8192 / 8;

/// The secret half, parsed once: parsing an RSA key costs more than signing with it should.
#[derive(Debug)]
pub(super) enum KeyPair {
    EdDsa(Ed25519KeyPair),
    Rs256(RsaKeyPair),
}

impl KeyPair {
    pub(super) fn generate(algorithm: SigningAlgorithm) -> Result<Self, KeyError> {
        match algorithm {
            SigningAlgorithm::EdDsa => Ed25519KeyPair::generate().map(Self::EdDsa),
            SigningAlgorithm::Rs256 => RsaKeyPair::generate(KeySize::Rsa2048).map(Self::Rs256),
        }
        .map_err(|_| KeyError::Generation(algorithm.name()))
    }

    pub(super) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(der) {
            return Some(Self::EdDsa(pair));
        }
        let pair = RsaKeyPair::from_pkcs8(der).ok()?;
        (RSA_MIN_BYTES..=RSA_MAX_BYTES).contains(&pair.public_modulus_len()).then_some(Self::Rs256(pair))
    }

    pub(super) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        // Version 1: what `openssl genpkey` writes and every tool reads.
        let der: Result<Pkcs8V1Der<'static>, _> = match self {
            Self::EdDsa(pair) => pair.as_der(),
            Self::Rs256(pair) => pair.as_der(),
        };
        der.map(|der| Zeroizing::new(der.as_ref().to_vec())).map_err(|_| KeyError::Generation(self.algorithm().name()))
    }

    pub(super) fn algorithm(&self) -> SigningAlgorithm {
        match self {
            Self::EdDsa(_) => SigningAlgorithm::EdDsa,
            Self::Rs256(_) => SigningAlgorithm::Rs256,
        }
    }

    pub(super) fn public_bytes(&self) -> &[u8] {
        match self {
            Self::EdDsa(pair) => pair.public_key().as_ref(),
            Self::Rs256(pair) => pair.public_key().as_ref(),
        }
    }

    /// The first 16 hexadecimal digits of the public key's SHA-256.
    pub(super) fn key_id(&self) -> String {
        let digest = Sha256::digest(self.public_bytes());
        format!("{:016x}", digest.iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte)))
    }

    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::EdDsa(pair) => pair.try_sign(message).ok().map(|signature| signature.as_ref().to_vec()),
            Self::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
                Some(signature)
            }
        }
    }

    fn parameters(&self) -> Vec<(&'static str, String)> {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            // RFC 8037 section 2.
            Self::EdDsa(pair) => {
                vec![("kty", "OKP".to_owned()), ("crv", "Ed25519".to_owned()), ("x", text(pair.public_key().as_ref()))]
            }
            // RFC 7518 section 6.3.1.
            Self::Rs256(pair) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                vec![("kty", "RSA".to_owned()), ("n", text(&public.n)), ("e", text(&public.e))]
            }
        }
    }
}

/// A key of the ring with all that can be computed from it once.
#[derive(Debug)]
pub(crate) struct Key {
    pair: KeyPair,
    activation: i64,
    algorithm: SigningAlgorithm,
    public: PublicKey,
    verifying: DecodingKey,
}

impl Key {
    pub(super) fn new(pair: KeyPair, activation: i64) -> Self {
        let algorithm = pair.algorithm();
        Self {
            activation,
            algorithm,
            public: PublicKey { key_id: pair.key_id(), algorithm: algorithm.name(), parameters: pair.parameters() },
            verifying: match &pair {
                KeyPair::EdDsa(pair) => DecodingKey::from_ed_der(pair.public_key().as_ref()),
                KeyPair::Rs256(pair) => DecodingKey::from_rsa_der(pair.public_key().as_ref()),
            },
            pair,
        }
    }

    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(crate) fn verifying(&self) -> &DecodingKey {
        &self.verifying
    }

    /// The only `alg` that a token of this key may name.
    pub(crate) fn jose_algorithm(&self) -> Algorithm {
        match self.algorithm {
            SigningAlgorithm::EdDsa => Algorithm::EdDSA,
            SigningAlgorithm::Rs256 => Algorithm::RS256,
        }
    }

    pub(super) fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    pub(super) fn activates_at(&self) -> Instant {
        // Beyond the calendar it never comes, which is as good.
        DateTime::from_timestamp(self.activation, 0).unwrap_or(Instant::MAX_UTC)
    }

    pub(super) fn may_sign_at(&self, now: Instant) -> bool {
        self.activation <= now.timestamp()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.pair.sign(message)
    }
}

impl RingKey for Key {
    fn id(&self) -> &str {
        &self.public.key_id
    }

    fn activation(&self) -> i64 {
        self.activation
    }
}
