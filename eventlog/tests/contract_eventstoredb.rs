//! The contract suite on EventStoreDB, and what only a cluster can suffer.

#![cfg(feature = "eventstoredb")]

use eventlog::contract::{EsdbBackend, kills};

eventlog::contract_suite!(EsdbBackend);

// proves: SYN-07
#[test]
fn given_kill_9_then_everything_acknowledged_is_there_once_in_order() {
    kills::survive::<EsdbBackend>(
        "given_kill_9_then_everything_acknowledged_is_there_once_in_order",
    );
}
