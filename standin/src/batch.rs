//! BatchAppend: many appends over one call, each answered by its correlation id.

use std::{collections::HashMap, sync::Arc};

use futures::TryStreamExt as _;
use tokio::sync::mpsc;
use tonic::{Request, Response, Status, Streaming, metadata::MetadataMap};

use crate::{
    answers,
    log::{Outcome, Proposed},
    rights,
    service::{Answers, Node},
    wire::{
        BatchAppendReq, BatchAppendResp, BatchResult, RpcStatus, StreamIdentifier, Uuid,
        WriteOptions,
    },
    write,
};

/// Answers that may wait for the client.
const ANSWERS: usize = 64;

pub(crate) fn append(
    node: Arc<Node>,
    call: Request<Streaming<BatchAppendReq>>,
) -> Response<Answers<BatchAppendResp>> {
    let (headers, _, messages) = call.into_parts();
    let (sender, mut receiver) = mpsc::channel(ANSWERS);
    tokio::spawn(async move {
        if let Err(status) = take(&node, &headers, messages, &sender).await {
            let _ = sender.send(Err(status)).await;
        }
    });
    let answers = futures::stream::poll_fn(move |context| receiver.poll_recv(context));
    Response::new(Box::pin(answers))
}

/// An append may come in several messages, the last of which says so.
async fn take(
    node: &Arc<Node>,
    headers: &MetadataMap,
    mut messages: Streaming<BatchAppendReq>,
    answers: &mpsc::Sender<Result<BatchAppendResp, Status>>,
) -> Result<(), Status> {
    let mut open: HashMap<uuid::Uuid, (Option<WriteOptions>, Vec<Proposed>)> = HashMap::new();
    while let Some(message) = messages.try_next().await? {
        let id = message.correlation_id.as_ref().and_then(Uuid::parse);
        let id = id.ok_or_else(|| Status::invalid_argument("no correlation id"))?;
        let (options, events) = open.entry(id).or_default();
        if message.options.is_some() {
            *options = message.options;
        }
        for proposed in message.proposed_messages {
            events.push(write::event(proposed)?);
        }
        if message.is_final
            && let Some((options, events)) = open.remove(&id)
        {
            let options = options.ok_or_else(|| Status::invalid_argument("no options"))?;
            // They do not wait for each other's sync, and are answered as they are done. They are
            // taken in the order in which they came, as a server does: each is asked for once, here.
            let (node, headers, answers) = (Arc::clone(node), headers.clone(), answers.clone());
            let mut answering = Box::pin(tokio::task::unconstrained(async move {
                let answer = one(&node, &headers, id, options, events).await;
                let _ = answers.send(Ok(answer)).await;
            }));
            if futures::poll!(&mut answering).is_pending() {
                tokio::spawn(answering);
            }
        }
    }
    Ok(())
}

async fn one(
    node: &Arc<Node>,
    headers: &MetadataMap,
    id: uuid::Uuid,
    options: WriteOptions,
    events: Vec<Proposed>,
) -> BatchAppendResp {
    let stream_identifier = options.stream_identifier.clone();
    let result = match write_one(node, headers, options, events).await {
        Ok(success) => success,
        Err(status) => BatchResult::Error(RpcStatus {
            code: status.code().into(),
            message: status.message().to_owned(),
        }),
    };
    BatchAppendResp {
        correlation_id: Some(Uuid::from_uuid(id, false)),
        result: Some(result),
        stream_identifier: stream_identifier.or_else(|| Some(StreamIdentifier::named(""))),
    }
}

async fn write_one(
    node: &Arc<Node>,
    headers: &MetadataMap,
    options: WriteOptions,
    events: Vec<Proposed>,
) -> Result<BatchResult, Status> {
    let (stream, expected) = write::target(&options)?;
    rights::check(&node.options.users, headers, rights::of_write(&stream))?;
    let most = node.options.max_append_bytes;
    if events.iter().map(Proposed::size).sum::<usize>() > most {
        return Err(answers::append_too_large(most));
    }
    match write::put(node, &stream, expected, events).await? {
        Outcome::Written { revision, position } => {
            Ok(BatchResult::Success(write::success(revision, position)))
        }
        Outcome::WrongExpectedVersion { .. } => Err(answers::wrong_expected_version(&stream)),
        Outcome::Deleted => Err(answers::stream_deleted(&stream)),
    }
}
