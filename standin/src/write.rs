//! Append, Delete, Tombstone.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use futures::TryStreamExt as _;
use tonic::{Request, Response, Status, Streaming};

use crate::{
    answers,
    faults::WriteFault,
    log::{Change, Outcome, Proposed},
    rights::{self, Wish},
    service::Node,
    wire::{
        AppendContent, AppendReq, AppendResp, AppendResult, AppendSuccess, Empty, Expected,
        Position, ProposedMessage, RemoveReq, RemoveResp, StreamIdentifier, WriteOptions,
        WrongExpectedVersion,
    },
};

pub(crate) async fn append(
    node: Arc<Node>,
    call: Request<Streaming<AppendReq>>,
) -> Result<Response<AppendResp>, Status> {
    let (headers, _, mut messages) = call.into_parts();
    let Some(AppendReq { content: Some(AppendContent::Options(options)) }) =
        messages.try_next().await?
    else {
        return Err(Status::invalid_argument("the first message has the options"));
    };
    let (stream, expected) = target(&options)?;
    rights::check(&node.options.users, &headers, rights::of_write(&stream))?;
    let mut proposed = Vec::new();
    let mut size = 0;
    while let Some(message) = messages.try_next().await? {
        let Some(AppendContent::ProposedMessage(message)) = message.content else {
            return Err(Status::invalid_argument("only events may follow the options"));
        };
        let event = event(message)?;
        size += event.size();
        if size > node.options.max_append_bytes {
            return Err(answers::append_too_large(node.options.max_append_bytes));
        }
        proposed.push(event);
    }
    let outcome = put(&node, &stream, expected, proposed).await?;
    let result = match outcome {
        Outcome::Written { revision, position } => {
            AppendResult::Success(success(revision, position))
        }
        Outcome::WrongExpectedVersion { current } => {
            AppendResult::WrongExpectedVersion(wrong(current, expected))
        }
        Outcome::Deleted => return Err(answers::stream_deleted(&stream)),
    };
    Ok(Response::new(AppendResp { result: Some(result) }))
}

/// Writes, unless a fault stands in the way.
pub(crate) async fn put(
    node: &Arc<Node>,
    stream: &str,
    expected: Expected,
    events: Vec<Proposed>,
) -> Result<Outcome, Status> {
    leads(node)?;
    let write = |node: Arc<Node>, stream: String, events| async move {
        let changed = node.log.change(&stream, expected, Change::Append(events)).await;
        changed.ok_or_else(answers::unavailable)
    };
    let writing = write(Arc::clone(node), stream.to_owned(), events);
    // A test's other streams, such as the one that names the log, are left alone.
    let fault = if stream.contains('-') { node.faults.next_write() } else { None };
    match fault {
        None => writing.await,
        Some(WriteFault::Lost) => Err(answers::unavailable()),
        Some(WriteFault::AnswerLost) => {
            writing.await?;
            Err(answers::unavailable())
        }
        Some(WriteFault::Late(pause)) => {
            node.faults.is_late();
            let faults = Arc::clone(node);
            tokio::spawn(async move {
                tokio::time::sleep(pause).await;
                let _ = writing.await;
                faults.faults.has_landed();
            });
            Err(answers::unavailable())
        }
        Some(WriteFault::Slow(pause)) => {
            let outcome = writing.await;
            tokio::time::sleep(pause).await;
            outcome
        }
        Some(WriteFault::Silence) => std::future::pending().await,
        Some(WriteFault::NotLeader { host, port }) => Err(answers::not_leader(&host, port)),
    }
}

pub(crate) async fn remove(
    node: Arc<Node>,
    call: Request<RemoveReq>,
    change: Change,
) -> Result<Response<RemoveResp>, Status> {
    let (headers, _, message) = call.into_parts();
    let options = message.options.ok_or_else(|| Status::invalid_argument("no options"))?;
    let (stream, expected) = target(&options)?;
    rights::check(&node.options.users, &headers, Wish::Remove)?;
    leads(&node)?;
    match node.log.change(&stream, expected, change).await {
        Some(Outcome::Written { position, .. }) => {
            Ok(Response::new(RemoveResp { position: position.map(Position::at) }))
        }
        Some(Outcome::WrongExpectedVersion { .. }) => Err(answers::wrong_expected_version(&stream)),
        Some(Outcome::Deleted) => Err(answers::stream_deleted(&stream)),
        None => Err(answers::unavailable()),
    }
}

fn leads(node: &Node) -> Result<(), Status> {
    match node.leader {
        Some(leader) => Err(answers::not_leader(&leader.ip().to_string(), leader.port())),
        None => Ok(()),
    }
}

/// The stream, and where it is expected to be.
pub(crate) fn target(options: &WriteOptions) -> Result<(String, Expected), Status> {
    let name = options.stream_identifier.as_ref().and_then(StreamIdentifier::name);
    match (name, options.expected) {
        (Some(name), Some(expected)) if !name.is_empty() => Ok((name.to_owned(), expected)),
        _ => Err(Status::invalid_argument("the stream or its expected revision is missing")),
    }
}

pub(crate) fn event(message: ProposedMessage) -> Result<Proposed, Status> {
    let ProposedMessage { id, mut metadata, custom_metadata, data } = message;
    let required = |metadata: &mut HashMap<String, String>, name: &'static str| {
        metadata.remove(name).ok_or_else(|| answers::metadata_missing(name))
    };
    let id = id.and_then(|id| id.parse()).ok_or_else(|| Status::invalid_argument("no id"))?;
    let kind = required(&mut metadata, "type")?;
    let content_type = required(&mut metadata, "content-type")?;
    let copied = |bytes: Bytes| Bytes::copy_from_slice(&bytes);
    let (custom_metadata, data) = (copied(custom_metadata), copied(data));
    Ok(Proposed { id, kind, content_type, custom_metadata, data })
}

pub(crate) fn success(revision: Option<u64>, position: Option<u64>) -> AppendSuccess {
    AppendSuccess {
        current_revision: revision,
        no_stream: revision.is_none().then_some(Empty {}),
        position: position.map(Position::at),
        no_position: position.is_none().then_some(Empty {}),
    }
}

fn wrong(current: Option<u64>, expected: Expected) -> WrongExpectedVersion {
    let mut wrong = WrongExpectedVersion {
        current_revision: current,
        current_no_stream: current.is_none().then_some(Empty {}),
        expected_revision: None,
        expected_any: None,
        expected_stream_exists: None,
        expected_no_stream: None,
    };
    match expected {
        Expected::Revision(revision) => wrong.expected_revision = Some(revision),
        Expected::NoStream(empty) => wrong.expected_no_stream = Some(empty),
        Expected::Any(empty) => wrong.expected_any = Some(empty),
        Expected::StreamExists(empty) => wrong.expected_stream_exists = Some(empty),
    }
    wrong
}
