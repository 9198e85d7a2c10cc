//! Ids under which an operator finds a fault again.

/// Short enough to read aloud, long enough not to meet twice in a log's lifetime.
pub fn error_id() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    format!("E-{}", &id[..10])
}
