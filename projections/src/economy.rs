//! What people see of the economy: balances and the all-time board, weekly boards, and every
//! transaction.

pub mod balances;
pub mod transactions;
pub mod weekly;

pub(crate) fn person(number: i64) -> Result<domain::PersonId, eventlog::LogError> {
    u32::try_from(number)
        .map(domain::PersonId)
        .map_err(|_| eventlog::LogError::Corrupt(format!("{number} is no person number")))
}
