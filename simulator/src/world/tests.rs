//! What the world's verbs keep, whoever calls them.

use std::time::Duration;

use serde_json::json;

use super::{
    By, Refusal,
    channel::{ChannelEdit, Kind},
    member::MemberEdit,
    message::{AllowedMentions, Author, NewMessage},
    role::RoleEdit,
    thread::NewThread,
};
use crate::{
    Clock, Id, Options, Permissions, Shared,
    community::{self, Community, Plan},
    limits,
};

fn world() -> (Shared, Community) {
    let clock = Clock::moved_by_hand(1_795_000_000_000);
    let shared = Shared::new(Options { clock, ..Options::default() });
    let community = community::found(&mut shared.world.lock(), &Plan { seed: 2, members: 6 });
    (shared, community.expect("a community is founded"))
}

#[test]
fn given_roles_that_are_moved_then_places_are_1_2_3_without_gap_and_everyone_is_below() {
    let (shared, community) = world();
    let mut world = shared.world.lock();
    let (guild, by) = (community.guild, By::user(community.owner));
    let made: Vec<_> = (0..5)
        .map(|number| {
            let edit = RoleEdit::named(&format!("role {number}"));
            world.create_role(guild, edit, &by).expect("there is room")
        })
        .collect();
    world.move_roles(guild, &[(made[0], 4), (made[3], 1)], &by).expect("they are there");
    world.delete_role(guild, made[2], &by).expect("it is there");
    let guild = world.guild(guild).expect("it is there");
    let mut places: Vec<_> = guild.roles.values().map(|role| role.position).collect();
    places.sort_unstable();
    let expected: Vec<i64> = (0..).take(guild.roles.len()).collect();
    assert_eq!(places, expected);
    assert_eq!(guild.roles[&guild.id].position, 0);
    assert!(guild.roles[&made[0]].position > guild.roles[&made[3]].position);
}

#[test]
fn given_a_deleted_role_then_nobody_holds_it_and_no_channel_names_it() {
    let (shared, community) = world();
    let mut world = shared.world.lock();
    let (guild, by) = (community.guild, By::user(community.owner));
    let role = world.create_role(guild, RoleEdit::named("gone"), &by).expect("room");
    let member = community.members[3];
    world.add_member_role(guild, member, role, &by).expect("both are there");
    let channel = world.channel_named(guild, "general").expect("it is there");
    let overwrite = crate::permissions::Overwrite {
        id: role,
        of: crate::permissions::OverwriteOf::Role,
        allow: Permissions::NONE,
        deny: Permissions::SEND_MESSAGES,
    };
    world.set_overwrite(channel, overwrite, &by).expect("it is there");
    world.delete_role(guild, role, &by).expect("it is there");
    assert!(!world.member(guild, member).expect("there").roles.contains(&role));
    assert!(world.channel(channel).expect("there").overwrites.iter().all(|it| it.id != role));
    assert_eq!(world.delete_role(guild, guild, &by), Err(Refusal::INVALID_ROLE));
    let unknown = MemberEdit { roles: Some(vec![role]), ..MemberEdit::default() };
    assert_eq!(world.edit_member(guild, member, unknown, &by), Err(Refusal::INVALID_ROLE));
}

#[test]
fn given_an_enforced_nonce_then_the_same_message_is_given_for_some_minutes_only() {
    let (shared, community) = world();
    let mut world = shared.world.lock();
    let channel = world.channel_named(community.guild, "general").expect("it is there");
    let bot = Author::User(community.application);
    let send = |world: &mut super::World, nonce: &str, enforce| {
        let new = NewMessage {
            nonce: Some(json!(nonce)),
            enforce_nonce: enforce,
            ..NewMessage::text("paid")
        };
        world.create_message(channel, bot.clone(), new).expect("it may")
    };
    let first = send(&mut world, "a", true);
    assert_eq!(send(&mut world, "a", true), first);
    assert_ne!(send(&mut world, "b", true), first);
    assert_ne!(send(&mut world, "a", false), first, "it was not asked for");
    world.clock.advance(limits::NONCE_REMEMBERED + Duration::from_secs(1));
    assert_ne!(send(&mut world, "a", true), first, "it is forgotten");
    // Another's nonce is another nonce.
    let mine =
        NewMessage { nonce: Some(json!("a")), enforce_nonce: true, ..NewMessage::text("mine") };
    let of_member = Author::User(community.members[0]);
    let mine = world.create_message(channel, of_member, mine).expect("it may");
    assert_eq!(world.message(channel, mine).expect("there").content, "mine");
}

#[test]
fn given_mentions_then_only_allowed_ones_ring() {
    let (shared, community) = world();
    let mut world = shared.world.lock();
    let channel = world.channel_named(community.guild, "general").expect("it is there");
    let (one, other) = (community.members[0], community.members[1]);
    let text = format!("<@{one}> <@!{other}> <@&{}> @everyone", community.guild);
    let send = |world: &mut super::World, allowed| {
        let new = NewMessage { allowed_mentions: allowed, ..NewMessage::text(&text) };
        let bot = Author::User(community.application);
        let id = world.create_message(channel, bot, new).expect("it may");
        let message = world.message(channel, id).expect("it is there");
        (message.mentions.clone(), message.mention_roles.len(), message.mention_everyone)
    };
    assert_eq!(send(&mut world, None), (vec![one, other], 1, true));
    let none = AllowedMentions::default();
    assert_eq!(send(&mut world, Some(none.clone())), (vec![], 0, false));
    let some = AllowedMentions { users: vec![other], ..none };
    assert_eq!(send(&mut world, Some(some)), (vec![other], 0, false));
}

#[test]
fn given_more_messages_than_a_channel_keeps_then_the_oldest_make_room() {
    let (shared, community) = world();
    let mut world = shared.world.lock();
    let channel = world.channel_named(community.guild, "general").expect("it is there");
    let by = By::user(community.owner);
    let say = |world: &mut super::World| {
        let author = Author::User(community.owner);
        world.create_message(channel, author, NewMessage::text("x")).expect("they may")
    };
    let first = say(&mut world);
    world.pin_message(channel, first, &by).expect("it is there");
    for _ in 0..limits::MESSAGES_IN_CHANNEL {
        say(&mut world);
    }
    let found = world.channel(channel).expect("it is there");
    assert_eq!(found.messages.len(), limits::MESSAGES_IN_CHANNEL);
    assert!(!found.messages.contains_key(&first) && found.pins.is_empty());
}

#[test]
fn given_a_thread_then_it_wakes_with_a_message_sleeps_when_quiet_and_goes_with_its_channel() {
    let (shared, community) = world();
    let mut world = shared.world.lock();
    let by = By::user(community.owner);
    let channel =
        world.create_channel(community.guild, Kind::Text, "talk", None, &by).expect("room");
    let author = Author::User(community.owner);
    let begin = NewMessage::text("let us talk");
    let message = world.create_message(channel, author.clone(), begin).expect("they may");
    let new = NewThread::public("about it");
    let thread = world.create_thread(channel, Some(message), new.clone(), &by).expect("they may");
    assert_eq!(thread, message, "it has the message's id");
    let again = world.create_thread(channel, Some(message), new, &by);
    assert_eq!(again, Err(Refusal::THREAD_EXISTS));
    world.clock.advance(Duration::from_hours(25));
    world.archive_quiet_threads();
    assert!(world.channel(thread).expect("there").archived);
    assert_eq!(
        world.add_thread_member(thread, community.members[0]),
        Err(Refusal::THREAD_IS_ARCHIVED)
    );
    world.create_message(thread, author, NewMessage::text("hm")).expect("they may");
    assert!(!world.channel(thread).expect("there").archived);
    world.delete_channel(channel, &by).expect("it is there");
    assert!(world.channel(thread).is_err() && world.channel(channel).is_err());
}

#[test]
fn given_commands_that_are_declared_again_then_unchanged_ones_keep_id_and_version() {
    let (shared, community) = world();
    let mut world = shared.world.lock();
    let app = community.application;
    let command = |name: &str, says: &str| {
        let body = json!({ "name": name, "description": says });
        body.as_object().expect("an object").clone()
    };
    let first = world.set_commands(app, None, vec![command("a", "1"), command("b", "1")]);
    let first = first.expect("they are declared");
    let version =
        |world: &super::World, id: Id| world.command(app, None, id).map(|command| command.version);
    let (a, b) = (version(&world, first[0]), version(&world, first[1]));
    let second = world.set_commands(app, None, vec![command("b", "2"), command("a", "1")]);
    assert_eq!(second, Ok(vec![first[1], first[0]]));
    assert_eq!(version(&world, first[0]), a);
    assert_ne!(version(&world, first[1]), b);
    world.set_commands(app, None, vec![command("a", "1")]).expect("they are declared");
    assert_eq!(version(&world, first[1]), Err(Refusal::UNKNOWN_COMMAND));
    // A guild's own command stands beside, and goes before.
    let (own, new) =
        world.put_command(app, Some(community.guild), command("a", "ours")).expect("declared");
    assert!(new && own != first[0]);
    let meant = world.find_command(Some(community.guild), 1, "a").expect("there is one");
    assert_eq!(meant.id, own);
}

#[test]
fn given_an_invite_then_it_ends_with_its_age_and_its_uses() {
    let (shared, community) = world();
    let mut world = shared.world.lock();
    let by = By::user(community.owner);
    let channel = world.channel_named(community.guild, "general").expect("it is there");
    let once = world.create_invite(channel, 0, 1, false, &by).expect("there is room");
    let old = world.create_invite(channel, 60, 0, false, &by).expect("there is room");
    let new = world.add_user("newcomer", None).expect("there is room");
    world.use_invite(&once, new).expect("it is good");
    assert!(world.member(community.guild, new).is_ok());
    let other = world.add_user("latecomer", None).expect("there is room");
    assert_eq!(world.use_invite(&once, other), Err(Refusal::UNKNOWN_INVITE));
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(world.use_invite(&old, other), Err(Refusal::UNKNOWN_INVITE));
}

#[test]
fn given_a_change_that_changes_nothing_then_the_audit_log_stays_as_it_is() {
    let (shared, community) = world();
    let mut world = shared.world.lock();
    let by = By::because(community.owner, "no reason");
    let channel = world.channel_named(community.guild, "general").expect("it is there");
    let entries =
        |world: &super::World| world.guild(community.guild).expect("there").audit_log.len();
    let before = entries(&world);
    let same = ChannelEdit { name: Some("general".to_owned()), ..ChannelEdit::default() };
    world.edit_channel(channel, same, &by).expect("it is there");
    let roles = world.member(community.guild, community.members[0]).expect("there").roles.clone();
    let same = MemberEdit { roles: Some(roles), ..MemberEdit::default() };
    world.edit_member(community.guild, community.members[0], same, &by).expect("there");
    assert_eq!(entries(&world), before);
    let other = ChannelEdit { name: Some("parlour".to_owned()), ..ChannelEdit::default() };
    world.edit_channel(channel, other, &by).expect("it is there");
    let guild = world.guild(community.guild).expect("there");
    let entry = guild.audit_log.back().expect("an entry").to_json();
    assert_eq!(entry["action_type"], 11);
    assert_eq!(entry["reason"], "no reason");
    let change = json!([{ "key": "name", "old_value": "general", "new_value": "parlour" }]);
    assert_eq!(entry["changes"], change);
}

#[test]
fn given_direct_messages_then_two_people_have_one_channel() {
    let (shared, community) = world();
    let mut world = shared.world.lock();
    let (one, other) = (community.members[0], community.application);
    let channel = world.open_direct(one, other).expect("both are there");
    assert_eq!(world.open_direct(other, one), Ok(channel));
    assert!(world.open_direct(one, one).is_err());
    let third = community.members[1];
    assert!(!world.may_in(channel, third, Permissions::VIEW_CHANNEL));
    assert!(world.may_in(channel, one, Permissions::SEND_MESSAGES));
}
