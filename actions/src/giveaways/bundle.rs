//! The bundle of a draw: everything that somebody needs to draw again by themselves, and nothing
//! that names anybody. `docs/draw.md` says what stands in it.

use std::{collections::BTreeMap, fmt::Write as _};

use domain::{
    GiveawayId, GuildId, PersonId,
    digest::Digest,
    giveaways::{DrawnFor, Event, Exclusion, Phase},
};
use eventlog::decode;
use projections::giveaways::board;

use super::{MODULE, stream};
use crate::{ActionError, Actions, Caller};

/// Events that are read at once.
const PAGE: usize = 2_000;
/// Entries that are written into one piece.
const ENTRIES_A_PIECE: usize = 500;

/// Everything that a bundle is written from. The text is made piece by piece, because that of a
/// large giveaway is too long to be held for everybody who asks.
#[derive(Debug)]
pub struct DrawBundle {
    id: GiveawayId,
    commitment: Digest,
    winners: u32,
    root: Digest,
    message: u64,
    seed: Digest,
    entries: BTreeMap<u32, Entry>,
    record: String,
}

/// What of the history goes into a bundle.
#[derive(Default)]
struct Draw {
    header: Option<(Digest, u32)>,
    root: Option<Digest>,
    begun: Option<(u64, Digest)>,
    entries: BTreeMap<u32, Entry>,
    record: String,
}

#[derive(Debug)]
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
        Ok(self.bundle_of(guild, id).await?.pieces().collect())
    }

    /// The same for whoever was given the giveaway's address, signed in or not: there is no name in
    /// it, and to be checked by anybody is what it is for. None where there is no such giveaway.
    #[tracing::instrument(name = "giveaways.public_bundle", level = "debug", skip_all)]
    pub async fn public_draw_bundle(
        &self,
        id: GiveawayId,
    ) -> Result<Option<DrawBundle>, ActionError> {
        match self.public_giveaway(id).await? {
            Some(line) => self.bundle_of(line.guild, id).await.map(Some),
            None => Ok(None),
        }
    }

    /// A giveaway of whichever community, as anybody may know it; none where it has switched
    /// giveaways off.
    pub async fn public_giveaway(
        &self,
        id: GiveawayId,
    ) -> Result<Option<board::Line>, ActionError> {
        let Some(line) = board::anywhere(self.store(), id).await? else { return Ok(None) };
        let is_on = self.module_is_on(line.guild, &MODULE).await?;
        Ok(is_on.then_some(line))
    }

    async fn bundle_of(&self, guild: GuildId, id: GiveawayId) -> Result<DrawBundle, ActionError> {
        // Refuses at once what was not drawn: there may be very many entries to read.
        if self.shown_giveaway(guild, id).await?.phase != Phase::Drawn {
            return Err(not_drawn());
        }
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
        draw.bundle(id).ok_or_else(not_drawn)
    }
}

fn not_drawn() -> ActionError {
    use domain::Refusal as _;
    let refusal = domain::giveaways::Refusal::NotDrawn;
    ActionError::Refused { rule: refusal.rule(), text: refusal.to_string() }
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

    /// None before the draw.
    fn bundle(mut self, id: GiveawayId) -> Option<DrawBundle> {
        let ((commitment, winners), root, (message, seed)) =
            (self.header?, self.root?, self.begun?);
        let record = std::mem::take(&mut self.record);
        let gone: Vec<_> =
            self.entries.iter().filter_map(|(entry, one)| Some((*entry, one.out?))).collect();
        for (entry, why) in gone {
            self.out(entry, why);
        }
        self.record.push_str(&record);
        let Self { entries, record, .. } = self;
        Some(DrawBundle { id, commitment, winners, root, message, seed, entries, record })
    }
}

impl DrawBundle {
    /// Lines of JSON, some at a time.
    pub fn pieces(self) -> impl Iterator<Item = String> + Send + use<> {
        let Self { id, commitment, winners, root, message, seed, entries, mut record } = self;
        let count = entries.len();
        let header = format!(
            "{{\"reeve_draw\":1,\"giveaway\":\"{id}\",\"commitment\":\"{commitment}\",\
             \"winners\":{winners},\"entries\":{count},\"root\":\"{root}\",\
             \"message\":\"{message}\",\"seed\":\"{seed}\"}}\n"
        );
        let lines = record.lines().count();
        let _ = writeln!(record, "{{\"end\":{lines}}}");
        let mut entries = entries.into_iter();
        let entries = std::iter::from_fn(move || {
            let mut piece = String::new();
            for (entry, one) in entries.by_ref().take(ENTRIES_A_PIECE) {
                let tag = Digest::of(&[&one.salt.0, &one.person.0.to_be_bytes()]);
                let weight = one.weight;
                let _ =
                    writeln!(piece, "{{\"entry\":{entry},\"weight\":{weight},\"tag\":\"{tag}\"}}");
            }
            (!piece.is_empty()).then_some(piece)
        });
        std::iter::once(header).chain(entries).chain(std::iter::once(record))
    }
}
