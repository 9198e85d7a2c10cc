//! A guild's history in another store, as a migration leaves it: the same events with the same
//! numbers, times and hashes; only their places in the log differ.

use domain::{EventType, GuildId};
use eventlog::{Append, Appended, Fence, NewEvent, Recorded};

use super::{House, Site};

impl Site {
    /// A fresh embedded store whose log can be written in other times.
    pub fn another() -> Self {
        Self::new(None)
    }
}

impl House {
    /// Every event of a guild.
    pub async fn history(&self, guild: GuildId) -> Vec<Recorded> {
        self.log.read_guild(guild, 0, 1_000_000).await.unwrap()
    }

    /// Takes an event of another log over as it is.
    pub async fn take_over(&self, event: &Recorded) {
        self.clock.set(&event.at.to_string());
        let append = Append {
            stream: event.stream.clone(),
            expected: event.version - 1,
            first_id: event.id,
            events: vec![NewEvent {
                id: event.id,
                event_type: event_type(event),
                payload: event.payload.clone(),
            }],
            metadata: event.metadata.clone(),
            fence: Fence::default(),
        };
        match self.log.appender().append(append).await.unwrap() {
            Appended::Written(written) => assert_eq!(written[0].hash, event.hash, "the same event"),
            other => panic!("{other:?}"),
        }
    }
}

fn event_type(event: &Recorded) -> EventType {
    let families = eventlog::families();
    let mut types = families.iter().flat_map(|family| family.types);
    *types
        .find(|known| known.name == event.type_name && known.version == event.type_version)
        .unwrap()
}

/// Every file under a folder, by path.
pub fn files_under(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}
