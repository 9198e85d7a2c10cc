//! The suite that every backend passes.
//!
//! A backend implements [`Backend`] and hands itself to [`contract_suite!`](crate::contract_suite),
//! which makes one test of every case. A new case is an `async fn` over a store in one of the
//! modules here and a word in the macro's list. What only one backend can suffer (a cut
//! connection, a full disk) is tested beside it, in `tests/contract_<backend>.rs`.

#![expect(clippy::unwrap_used, reason = "a suite of tests: what it panics at is its finding")]

pub mod aggregates;
pub mod appending;
pub mod backups;
pub mod canaries;
pub mod commands;
pub mod damage;
pub mod database;
pub mod disk;
pub mod erasing;
#[cfg(feature = "eventstoredb")]
pub mod eventstoredb;
pub mod following;
pub mod given;
pub mod histories;
pub mod kills;
pub mod moving;
pub mod notes;
pub mod people;
pub mod postgres;
pub mod snapshots;
pub mod sqlite;

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;

#[cfg(feature = "eventstoredb")]
pub use self::eventstoredb::EsdbBackend;
pub use self::{database::TestDatabase, postgres::PostgresBackend, sqlite::SqliteBackend};
use crate::{
    envelope::Recorded,
    log::{Clock, EventLog, LogError, system_clock},
    people::{MasterKey, People, PeopleError, Registry},
    proof::Proofs,
    snapshots::Snapshots,
};

/// A store that a case may do anything to.
#[async_trait]
pub trait Backend: Sized + Send + Sync + 'static {
    /// A new, empty store. None where this machine has none; it says so itself.
    async fn fresh() -> Option<Self>;

    /// The store of [`Backend::name`], in another process.
    fn named(name: &str) -> Self;

    /// Names the store to another process of this machine.
    fn name(&self) -> String;

    async fn open(&self, options: Options) -> Result<Arc<dyn EventLog>, LogError>;

    /// The log as another process would open it while `first` is open; `first` itself where a
    /// store belongs to one process.
    async fn beside(&self, first: &Arc<dyn EventLog>) -> Arc<dyn EventLog>;

    async fn people(&self, keys: Keys) -> Result<People, PeopleError>;

    fn snapshots(&self) -> Snapshots;

    /// The people registry without its keys, and the list of erasures, as a migration has them.
    async fn registry(&self) -> Registry;

    /// Checkpoints, and the keys that sign them.
    fn proofs(&self) -> Proofs;

    fn erasures_file(&self) -> PathBuf;

    /// Everything by which the store's own user could change or remove an event, tried on this
    /// one: what was tried, and whether the store refused.
    async fn try_to_change(&self, event: &Recorded) -> Vec<(&'static str, bool)>;

    /// Changes a stored event behind the log's back, as somebody with all rights could. False
    /// where nobody can.
    async fn tamper(&self, event: &Recorded, tamper: Tamper) -> bool;

    /// Makes the log look as if a reeve of this contract had written it.
    async fn pretend_contract(&self, version: u32);

    /// The registry's row of a person, as it is stored: wrapped key, tag and sealed user id.
    async fn stored_secrets(&self, guild: domain::GuildId) -> Vec<Vec<u8>>;

    /// Every byte that the store has left anywhere: tables and files, by name.
    async fn everything_stored(&self) -> Vec<Remains>;
}

#[derive(Clone)]
pub struct Options {
    pub clock: Clock,
    pub queue: usize,
    pub batch: usize,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("queue", &self.queue).finish_non_exhaustive()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { clock: system_clock(), queue: 4096, batch: 512 }
    }
}

/// What a registry is opened with.
#[derive(Clone, Debug)]
pub struct Keys {
    pub master: MasterKey,
    pub previous: Option<MasterKey>,
    pub clock: DebugClock,
}

#[derive(Clone)]
pub struct DebugClock(pub Clock);

impl std::fmt::Debug for DebugClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

impl Default for Keys {
    /// Always the same key, so that every opening of a store fits.
    fn default() -> Self {
        Self {
            master: MasterKey::parse(&"5e".repeat(32)).unwrap(),
            previous: None,
            clock: DebugClock(system_clock()),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Tamper {
    /// The payload says something else.
    Payload(&'static str),
    /// The stream's name is no name.
    Stream,
}

#[derive(Debug)]
pub struct Remains {
    pub name: String,
    pub bytes: Vec<u8>,
    /// A journal of the database server, which it empties in its own time.
    pub server_journal: bool,
}

/// Runs a case on a fresh store, on several threads.
pub fn run<B: Backend, F: Future<Output = ()>>(case: impl FnOnce(B) -> F) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        if let Some(store) = B::fresh().await {
            case(store).await;
        }
    });
}

/// Makes a test of every case for one backend.
#[macro_export]
macro_rules! contract_suite {
    ($backend:ty) => {
        $crate::contract_suite! { $backend =>
            appending {
                given_the_expected_version_then_written_in_place,
                given_another_version_then_conflict_and_nothing_written,
                given_many_writers_then_each_version_is_one_writers,
                given_a_repeated_append_then_duplicate_wherever_the_stream_is,
                given_one_key_from_two_handles_at_once_then_written_once,
                given_one_key_twice_in_a_batch_then_written_once,
                given_a_conflict_in_a_batch_then_the_other_streams_are_written,
                given_nothing_to_write_then_only_the_version_is_checked,
                given_events_at_the_limit_then_written_and_over_it_refused,
                given_any_text_then_its_exact_bytes_come_back,
                given_a_stream_name_that_no_store_can_hold_then_refused_for_itself,
                given_several_guilds_then_each_is_read_by_itself,
                given_a_clock_that_goes_back_then_times_do_not,
                given_a_restart_then_everything_goes_on_where_it_was,
            }
            following {
                given_sixteen_writers_then_every_follower_sees_every_event_once_in_order,
                given_a_follower_that_catches_up_then_it_goes_on_live_without_loss_or_repetition,
                given_events_on_their_way_then_no_page_ends_behind_them,
            }
            damage {
                given_stored_events_then_every_change_is_refused,
                given_a_tampered_payload_then_corrupt,
                given_a_broken_row_then_corrupt,
                given_an_unknown_type_then_unknown_type,
                given_a_log_of_a_newer_reeve_then_it_is_not_opened,
            }
            commands {
                given_a_command_then_its_decision_carries_what_was_stored,
                given_a_refusal_then_nothing_is_written_and_it_is_not_remembered,
                given_a_repeated_key_then_the_first_decision_is_answered,
                given_a_key_that_made_hundreds_of_events_then_all_are_answered,
                given_a_key_repeated_while_it_is_under_way_then_it_acts_once,
                given_hundreds_told_again_after_a_crash_among_new_ones_then_all_are_answered,
                given_one_key_through_two_buses_at_once_then_it_acts_once,
                given_a_grant_on_one_bus_then_a_spend_on_the_other_is_never_refused,
                given_transfers_through_two_buses_then_money_is_conserved,
                given_another_writer_before_200_pipelined_commands_then_all_are_decided_again,
                given_a_failed_decision_then_none_that_stood_on_it_is_answered,
                given_an_event_over_the_limit_then_too_large_and_the_aggregate_goes_on,
                given_a_state_ahead_of_the_log_then_reading_waits_for_it,
            }
            aggregates {
                given_a_thousand_commands_and_a_queue_of_64_then_never_more_wait,
                given_a_shutdown_then_everything_accepted_is_written_and_nothing_more_taken,
                given_a_place_taken_before_the_shutdown_then_its_append_is_written,
                given_many_aggregates_then_the_cache_keeps_its_size,
            }
            snapshots {
                given_a_snapshot_then_reloading_begins_from_it,
                given_a_snapshot_of_another_format_then_it_is_not_used,
                given_a_snapshot_of_another_history_then_it_is_not_used,
                given_many_events_then_a_snapshot_is_made_and_may_be_thrown_away,
            }
            histories {
                given_any_history_with_evictions_and_restarts_then_equal_to_a_plain_fold,
            }
            people {
                given_many_at_once_in_two_registries_then_each_user_has_one_number,
                given_a_restart_then_numbers_and_keys_are_as_before,
                given_an_erased_person_then_the_number_is_never_given_again,
                given_sealed_text_then_it_opens_until_its_owner_is_erased,
                given_another_master_key_then_refused_and_with_the_previous_one_changed,
                given_text_that_is_no_master_key_then_refused,
                given_a_key_backup_then_it_restores_all_but_the_erased,
                given_an_expired_key_backup_then_refused_and_pruned,
                given_a_damaged_key_backup_then_the_line_is_named,
                given_a_torn_last_line_then_the_list_of_erasures_goes_on,
            }
            moving {
                given_events_of_another_log_then_all_but_the_position_stays_and_it_goes_on,
                given_an_import_again_or_in_part_then_each_event_is_there_once,
                given_an_event_that_is_not_what_its_hash_says_then_it_is_not_put_in,
                given_writers_while_a_log_is_closed_then_nothing_comes_after_the_mark,
                given_a_log_being_filled_then_only_imports_are_taken,
                given_a_log_with_people_then_it_moves_with_everything_and_the_source_says_where,
                given_a_migration_that_stops_at_any_step_then_the_next_one_finishes_it,
                given_writers_during_a_live_migration_then_all_that_was_acknowledged_arrives,
                given_a_target_that_is_not_its_own_then_refused_and_nothing_is_changed,
                given_a_sealed_log_then_its_checkpoints_and_its_key_move_with_it,
            }
            backups {
                given_a_backup_then_every_backend_restores_it_as_it_was,
                given_a_backup_of_a_sealed_log_then_the_same_key_goes_on_signing,
                given_writers_during_a_backup_then_it_is_a_beginning_of_the_history,
                given_a_backup_that_stops_at_any_step_then_the_next_one_finishes_it,
            }
            erasing {
                given_an_erasure_then_the_log_says_so_and_repeating_changes_nothing,
                given_nobody_of_that_number_then_nothing_is_erased,
                given_a_crash_after_any_step_then_the_erasure_is_finished,
                given_a_reader_during_the_erasure_then_nobody_comes_back_from_a_cache,
            }
            canaries {
                given_erased_people_then_nothing_of_them_is_found_anywhere,
            }
        }
    };
    ($backend:ty => $($module:ident { $($case:ident),+ $(,)? })+) => {
        $(mod $module {
            use super::*;
            $(#[test]
            fn $case() {
                $crate::contract::run(|store: $backend| $crate::contract::$module::$case(store));
            })+
        })+
    };
}
