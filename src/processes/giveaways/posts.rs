//! What is posted for everybody: in the community's language, and with nobody's name.

use actions::giveaways::Shown;
use domain::{
    GiveawayId, GuildId, MessageId, RoleId, Timestamp,
    digest::Digest,
    giveaways::{Exclusion, GiveawaySettings, Phase, Requirements, Terms, settings::Language},
};
use serde_json::{Value, json};
use twilight_model::channel::message::component::ButtonStyle;

use crate::{
    discord::{
        custom_id::{PURPOSE, Signer, short_uuid},
        reply::{Button, Reply, plain},
        text::{Lang, Text, duration, number, text},
    },
    processes::{Content, Reaction, Trouble},
};

/// As the buttons name it; the commands' file says the same.
pub const CAPABILITY: &str = "giveaways";

const HOW: Text = text("Press **Enter** to take part.", "Drück **Teilnehmen**, um mitzumachen.");
const IS_PAUSED: Text = text(
    "Paused: nobody can enter just now, and the end waits.",
    "Pausiert: gerade kann niemand mitmachen, und das Ende wartet.",
);
const IS_CLOSED: Text = text("Closed. It is being drawn.", "Geschlossen. Es wird gezogen.");
const IS_DRAWN: Text = text(
    "Drawn. The winners were called below.",
    "Gezogen. Wer gewonnen hat, wurde unten gerufen.",
);
const IS_CANCELLED: Text =
    text("Called off. Nobody was drawn.", "Abgesagt. Niemand wurde gezogen.");
const WINNERS: Text = text("Winners", "Gewinne");
const ENDS: Text = text("Ends", "Endet");
const ENDED: Text = text("Ended", "Endete");
const ENTRIES: Text = text("Entries", "Teilnahmen");
const COMMITTED: Text = text(
    "The seed of the draw is fixed already: {commitment}",
    "Der Startwert der Ziehung steht schon fest: {commitment}",
);
const NEEDS_ROLES: Text = text("Needed: {roles}", "Nötig: {roles}");
const NEEDS_ANY: Text = text("Needed, one of: {roles}", "Nötig, eine von: {roles}");
const NEEDS_NONE: Text = text("Not for: {roles}", "Nicht für: {roles}");
const NEEDS_ACCOUNT: Text =
    text("Discord account older than {days} days", "Discord-Konto älter als {days} Tage");
const NEEDS_MEMBER: Text = text("Member here for {days} days", "Seit {days} Tagen hier Mitglied");
const BONUS: Text = text("{role}: {n} more chances", "{role}: {n} Chancen mehr");
const ENTER: Text = text("Enter", "Teilnehmen");
const LEAVE: Text = text("Leave", "Zurückziehen");
const RECEIPT: Text = text("My receipt", "Mein Beleg");
const CLAIM: Text = text("Claim Prize", "Gewinn abholen");
const CLOSED_TITLE: Text = text("{prize}: entries are closed", "{prize}: Teilnahme geschlossen");
const CLOSED_BODY: Text = text(
    "{entries} numbers were given out, {standing} take part, with {weight} chances together.\n\
     Root of all entries (R): `{root}`\nCommitment to the seed (C): `{commitment}`\n\
     The number of this message goes into the draw.",
    "{entries} Nummern wurden vergeben, {standing} nehmen teil, mit zusammen {weight} Chancen.\n\
     Wurzel aller Teilnahmen (R): `{root}`\nFestlegung des Startwerts (C): `{commitment}`\n\
     Die Nummer dieser Nachricht geht in die Ziehung ein.",
);
const DRAWN_TITLE: Text = text("{prize}: drawn", "{prize}: gezogen");
const DRAWN_BODY: Text = text(
    "Seed: `{seed}`\nMessage (m): `{message}`\n\
     Anybody can draw again and compare: `/giveaway verify`.",
    "Startwert: `{seed}`\nNachricht (m): `{message}`\n\
     Alle können nachziehen und vergleichen: `/giveaway verify`.",
);
const CALLED: Text = text(
    "you have won **{prize}**! You have {time} from this message on to claim it: press the button.",
    "du hast **{prize}** gewonnen! Du hast ab dieser Nachricht {time}, um den Gewinn abzuholen: Drück den Knopf.",
);
const WON: Text = text("you have won **{prize}**!", "du hast **{prize}** gewonnen!");
const NOT_CALLED: Text = text(
    "**{prize}**: entry {entry} has won, and could not be called, because nothing can be posted where the giveaway is. They have until {until} to claim; until then you can tell them by hand, or reroll. Who they are: `/giveaway entrants`.",
    "**{prize}**: Teilnahme {entry} hat gewonnen und konnte nicht gerufen werden, weil dort, wo das Giveaway steht, nichts geschrieben werden kann. Abholen geht bis {until}; bis dahin kannst du es selbst sagen oder neu ziehen. Wer es ist: `/giveaway entrants`.",
);
const LAPSED: Text = text(
    "**{prize}**: entry {entry} did not claim in time.",
    "**{prize}**: Teilnahme {entry} hat nicht rechtzeitig abgeholt.",
);
const REROLLED: Text = text(
    "**{prize}**: the prize of entry {entry} goes to somebody else.",
    "**{prize}**: Der Gewinn von Teilnahme {entry} geht an jemand anderen.",
);
const EXHAUSTED: Text = text(
    "**{prize}**: all {n} rerolls have been used. This prize stays with nobody.",
    "**{prize}**: Alle {n} Neuziehungen sind verbraucht. Dieser Gewinn bleibt übrig.",
);
const NOBODY_LEFT: Text = text(
    "**{prize}**: nobody is left who could win. Prizes left over: {n}.",
    "**{prize}**: Niemand ist mehr da, der gewinnen könnte. Übrige Gewinne: {n}.",
);
const DISQUALIFIED: Text = text(
    "**{prize}**: entry {entry} was drawn and may not win: {why}. The next one is drawn.",
    "**{prize}**: Teilnahme {entry} wurde gezogen und darf nicht gewinnen: {why}. Die nächste wird gezogen.",
);

/// Makes what one community is shown.
pub struct Posts {
    guild: GuildId,
    lang: Lang,
    signer: Signer,
}

impl Posts {
    pub async fn of(reaction: &Reaction) -> Result<Self, Trouble> {
        let guild = reaction.guild();
        let settings = reaction.actions().settings::<GiveawaySettings>(guild).await?;
        let lang = match settings.values.language {
            Language::En => Lang::En,
            Language::De => Lang::De,
        };
        let signer = Signer::new(&reaction.people().key_for(PURPOSE));
        Ok(Self { guild, lang, signer })
    }

    /// The message when nobody has entered yet.
    pub fn fresh(
        &self,
        id: GiveawayId,
        terms: &Terms,
        commitment: Digest,
    ) -> Result<Content, Trouble> {
        self.announcement(id, terms, Phase::Open, 0, commitment)
    }

    /// The message as it should be now.
    pub fn now(&self, shown: &Shown) -> Result<Content, Trouble> {
        self.announcement(shown.id, &shown.terms, shown.phase, shown.standing, shown.commitment)
    }

    fn announcement(
        &self,
        id: GiveawayId,
        terms: &Terms,
        phase: Phase,
        standing: usize,
        commitment: Digest,
    ) -> Result<Content, Trouble> {
        let over = !matches!(phase, Phase::Open | Phase::Paused(_));
        let how = match phase {
            Phase::Open => HOW,
            Phase::Paused(_) => IS_PAUSED,
            Phase::Closed => IS_CLOSED,
            Phase::Drawn => IS_DRAWN,
            Phase::Cancelled => IS_CANCELLED,
        };
        let mut lines = vec![self.say(how)];
        if !over {
            lines.extend(self.requirements(&terms.requires));
            lines.extend(terms.bonus.iter().map(|bonus| {
                self.fill(BONUS, &[("role", &role(bonus.role)), ("n", &bonus.entries)])
            }));
        }
        let ends = terms.ends_at.as_secs();
        let mut reply = Reply::new(lines.join("\n"))
            .title(plain(&terms.prize))
            .field(self.say(WINNERS), number(self.lang, i64::from(terms.winners)))
            .field(self.say(if over { ENDED } else { ENDS }), format!("<t:{ends}:R>"))
            .field(self.say(ENTRIES), self.count(standing))
            .footer(self.fill(COMMITTED, &[("commitment", &commitment)]));
        if !over {
            reply = reply
                .button(self.button(ENTER, "enter", id, ButtonStyle::Success)?)
                .button(self.button(LEAVE, "leave", id, ButtonStyle::Secondary)?);
        }
        if phase != Phase::Cancelled {
            reply = reply.button(self.button(RECEIPT, "receipt", id, ButtonStyle::Secondary)?);
        }
        Ok(content(&reply))
    }

    fn requirements(&self, requires: &Requirements) -> Vec<String> {
        let mut lines = Vec::new();
        for (text, roles) in [
            (NEEDS_ROLES, &requires.all_of),
            (NEEDS_ANY, &requires.any_of),
            (NEEDS_NONE, &requires.none_of),
        ] {
            if !roles.is_empty() {
                let roles: Vec<_> = roles.iter().map(|one| role(*one)).collect();
                lines.push(self.fill(text, &[("roles", &roles.join(" "))]));
            }
        }
        for (text, days) in
            [(NEEDS_ACCOUNT, requires.account_days), (NEEDS_MEMBER, requires.member_days)]
        {
            if days > 0 {
                lines.push(self.fill(text, &[("days", &days)]));
            }
        }
        lines
    }

    /// What is drawn from.
    pub fn close(&self, shown: &Shown) -> Content {
        let body = self.fill(
            CLOSED_BODY,
            &[
                ("entries", &self.count(shown.entries)),
                ("standing", &self.count(shown.standing)),
                ("weight", &number(self.lang, shown.weight.cast_signed())),
                ("root", &shown.root.unwrap_or(Digest([0; 32]))),
                ("commitment", &shown.commitment),
            ],
        );
        content(&Reply::new(body).title(self.about(CLOSED_TITLE, shown)))
    }

    /// What it was drawn with.
    pub fn reveal(&self, shown: &Shown, message: MessageId, seed: &Digest) -> Content {
        let body = self.fill(DRAWN_BODY, &[("seed", seed), ("message", &message)]);
        content(&Reply::good(body).title(self.about(DRAWN_TITLE, shown)))
    }

    /// Calls a winner, whose mention is put before it. Their time begins once it stands there: so it
    /// says how long, and not until when.
    pub fn call(&self, shown: &Shown, to_claim: bool) -> Result<Content, Trouble> {
        let prize = plain(&shown.terms.prize);
        if !to_claim {
            return Ok(Content::text(self.fill(WON, &[("prize", &prize)])));
        }
        let time = duration(self.lang, i64::from(shown.terms.claim_secs));
        let text = self.fill(CALLED, &[("prize", &prize), ("time", &time)]);
        let button = self.button(CLAIM, "claim", shown.id, ButtonStyle::Success)?;
        let components = content(&Reply::default().button(button)).components;
        Ok(Content { components, ..Content::text(text) })
    }

    /// For whoever made it, and for the log.
    pub fn not_called(&self, shown: &Shown, entry: u32, until: Timestamp) -> Content {
        let (prize, until) = (plain(&shown.terms.prize), format!("<t:{}:f>", until.as_secs()));
        let with: [(&str, &dyn std::fmt::Display); 3] =
            [("prize", &prize), ("entry", &entry), ("until", &until)];
        Content::text(self.fill(NOT_CALLED, &with))
    }

    pub fn lapsed(&self, shown: &Shown, entry: u32) -> Content {
        let prize = plain(&shown.terms.prize);
        Content::text(self.fill(LAPSED, &[("prize", &prize), ("entry", &entry)]))
    }

    pub fn rerolled(&self, shown: &Shown, entry: u32) -> Content {
        let prize = plain(&shown.terms.prize);
        Content::text(self.fill(REROLLED, &[("prize", &prize), ("entry", &entry)]))
    }

    pub fn exhausted(&self, shown: &Shown, rerolls: u32) -> Content {
        let prize = plain(&shown.terms.prize);
        Content::text(self.fill(EXHAUSTED, &[("prize", &prize), ("n", &rerolls)]))
    }

    pub fn nobody_left(&self, shown: &Shown, prizes: u32) -> Content {
        let prize = plain(&shown.terms.prize);
        Content::text(self.fill(NOBODY_LEFT, &[("prize", &prize), ("n", &prizes)]))
    }

    pub fn disqualified(&self, shown: &Shown, entry: u32, why: Exclusion) -> Content {
        let why = match why {
            Exclusion::Left => text("took the entry back", "hat die Teilnahme zurückgezogen"),
            Exclusion::Removed => text("was taken out", "wurde herausgenommen"),
            Exclusion::Blocked => text("is blocked", "ist gesperrt"),
            Exclusion::LeftServer => text("left the server", "hat den Server verlassen"),
            Exclusion::NoLongerEligible => {
                text("no longer has the roles", "hat die Rollen nicht mehr")
            }
            Exclusion::PreviousWinner => text("has won before", "hat schon gewonnen"),
        };
        let prize = plain(&shown.terms.prize);
        let why = self.say(why);
        Content::text(
            self.fill(DISQUALIFIED, &[("prize", &prize), ("entry", &entry), ("why", &why)]),
        )
    }

    fn about(&self, title: Text, shown: &Shown) -> String {
        self.fill(title, &[("prize", &plain(&shown.terms.prize))])
    }

    fn button(
        &self,
        label: Text,
        verb: &str,
        id: GiveawayId,
        style: ButtonStyle,
    ) -> Result<Button, Trouble> {
        let payload = short_uuid(id.0);
        let sealed = self.signer.seal(self.guild, CAPABILITY, verb, &payload);
        let custom_id = sealed.map_err(|error| Trouble::Poison(error.to_string()))?;
        Ok(Button { label: self.say(label), custom_id, style, disabled: false })
    }

    fn count(&self, count: usize) -> String {
        number(self.lang, i64::try_from(count).unwrap_or(i64::MAX))
    }

    fn say(&self, text: Text) -> String {
        text.say(self.lang).to_owned()
    }

    fn fill(&self, text: Text, with: &[(&str, &dyn std::fmt::Display)]) -> String {
        text.fill(self.lang, with)
    }
}

/// Shown as the role's name; it pings nobody.
fn role(role: RoleId) -> String {
    format!("<@&{role}>")
}

/// A reply as an effect carries it.
fn content(reply: &Reply) -> Content {
    let list = |value: Value| match value {
        Value::Array(list) => list,
        _ => Vec::new(),
    };
    let components = serde_json::to_value(reply.components()).unwrap_or_default();
    let embeds = if reply.body.is_empty() { json!([]) } else { json!([reply.embed()]) };
    Content { embeds: list(embeds), components: list(components), ..Content::default() }
}
