//! What people see of levels: the ranks of all time, and who earned most in a day, week or month.

pub mod periods;
pub mod ranks;
