//! The bytes that a link of the chain is the hash of. Injective: two different events, places or predecessors never
//! encode alike, because every part has a fixed width or carries its length.

use super::{ChainHash, RecordedEvent};

/// Names the encoding. Another encoding gets another version, and old links keep theirs.
const VERSION: &[u8] = b"mif audit link v1\0";

/// Writes the encoding of an event at a place of the chain over what `buffer` held.
pub fn encode(buffer: &mut Vec<u8>, seq: i64, prev_hash: &ChainHash, event: &RecordedEvent) {
    buffer.clear();
    buffer.extend_from_slice(VERSION);
    buffer.extend_from_slice(&seq.to_be_bytes());
    buffer.extend_from_slice(&prev_hash.0);
    buffer.extend_from_slice(&event.id.to_be_bytes());
    // Microseconds: what both databases can hold.
    buffer.extend_from_slice(&event.at.timestamp_micros().to_be_bytes());
    text(buffer, &event.kind);
    match event.actor {
        None => buffer.push(0),
        Some(actor) => {
            buffer.push(1);
            buffer.extend_from_slice(&actor.to_be_bytes());
        }
    }
    for field in [&event.ip, &event.request_id, &event.resource] {
        match field {
            None => buffer.push(0),
            Some(field) => {
                buffer.push(1);
                text(buffer, field);
            }
        }
    }
    text(buffer, &event.outcome);
    text(buffer, &event.details);
}

fn text(buffer: &mut Vec<u8>, text: &str) {
    buffer.extend_from_slice(&(text.len() as u64).to_be_bytes());
    buffer.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    fn encoded(seq: i64, prev: &ChainHash, event: &RecordedEvent) -> Vec<u8> {
        let mut buffer = vec![7];
        encode(&mut buffer, seq, prev, event);
        buffer
    }

    // Few different values, so that two events often agree in some fields and differ in the cut between others.
    fn words() -> impl Strategy<Value = String> {
        proptest::string::string_regex("[ab\u{0}\u{1}é]{0,3}").unwrap()
    }

    prop_compose! {
        fn places()(
            seq in 0..3_i64, prev in 0..2_u8, id in 0..3_i64, micros in 0..3_i64, kind in words(),
            actor in proptest::option::of(0..2_i64), ip in proptest::option::of(words()),
            request_id in proptest::option::of(words()), resource in proptest::option::of(words()),
            outcome in words(), details in words(),
        ) -> (i64, ChainHash, RecordedEvent) {
            let at = DateTime::from_timestamp_micros(micros).unwrap();
            let event = RecordedEvent { id, at, kind, actor, ip, request_id, resource, outcome, details };
            (seq, ChainHash([prev; 32]), event)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn only_equal_events_at_equal_places_encode_alike(one in places(), other in places()) {
            let alike = encoded(one.0, &one.1, &one.2) == encoded(other.0, &other.1, &other.2);
            prop_assert_eq!(alike, one == other);
        }

        #[test]
        fn text_that_moves_from_one_field_to_its_neighbour_is_another_event(
            place in places(), first in words(), second in "[ab]{1,3}"
        ) {
            let (seq, prev, event) = place;
            let joined = format!("{first}{second}");
            let one = RecordedEvent { ip: Some(joined), request_id: Some(String::new()), ..event.clone() };
            let other = RecordedEvent { ip: Some(first), request_id: Some(second), ..event };
            prop_assert_ne!(encoded(seq, &prev, &one), encoded(seq, &prev, &other));
        }
    }

    #[test]
    fn the_encoding_of_an_event_is_the_one_that_stored_hashes_were_made_of() {
        let event = RecordedEvent {
            id: 2,
            at: DateTime::from_timestamp_micros(3).unwrap(),
            kind: "k".to_owned(),
            actor: Some(4),
            ip: None,
            request_id: Some("r".to_owned()),
            resource: None,
            outcome: "o".to_owned(),
            details: "{}".to_owned(),
        };
        let mut expected = b"mif audit link v1\0".to_vec();
        expected.extend([0, 0, 0, 0, 0, 0, 0, 1]);
        expected.extend([9; 32]);
        expected.extend([0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1, b'k']);
        expected.extend([1, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, b'r', 0]);
        expected.extend([0, 0, 0, 0, 0, 0, 0, 1, b'o', 0, 0, 0, 0, 0, 0, 0, 2, b'{', b'}']);
        assert_eq!(encoded(1, &ChainHash([9; 32]), &event), expected);
    }
}
