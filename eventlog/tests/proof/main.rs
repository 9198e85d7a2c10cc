//! Proofs: trees, sealing and bundles, held against `reeve-verify` and against ct-merkle.

#![expect(clippy::unwrap_used, reason = "tests and their helpers")]

mod bundles;
mod given;
mod sealing;
mod trees;
mod trouble;
mod vectors;
