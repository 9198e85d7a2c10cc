//! The error answers of the protocol: a status, and in its trailers what happened.

use tonic::{Code, Status, metadata::MetadataMap};

fn exception(
    code: Code,
    text: String,
    name: &'static str,
    more: &[(&'static str, &str)],
) -> Status {
    let mut trailers = MetadataMap::new();
    for (key, value) in [("exception", name)].iter().chain(more) {
        if let Ok(value) = value.parse() {
            trailers.insert(*key, value);
        }
    }
    Status::with_metadata(code, text, trailers)
}

pub fn not_leader(host: &str, port: u16) -> Status {
    let port = port.to_string();
    let leader = [("leader-endpoint-host", host), ("leader-endpoint-port", &port)];
    exception(Code::NotFound, "Leader info available".to_owned(), "not-leader", &leader)
}

pub fn access_denied() -> Status {
    exception(Code::PermissionDenied, "Access Denied".to_owned(), "access-denied", &[])
}

pub fn stream_deleted(stream: &str) -> Status {
    let text = format!("Event stream '{stream}' is deleted.");
    exception(Code::FailedPrecondition, text, "stream-deleted", &[("stream-name", stream)])
}

pub fn wrong_expected_version(stream: &str) -> Status {
    let text = format!("Append failed due to WrongExpectedVersion. Stream: {stream}");
    let name = "wrong-expected-version";
    exception(Code::FailedPrecondition, text, name, &[("stream-name", stream)])
}

pub fn append_too_large(most: usize) -> Status {
    let limit = most.to_string();
    let text = format!("Maximum Append Size of {limit} Exceeded.");
    let more = [("maximum-append-size", &*limit)];
    exception(Code::InvalidArgument, text, "maximum-append-size-exceeded", &more)
}

pub fn metadata_missing(name: &'static str) -> Status {
    let text = format!("Required Metadata Property '{name}' is missing");
    let exception_name = "missing-required-metadata-property";
    let more = [("required-metadata-properties", "type,content-type")];
    exception(Code::InvalidArgument, text, exception_name, &more)
}

pub fn unavailable() -> Status {
    Status::unavailable("Server Is Not Ready")
}
