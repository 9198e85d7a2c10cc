//! The stream that says which log this is, and which version of reeve can read it.

use eventstore::{EventData, ReadStreamOptions, RecordedEvent};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::server::{CALL, Server, Trouble};
use crate::log::LogError;

const TYPE: &str = "reeve.charter";
/// Nobody else writes there more than once for each version of the contract.
const TRIES: usize = 20;

/// The last one counts.
#[derive(Debug, Serialize, Deserialize)]
struct Charter {
    /// Drawn when the log began.
    log: Uuid,
    /// The event contract that the newest writer knew.
    contract: u32,
}

/// Which log this is; a new one where there was none. Says that we write to it from now on.
pub(super) async fn adopt(server: &Server, ours: u32) -> Result<Uuid, LogError> {
    let stream = server.namespace.charter();
    for _ in 0..TRIES {
        let options = ReadStreamOptions::default()
            .backwards()
            .position(eventstore::StreamPosition::End)
            .max_count(1);
        let last = server.read_stream(&stream, &options).await?.pop();
        let (log, head) = match &last {
            None => (Uuid::new_v4(), 0),
            Some(event) => {
                let charter = parse(event)?;
                if charter.contract > ours {
                    return Err(LogError::NewerThanBinary { log: charter.contract, ours });
                }
                if charter.contract == ours {
                    return Ok(charter.log);
                }
                (charter.log, event.revision + 1)
            }
        };
        let event = EventData::json(TYPE, &Charter { log, contract: ours })
            .map_err(|error| LogError::Setup(format!("the log's charter: {error}")))?;
        match server.append(&stream, head, vec![event.id(Uuid::new_v4())], CALL).await {
            // Read again what it says now, whoever wrote it.
            Ok(_) | Err(Trouble::WrongVersion | Trouble::NotSent(_) | Trouble::Unknown(_)) => {}
            Err(trouble) => return Err(trouble.into()),
        }
    }
    Err(LogError::Unavailable("EventStoreDB does not take the log's charter".to_owned()))
}

#[cfg(feature = "contract")]
pub(super) async fn pretend(server: &Server, contract: u32) -> Result<(), LogError> {
    let stream = server.namespace.charter();
    let events = server.read_stream(&stream, &ReadStreamOptions::default()).await?;
    let last = events.last().ok_or_else(|| LogError::Setup("there is no log yet".to_owned()))?;
    let log = parse(last)?.log;
    let event = EventData::json(TYPE, &Charter { log, contract })
        .map_err(|error| LogError::Setup(error.to_string()))?;
    let head = events.len() as u64;
    server.append(&stream, head, vec![event.id(Uuid::new_v4())], CALL).await?;
    Ok(())
}

fn parse(event: &RecordedEvent) -> Result<Charter, LogError> {
    serde_json::from_slice(&event.data).map_err(|error| {
        LogError::Corrupt(format!("the log's charter in EventStoreDB does not parse: {error}"))
    })
}
