//! The gateway, over the wire: with raw frames, and with twilight as a client that knows nothing of
//! the simulator.

mod clients;
mod closes;
mod compression;
mod control;
mod events;
mod faults;
mod flood;
mod identify;
mod malformed;
mod members;
mod raw;
mod resume;
mod twilight;
