//! One field of a partial update.

/// Whether a field was named in a partial update. A field that may be empty is a `Change<Option<T>>`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// The field was not named.
    #[default]
    Keep,
    /// It gets this value.
    Set(T),
}

impl<T: PartialEq> Change<T> {
    /// Writes the value. Returns whether the field is different now.
    pub fn apply(self, field: &mut T) -> bool {
        match self {
            Self::Set(value) if value != *field => {
                *field = value;
                true
            }
            _ => false,
        }
    }
}
