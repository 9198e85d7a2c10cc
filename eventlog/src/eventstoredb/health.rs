//! What `reeve doctor` asks of the server.

use eventstore::{
    AppendToStreamOptions, Client, DeleteStreamOptions, Error, StreamMetadataBuilder, StreamState,
    TombstoneStreamOptions, operations,
};
use sqlx::PgPool;
use uuid::Uuid;

use super::{index, names::Namespace, server::Server};
use crate::log::LogError;

/// The index may be this many events behind before it is worth a warning.
const LATE: u64 = 1000;

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub check: &'static str,
    pub grade: Grade,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    Ok,
    Warning,
    Problem,
}

impl Finding {
    fn new(check: &'static str, grade: Grade, text: impl Into<String>) -> Self {
        Self { check, grade, text: text.into() }
    }
}

/// Reachable, led, encrypted, unable to delete, and how far the index is.
pub async fn examine(
    url: &str,
    namespace: Namespace,
    pool: &PgPool,
) -> Result<Vec<Finding>, LogError> {
    let server = Server::new(url, namespace)?;
    let mut findings = vec![encryption(&server)];
    let (_, client) = server.client()?;
    match client.server_info().await {
        Err(error) => {
            let text = format!("EventStoreDB does not answer: {error}; check eventstore.url");
            findings.push(Finding::new("eventstoredb", Grade::Problem, text));
            return Ok(findings);
        }
        Ok(info) => {
            let text = format!("version {} answers", info.version());
            findings.push(Finding::new("eventstoredb", Grade::Ok, text));
        }
    }
    findings.push(leader(&server).await);
    findings.push(rights(&client, &server.namespace).await);
    findings.push(lag(&server, pool).await);
    Ok(findings)
}

fn encryption(server: &Server) -> Finding {
    let settings = server.settings();
    let finding = |grade, text: &str| Finding::new("encryption", grade, text);
    if !settings.is_secure_mode_enabled() {
        finding(
            Grade::Warning,
            "the connection to EventStoreDB is not encrypted (tls=false in eventstore.url); fit \
             for one machine only",
        )
    } else if !settings.is_tls_certificate_verification_enabled() {
        finding(
            Grade::Warning,
            "EventStoreDB's certificate is not checked (tlsVerifyCert=false in eventstore.url); \
             name its authority with tlsCaFile instead",
        )
    } else {
        finding(Grade::Ok, "TLS, with the certificate checked")
    }
}

async fn leader(server: &Server) -> Finding {
    let members = async {
        let client = operations::Client::new(server.settings().clone())
            .map_err(|error| Error::InitializationError(error.to_string()))?;
        client.read_gossip().await
    };
    match members.await {
        Err(error) => {
            let text = format!("the cluster does not say who leads it: {error}");
            Finding::new("cluster", Grade::Warning, text)
        }
        Ok(members) => {
            let alive = members.iter().filter(|member| member.is_alive);
            let leads = alive.clone().any(|member| format!("{:?}", member.state) == "Leader");
            let (alive, all) = (alive.count(), members.len());
            if !leads {
                let text = format!(
                    "{alive} of {all} nodes are alive and none leads; nothing can be written"
                );
                Finding::new("cluster", Grade::Problem, text)
            } else if alive < all {
                let text = format!("only {alive} of {all} nodes are alive");
                Finding::new("cluster", Grade::Warning, text)
            } else if all < 3 {
                let text =
                    format!("{all} node: nothing outlives its disk; run three in production");
                Finding::new("cluster", Grade::Warning, text)
            } else {
                Finding::new("cluster", Grade::Ok, format!("{all} nodes, one leads"))
            }
        }
    }
}

/// Tries on a stream that does not exist what must be refused on every stream.
async fn rights(client: &Client, namespace: &Namespace) -> Finding {
    let stream = namespace.probe(Uuid::new_v4());
    let state = StreamState::NoStream;
    let truncate = StreamMetadataBuilder::new().truncate_before(0).build();
    let expected = AppendToStreamOptions::default().stream_state(state);
    let tries = [
        (
            "change $tb in $metadata",
            denied(&client.set_stream_metadata(stream.as_str(), &expected, &truncate).await),
        ),
        (
            "delete streams",
            denied(
                &client
                    .delete_stream(
                        stream.as_str(),
                        &DeleteStreamOptions::default().stream_state(state),
                    )
                    .await,
            ),
        ),
        (
            "tombstone streams",
            denied(
                &client
                    .tombstone_stream(
                        stream.as_str(),
                        &TombstoneStreamOptions::default().stream_state(state),
                    )
                    .await,
            ),
        ),
    ];
    let may: Vec<_> = tries.iter().filter(|(_, denied)| !denied).map(|(what, _)| *what).collect();
    if may.is_empty() {
        let text = "the user of eventstore.url may not delete or truncate streams";
        return Finding::new("immutability", Grade::Ok, text);
    }
    let text = format!(
        "the user of eventstore.url may {}, so events can be lost by mistake; give Reeve a user \
         without these rights (docs/eventstoredb.md says how)",
        may.join(", ")
    );
    Finding::new("immutability", Grade::Problem, text)
}

fn denied<T>(tried: &Result<T, Error>) -> bool {
    matches!(tried, Err(Error::AccessDenied))
}

/// How far the index is behind the server.
async fn lag(server: &Server, pool: &PgPool) -> Finding {
    let look = async {
        let indexed = index::checkpoint(pool).await?;
        let from = indexed.server_position();
        let most = usize::try_from(LATE).unwrap_or(usize::MAX) + 1;
        let behind = server.page(from, most).await?;
        Ok::<_, LogError>(behind.len() as u64 - u64::from(from.is_some() && !behind.is_empty()))
    };
    match look.await {
        Err(error) => Finding::new("index", Grade::Problem, error.to_string()),
        Ok(0) => Finding::new("index", Grade::Ok, "PostgreSQL knows every event of EventStoreDB"),
        Ok(behind) if behind < LATE => {
            let text = format!("PostgreSQL is {behind} events behind EventStoreDB");
            Finding::new("index", Grade::Ok, text)
        }
        Ok(_) => Finding::new(
            "index",
            Grade::Warning,
            format!(
                "PostgreSQL is {LATE} events or more behind EventStoreDB; is a worker running?"
            ),
        ),
    }
}
