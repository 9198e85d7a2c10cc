//! An event in a sentence: each type has one. An event that lacks a field of it, being older, is
//! told by its name and fields. What is sealed is not opened here.

use std::{
    collections::{BTreeSet, HashMap},
    sync::LazyLock,
};

use async_graphql::Context;
use domain::{Actor, PersonId};
use eventlog::Recorded;
use serde_json::{Map, Value};

use crate::{people::Person, trouble::Answer};

/// By type: what stands in braces is a field, and `actor` who did it.
const SENTENCES: &[(&str, &str)] = &[
    ("economy.account_opened", "{person} began with {starting}"),
    ("economy.bytes_granted", "{actor} gave {amount} to {to}"),
    ("economy.bytes_taken", "{actor} took {amount} from {from}"),
    ("economy.bytes_transferred", "{from} sent {amount} to {to}"),
    ("economy.daily_awarded", "{to} received the reward of {day}: {amount}"),
    ("economy.bytes_spent", "{from} spent {amount} on {purpose}"),
    ("economy.spend_settled", "What was bought by {spend} is delivered"),
    ("economy.spend_refunded", "{to} got {amount} back"),
    ("moderation.member_warned", "{actor} warned {person} (case {case})"),
    ("moderation.member_noted", "{actor} noted something about {person} (case {case})"),
    ("moderation.ladder_step_taken", "{person} reached step {step} of the ladder: {deed}"),
    ("moderation.deed_ordered", "{actor} ordered for {person}: {deed} (case {case})"),
    ("moderation.deed_applied", "Discord did it to {person}: {deed} (case {case})"),
    ("moderation.deed_failed", "Discord did not do it to {person}: {deed} (case {case})"),
    ("moderation.deed_observed", "Done to {person} by hand: {deed} (case {case})"),
    ("moderation.warning_decayed", "A warning of {person} no longer counts (case {case})"),
    ("moderation.warning_pardoned", "{actor} took a warning of {person} back (case {case})"),
    ("moderation.lift_ordered", "{actor} had a {kind} of {person} lifted (case {case})"),
    ("moderation.lift_failed", "A punishment of {person} could not be lifted (case {case})"),
    ("moderation.sanction_retimed", "{actor} gave a {kind} of {person} another end (case {case})"),
    ("moderation.sanction_ended", "The {kind} of {person} is over (case {case})"),
    ("case.opened", "Case {case} about {about} was opened"),
    ("case.note_added", "{actor} wrote a note beside a case"),
    ("case.reason_edited", "{actor} wrote another reason for a case"),
    ("case.evidence_added", "{actor} added evidence to a case"),
    ("case.file_attached", "A file of a message became evidence of a case"),
    ("case.file_settled", "The copy of a file that is evidence: {outcome}"),
    ("case.hidden", "{actor} hid a case"),
    ("case.shown", "{actor} showed a case again"),
    ("case.linked", "{actor} linked a case with case {other}"),
    ("case.unlinked", "{actor} took the link with case {other} away"),
    ("case.status_changed", "{actor} called a case {to}; it was {from}"),
    ("case.appealed", "{who} appealed against a case"),
    ("case.appeal_decided", "{actor} answered an appeal"),
    ("activity.recorded", "Messages, voice and commands of a moment were counted"),
    ("activity.member_joined", "{person} joined"),
    ("activity.member_left", "{person} left"),
    ("activity.voice_changed", "{person} joined, left or changed in voice"),
    ("activity.observation_gap", "The bot saw nothing from {from} to {until}"),
    (
        "activity.gap_recovered",
        "{messages} messages were counted afterwards that the bot had not seen from {from} to {until}",
    ),
    ("activity_settings.changed", "{actor} changed activity's settings (version {version})"),
    ("levels.earned", "Messages and voice of a moment earned experience"),
    ("levels.voice_changed", "What {person} earns in voice changed to {percent} %"),
    ("levels.voice_skipped", "Nobody earned in voice from {from} to {until}: the bot saw nothing"),
    ("levels.xp_changed", "{actor} changed the experience of {person} from {from} to {to}"),
    ("levels.level_reached", "{person} reached level {level} with {xp} XP"),
    ("levels.role_ordered", "The role of level {level} is due for {person}"),
    ("levels.role_done", "{person} has the roles of their level"),
    ("levels.role_failed", "A role of a level could not be changed for {person}: {why}"),
    ("level_settings.changed", "{actor} changed the levels' settings (version {version})"),
    ("logs.noted", "The logs noted something"),
    ("logs.deletion_attributed", "A message was deleted by {by}"),
    ("logs.member_left_out", "{actor} left {person} out of the logs"),
    ("logs.member_taken_in", "{actor} took {person} into the logs again"),
    ("log_settings.changed", "{actor} changed the logs' settings (version {version})"),
    ("giveaway.created", "{by} created a giveaway"),
    ("giveaway.posted", "A giveaway was posted"),
    ("giveaway.post_failed", "A giveaway could not be posted: Discord's code {code}"),
    ("giveaway.edited", "{by} edited a giveaway"),
    ("giveaway.entered", "{person} entered a giveaway (entry {entry}, weight {weight})"),
    ("giveaway.entry_excluded", "Entry {entry} of {person} is out of a giveaway: {why}"),
    ("giveaway.paused", "{by} paused a giveaway"),
    ("giveaway.resumed", "{by} resumed a giveaway"),
    ("giveaway.cancelled", "{by} cancelled a giveaway"),
    ("giveaway.closed", "A giveaway closed with {standing} of {entries} entries"),
    ("giveaway.draw_begun", "The draw of a giveaway began, its seed is public"),
    ("giveaway.candidate_drawn", "{person} was drawn (entry {entry})"),
    ("giveaway.candidate_disqualified", "{person} was drawn and may not win: {why}"),
    ("giveaway.winner_confirmed", "{person} won a giveaway"),
    ("giveaway.claim_opened", "{person} can claim a prize until {claim_until}"),
    ("giveaway.prize_claimed", "{person} claimed a prize"),
    ("giveaway.claim_lapsed", "{person} did not claim a prize in time"),
    ("giveaway.winner_rerolled", "{by} had a prize of {person} drawn again"),
    ("giveaway.rerolls_exhausted", "A giveaway has used up its {rerolls} rerolls"),
    ("giveaway.nobody_left", "Nobody is left for {prizes} prizes"),
    ("giveaway_settings.changed", "{actor} changed the giveaways' settings (version {version})"),
    ("campaign.created", "{by} created the campaign {name}"),
    ("campaign.limits_set", "{by} changed the limits of a campaign"),
    ("campaign.revoked", "{by} revoked a campaign"),
    ("campaign.code_revoked", "{by} revoked a code"),
    ("campaign.redeemed", "{person} redeemed a code"),
    ("campaign.reward_delivered", "{person} received what a code brings"),
    ("campaign.reward_failed", "{person} could not be given what a code brings: {why}"),
    ("campaign.reward_ordered_again", "What a code brings {person} is tried again"),
    ("codes.codes_registered", "{actor} added codes to a campaign"),
    ("squads.created", "{by} created the squad {name}"),
    ("squads.edited", "{by} edited the squad {name}"),
    ("squads.deleted", "{by} deleted a squad"),
    ("squads.move_begun", "{person} asked to join a squad for {cost}"),
    ("squads.joined", "{person} joined a squad for {cost}"),
    ("squads.role_given", "{person} was given the role of their squad"),
    ("squads.move_refused", "{person} did not join a squad: {why}"),
    ("squads.move_undone", "{person} is back where they were, and {cost} is given back: {why}"),
    ("squads.roles_repaired", "{actor} had roles of squads made right"),
    ("squads.left", "{person} left their squad"),
    ("squads.released", "Members of a squad that was deleted were released"),
    ("squads_settings.changed", "{actor} changed the squads' settings (version {version})"),
    ("tiers.set", "{by} set the tier {name}, with {daily_bonus} a day"),
    ("tiers.removed", "{by} removed a tier"),
    ("tiers.granted", "{person} was granted a tier for {days} days, until {until}"),
    ("tiers.role_ordered", "The role of a tier is due for {person}"),
    ("tiers.role_given", "{person} was given the role of their tier"),
    ("tiers.role_failed", "The role of a tier could not be given to {person}: {why}"),
    ("tiers.ended", "The tier of {person} ended: {why}"),
    ("moderation.renewal_ordered", "The timeout of {person} is due to be renewed (case {case})"),
    ("moderation.renewal_applied", "The timeout of {person} was renewed (case {case})"),
    ("moderation.renewal_failed", "The timeout of {person} was not renewed (case {case}): {why}"),
    ("case.end_set", "{actor} gave a case another end"),
    ("awards.role_ordered", "{person} has earned a role"),
    ("awards.role_given", "{person} was given the role they earned"),
    ("awards.role_failed", "A role that was earned could not be given"),
    ("people.person_erased", "{person} asked to be forgotten"),
    ("blocks.blocked", "{actor} blocked {person}"),
    ("blocks.unblocked", "{actor} lifted the block of {person}"),
    ("keys.created", "{actor} made a key to the API; it ends {ends_at}"),
    ("keys.revoked", "{actor} revoked a key to the API of {owner}"),
    ("webhooks.created", "{actor} made a webhook"),
    ("webhooks.changed", "{actor} changed a webhook"),
    ("webhooks.secret_turned", "{actor} gave a webhook another secret"),
    ("webhooks.switched_off", "{actor} switched a webhook off: {why}"),
    ("webhooks.switched_on", "{actor} switched a webhook on again"),
    ("webhooks.test_asked", "{actor} tried a webhook out"),
    ("webhooks.deleted", "{actor} deleted a webhook"),
    ("refusals.transfer_refused", "{from} could not send {amount} to {to}: {rule}"),
    ("refusals.action_refused", "{who} was refused {what}: {rule}"),
    ("reads.case_opened", "{actor} looked at case {case} about {whom}"),
    ("reads.record_opened", "{actor} looked at what there is against {whom}"),
    ("reads.cases_browsed", "{actor} looked through the cases"),
    ("reads.log_read", "{actor} read the logs"),
    ("reads.log_searched", "{actor} read what the logs say of {whom}"),
    ("reads.file_opened", "{actor} opened a file of case {case}"),
    ("reads.list_taken", "{actor} took the list {list} along"),
    ("reads.list_searched", "{actor} took along what the list {list} says of {whom}"),
    ("reads.history_searched", "{actor} searched the history for what {whom} did"),
    ("reads.many_opened", "{actor} looked at more than is told one by one"),
    ("grants.given", "{actor} made {person} {role} until {until}"),
    ("grants.end_moved", "{actor} has {person} stay {role} until {until}"),
    ("grants.taken_back", "{actor} took back that {person} is {role}"),
    ("visits.begun", "{operator} runs this bot and was let in until {until}"),
    ("visits.ended", "The visit of {operator}, who runs this bot, was ended"),
    ("economy_settings.changed", "{actor} changed the economy's settings (version {version})"),
    ("moderation_settings.changed", "{actor} changed moderation's settings (version {version})"),
    ("access_settings.changed", "{actor} changed which roles may do what (version {version})"),
    ("command_settings.changed", "{actor} changed the commands' settings (version {version})"),
    ("module_settings.changed", "{actor} switched a module (version {version})"),
    ("platform_settings.changed", "{actor} changed the installation's settings"),
];

/// The longest text that a field is told with.
const MAX_FIELD_CHARS: usize = 80;

pub async fn sentence(ctx: &Context<'_>, event: &Recorded) -> Answer<String> {
    let fields = fields(event);
    let actor = event.metadata()?.actor;
    let persons = persons_of(&event.type_name);
    let mut numbers: BTreeSet<PersonId> = persons
        .iter()
        .filter_map(|name| fields.get(*name).and_then(Value::as_u64))
        .filter_map(|number| u32::try_from(number).ok().map(PersonId))
        .collect();
    if let Actor::Person(number) = actor {
        numbers.insert(number);
    }
    let mut names = HashMap::new();
    for number in numbers {
        let name = Person::of(event.guild(), number).name_in(ctx).await?;
        names.insert(number, name.unwrap_or_else(|| format!("member #{}", number.0)));
    }
    let told = |name: &str| {
        if name == "actor" {
            return who(&actor, &names);
        }
        let value = fields.get(name)?;
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok()).map(PersonId);
        let person = number.filter(|_| persons.contains(&name));
        person.map_or_else(|| plain(value), |number| names.get(&number).cloned())
    };
    let own = SENTENCES.iter().find(|(kind, _)| *kind == event.type_name);
    if let Some(sentence) = own.and_then(|(_, template)| filled(template, &told)) {
        return Ok(sentence);
    }
    let parts: Vec<_> = fields
        .keys()
        .filter_map(|name| Some(format!("{} {}", name.replace('_', " "), told(name)?)))
        .collect();
    let name = event.type_name.rsplit('.').next().unwrap_or_default().replace('_', " ");
    let by = who(&actor, &names).unwrap_or_default();
    let rest = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    Ok(format!("{by}: {name}{rest}"))
}

/// What is inside the event; the payload is tagged with the last part of its type.
fn fields(event: &Recorded) -> Map<String, Value> {
    let payload = serde_json::from_str::<Value>(&event.payload).unwrap_or_default();
    let inside = payload.as_object().and_then(|tagged| tagged.values().next());
    inside.and_then(Value::as_object).cloned().unwrap_or_default()
}

fn who(actor: &Actor, names: &HashMap<PersonId, String>) -> Option<String> {
    match actor {
        Actor::Person(number) => names.get(number).cloned(),
        Actor::Process(name) => Some(format!("The bot ({name})")),
        Actor::Operator => Some("An operator".to_owned()),
        Actor::Import => Some("An import".to_owned()),
    }
}

/// None for what cannot be told in a few words.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.chars().take(MAX_FIELD_CHARS).collect()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// None where a field is missing.
fn filled(template: &str, told: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut sentence = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        sentence.push_str(before);
        sentence.push_str(&told(name)?);
        rest = after;
    }
    sentence.push_str(rest);
    Some(sentence)
}

/// The fields of a type that hold the number of a person, as the event's own schema says.
fn persons_of(type_name: &str) -> &'static [&'static str] {
    static KNOWN: LazyLock<HashMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
        let mut known = HashMap::new();
        for family in eventlog::families() {
            let schema = family.schema.to_value();
            for kind in family.types {
                let tag = kind.name.rsplit('.').next().unwrap_or_default();
                known.insert(kind.name, persons_in(&schema, tag));
            }
        }
        known
    });
    KNOWN.get(type_name).map_or(&[], Vec::as_slice)
}

fn persons_in(schema: &Value, tag: &str) -> Vec<&'static str> {
    let variants = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array);
    let of_tag = |variant: &Value| variant.pointer(&format!("/properties/{tag}")).cloned();
    let inside = variants.map_or_else(|| of_tag(schema), |all| all.iter().find_map(of_tag));
    let properties = inside.and_then(|inside| inside.get("properties")?.as_object().cloned());
    let is_person = |(_, value): &(String, Value)| value.to_string().contains("$defs/PersonId");
    let named = properties.into_iter().flatten().filter(is_person);
    // Once for the whole life of the process, as many as there are fields.
    named.map(|(name, _)| &*Box::leak(name.into_boxed_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_the_events_own_schema_then_the_people_in_it_are_found() {
        assert_eq!(persons_of("economy.bytes_transferred"), ["from", "to"]);
        assert_eq!(persons_of("people.person_erased"), ["person"]);
        assert!(persons_of("economy_settings.changed").is_empty());
        assert!(persons_of("no.such").is_empty());
    }

    #[test]
    fn given_every_sentence_then_it_is_of_a_type_that_exists_and_names_its_fields() {
        let families = eventlog::families();
        for (kind, template) in SENTENCES {
            let family = families.iter().find(|f| f.types.iter().any(|t| t.name == *kind));
            let family = family.unwrap_or_else(|| panic!("{kind} is no type of an event"));
            let text = family.schema.clone().to_value().to_string();
            for part in template.split('{').skip(1) {
                let name = part.split('}').next().unwrap_or_default();
                let there = name == "actor" || text.contains(&format!("\"{name}\""));
                assert!(there, "{kind} has no field {name}");
            }
        }
    }

    #[test]
    fn given_every_type_that_is_written_then_it_has_a_sentence() {
        let told = |kind: &str| SENTENCES.iter().any(|(name, _)| *name == kind);
        let all = eventlog::families().into_iter().flat_map(|family| family.types);
        let without: Vec<_> = all.map(|kind| kind.name).filter(|kind| !told(kind)).collect();
        assert_eq!(without, [""; 0]);
    }

    #[test]
    fn given_a_field_that_is_missing_then_no_half_sentence_is_told() {
        let told = |name: &str| (name == "to").then(|| "Ann".to_owned());
        assert_eq!(filled("to {to}.", &told), Some("to Ann.".to_owned()));
        assert_eq!(filled("{from} to {to}", &told), None);
    }
}
