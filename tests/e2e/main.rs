//! The real binary, used as people and their tools use it: its command line, its HTTP, its
//! signals. One test program for all of it, so that it is linked once.

#![expect(clippy::unwrap_used, reason = "what a test panics at is its finding")]

mod cli {
    mod config;
    mod demo;
    mod doctor;
    mod economy;
    mod effects;
    mod events;
    mod exports;
    mod help;
    mod import;
    mod moving;
    #[cfg(feature = "eventstoredb")]
    mod moving_cluster;
    mod operators;
    mod people;
    mod projections;
    mod proof;
    mod replay;
    mod simulate;
    mod what_if;
}
#[cfg(feature = "eventstoredb")]
mod cluster;
mod discord {
    mod activity;
    mod codes;
    mod dashboard;
    mod draws;
    mod economy;
    mod evidence;
    mod exports;
    mod gaps;
    mod giveaways;
    mod keys;
    mod levels;
    mod load;
    mod logs;
    mod mirror;
    mod moderation;
    mod moderators;
    mod operator_login;
    mod rest;
    mod restarts;
    mod squads;
    mod staff;
    mod town;
    mod trouble;
}
mod logs;
mod serve;
mod serve_postgres;
mod support;
mod telemetry;
