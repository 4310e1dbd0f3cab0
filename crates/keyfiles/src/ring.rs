//! Keys of one kind, together.

use std::sync::Arc;

/// What a ring knows of a key.
pub trait RingKey {
    /// Its name. Two keys never share one.
    fn id(&self) -> &str;

    /// The Unix second from which it may be used for what is new.
    fn activation(&self) -> i64;

    /// Sorts keys by age; the name decides between two of the same second, the same way in every replica.
    fn age(&self) -> (i64, &str) {
        (self.activation(), self.id())
    }
}

/// Every key that is good for what exists, by age.
#[derive(Debug)]
pub struct Ring<K>(Vec<Arc<K>>);

impl<K: RingKey> Ring<K> {
    /// The same key in two files is one key, and counts from the earlier activation.
    pub fn new(mut keys: Vec<K>) -> Self {
        keys.sort_by(|one, other| one.age().cmp(&other.age()));
        let mut ring: Vec<Arc<K>> = Vec::with_capacity(keys.len());
        for key in keys {
            if ring.iter().all(|known| known.id() != key.id()) {
                ring.push(Arc::new(key));
            }
        }
        Self(ring)
    }

    /// From the newest to the oldest.
    pub fn newest_first(&self) -> impl DoubleEndedIterator<Item = &Arc<K>> + ExactSizeIterator {
        self.0.iter().rev()
    }

    /// The key of that name.
    pub fn find(&self, id: &str) -> Option<&Arc<K>> {
        self.0.iter().find(|key| key.id() == id)
    }
}
