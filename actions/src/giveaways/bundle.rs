//! The bundle of a draw: everything that somebody needs to draw again by themselves, and nothing
//! that names anybody. `docs/draw.md` says what stands in it.

use std::{collections::BTreeMap, fmt::Write as _};

use domain::{
    GiveawayId, GuildId, PersonId,
    digest::Digest,
    giveaways::{DrawnFor, Event, Exclusion},
};
use eventlog::decode;

use super::{MODULE, stream};
use crate::{ActionError, Actions, Caller};

/// Events that are read at once.
const PAGE: usize = 2_000;

/// What of the history goes into a bundle.
#[derive(Default)]
struct Draw {
    header: Option<(Digest, u32)>,
    root: Option<Digest>,
    begun: Option<(u64, Digest)>,
    entries: BTreeMap<u32, Entry>,
    record: String,
}

struct Entry {
    weight: u32,
    person: PersonId,
    salt: Digest,
    /// Why it was out when it was closed.
    out: Option<Exclusion>,
}

impl Actions {
    /// The bundle of a giveaway that was drawn; anybody may have it.
    #[tracing::instrument(name = "giveaways.bundle", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn draw_bundle(
        &self,
        guild: GuildId,
        caller: &Caller,
        id: GiveawayId,
    ) -> Result<String, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        self.shown_giveaway(guild, id).await?;
        let (stream, mut draw, mut after) = (stream(guild, id), Draw::default(), 0);
        loop {
            let page = self.bus().log().read_stream(&stream, after, PAGE).await?;
            for recorded in &page {
                draw.take(decode(recorded)?);
            }
            match page.last() {
                Some(last) if page.len() == PAGE => after = last.version,
                _ => break,
            }
        }
        draw.written(id).ok_or_else(|| {
            use domain::Refusal as _;
            let refusal = domain::giveaways::Refusal::NotDrawn;
            ActionError::Refused { rule: refusal.rule(), text: refusal.to_string() }
        })
    }
}

impl Draw {
    fn take(&mut self, event: Event) {
        match event {
            Event::Created { commitment, terms, .. } => {
                self.header = Some((commitment, terms.winners));
            }
            Event::Edited { terms, .. } => {
                if let Some((_, winners)) = &mut self.header {
                    *winners = terms.winners;
                }
            }
            Event::Entered { entry, person, weight, salt, .. } => {
                self.entries.insert(entry, Entry { weight, person, salt, out: None });
            }
            Event::EntryExcluded { entry, why, .. } if self.begun.is_none() => {
                if let Some(entry) = self.entries.get_mut(&entry) {
                    entry.out = Some(why);
                }
            }
            Event::EntryExcluded { entry, why, .. } => self.out(entry, why),
            Event::Closed { root, .. } => self.root = Some(root),
            Event::DrawBegun { message, seed, .. } => self.begun = Some((message.get(), seed)),
            Event::CandidateDrawn { k, j, entry, why, .. } => {
                let why = match why {
                    DrawnFor::Prize => "prize",
                    DrawnFor::Disqualification => "disqualification",
                    DrawnFor::Lapse => "lapse",
                    DrawnFor::Reroll => "reroll",
                };
                let line =
                    format_args!("{{\"drawn\":{entry},\"k\":{k},\"j\":{j},\"why\":\"{why}\"}}\n");
                let _ = self.record.write_fmt(line);
            }
            Event::NobodyLeft { k, prizes, .. } => {
                let _ = writeln!(self.record, "{{\"nobody_left\":{k},\"prizes\":{prizes}}}");
            }
            _ => {}
        }
    }

    fn out(&mut self, entry: u32, why: Exclusion) {
        let why = match why {
            Exclusion::Left => "left",
            Exclusion::Removed => "removed",
            Exclusion::Blocked => "blocked",
            Exclusion::LeftServer => "left_server",
            Exclusion::NoLongerEligible => "no_longer_eligible",
            Exclusion::PreviousWinner => "previous_winner",
        };
        let _ = writeln!(self.record, "{{\"out\":{entry},\"why\":\"{why}\"}}");
    }

    /// Lines of JSON; none before the draw.
    fn written(mut self, id: GiveawayId) -> Option<String> {
        let ((commitment, winners), root, (message, seed)) =
            (self.header?, self.root?, self.begun?);
        let record = std::mem::take(&mut self.record);
        let gone: Vec<_> =
            self.entries.iter().filter_map(|(entry, one)| Some((*entry, one.out?))).collect();
        for (entry, why) in gone {
            self.out(entry, why);
        }
        self.record.push_str(&record);
        let count = self.entries.len();
        let mut text = format!(
            "{{\"reeve_draw\":1,\"giveaway\":\"{id}\",\"commitment\":\"{commitment}\",\
             \"winners\":{winners},\"entries\":{count},\"root\":\"{root}\",\
             \"message\":\"{message}\",\"seed\":\"{seed}\"}}\n"
        );
        for (entry, one) in &self.entries {
            let tag = Digest::of(&[&one.salt.0, &one.person.0.to_be_bytes()]);
            let weight = one.weight;
            let _ = writeln!(text, "{{\"entry\":{entry},\"weight\":{weight},\"tag\":\"{tag}\"}}");
        }
        text.push_str(&self.record);
        let lines = self.record.lines().count();
        let _ = writeln!(text, "{{\"end\":{lines}}}");
        Some(text)
    }
}
