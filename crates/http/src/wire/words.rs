//! Closed sets of words: lower case on the way out, any case on the way in.

/// Declares the wire's spelling of a domain enumeration, with older spellings that are still understood.
macro_rules! wire_words {
    ($(#[$doc:meta])* $name:ident for $domain:ty { $($variant:ident = $word:literal $(| $alias:literal)* => $target:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
        pub(crate) enum $name { $(#[serde(rename = $word)] $variant),+ }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                match text.to_lowercase().as_str() {
                    $($word $(| $alias)* => Ok(Self::$variant),)+
                    _ => Err(serde::de::Error::custom(format!("expected {}", [$($word),+].join(", ")))),
                }
            }
        }

        impl From<$domain> for $name {
            fn from(value: $domain) -> Self {
                match value { $(<$domain>::$target => Self::$variant),+ }
            }
        }

        impl From<$name> for $domain {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => Self::$target),+ }
            }
        }
    };
}
pub(crate) use wire_words;
