//! Communities of the same seed are the same, and so are their days.

use std::collections::HashSet;

use super::*;
use crate::{Clock, Options, Shared};

fn grow(seed: u64, members: usize) -> (Shared, Community) {
    let clock = Clock::moved_by_hand(1_795_000_000_000);
    let shared = Shared::new(Options { seed, clock, ..Options::default() });
    let community = found(&mut shared.world.lock(), &Plan { seed, members });
    (shared, community.expect("a plan can be carried out"))
}

/// Everybody with what they are called and hold, and every channel.
fn portrait(shared: &Shared, community: &Community) -> Vec<String> {
    let world = shared.world.lock();
    let guild = world.guild(community.guild).expect("it was founded");
    let members = guild.members.keys().map(|user| format!("{}", world.member_json(guild, *user)));
    let channels = guild.channels.iter().map(|id| world.channel_json(*id));
    let channels = channels.map(|channel| channel.expect("it is there").to_string());
    members.chain(channels).chain([guild.name.clone()]).collect()
}

#[test]
fn given_the_same_seed_then_the_same_community_and_another_from_another() {
    let (one, here) = grow(7, 100);
    let (other, there) = grow(7, 100);
    assert_eq!(portrait(&one, &here), portrait(&other, &there));
    let (third, elsewhere) = grow(8, 100);
    assert_ne!(portrait(&one, &here), portrait(&third, &elsewhere));
    assert_eq!(here.members.len(), 100);
}

#[test]
fn given_a_community_then_moderators_see_their_room_and_the_bot_stands_above_them() {
    let (shared, community) = grow(1, 24);
    let world = shared.world.lock();
    let room = world.channel_named(community.guild, "mod-room").expect("there is one");
    let (moderator, member) = (community.members[1], community.members[10]);
    assert!(world.may_in(room, moderator, Permissions::SEND_MESSAGES));
    assert!(!world.may_in(room, member, Permissions::VIEW_CHANNEL));
    assert!(world.can_act_on(community.guild, community.application, moderator));
    assert!(!world.can_act_on(community.guild, community.application, community.members[0]));
    let rules = world.channel_named(community.guild, "rules").expect("there is one");
    assert!(!world.may_in(rules, member, Permissions::SEND_MESSAGES));
}

fn year_of(seed: u64) -> Vec<Vec<life::Moment>> {
    let life = life::Life::new(life::Extent { seed, members: 400, days: 90 });
    (0..90).map(|day| life.day(day, day % 7)).collect()
}

#[test]
fn given_a_seed_then_its_days_are_always_the_same_and_other_seeds_have_others() {
    assert_eq!(year_of(3), year_of(3));
    assert_ne!(year_of(3), year_of(4));
}

#[test]
fn given_a_large_community_then_it_is_lively_but_never_beyond_bounds() {
    for seed in 1..5 {
        let days = year_of(seed);
        let facts: usize = days.iter().map(Vec::len).sum();
        assert!((20_000..200_000).contains(&facts), "{facts}");
        for day in &days {
            assert!(day.is_sorted_by_key(|moment| moment.ms));
            assert!(day.iter().all(|moment| moment.ms < 86_400_000));
        }
    }
}

#[test]
fn given_any_day_then_only_those_who_are_there_act_and_everything_happens_in_time() {
    use life::Deed;
    let life = life::Life::new(life::Extent { seed: 9, members: 400, days: 90 });
    let mut kinds = std::collections::BTreeMap::new();
    for day in 0..90 {
        for moment in life.day(day, day % 7) {
            let one = &life.cast[moment.who];
            assert!(one.is_here(day), "day {day}: {moment:?}");
            if let Deed::Gives { to, .. } | Deed::MakesPatron { whom: to, .. } = moment.deed {
                assert!(life.cast[to].is_here(day) && to != moment.who);
            }
            let kind = format!("{:?}", moment.deed);
            let kind = kind.split([' ', '(']).next().unwrap_or_default().to_owned();
            *kinds.entry(kind).or_insert(0) += 1;
        }
    }
    let told = [
        "Joins",
        "Leaves",
        "Says",
        "Gives",
        "Bans",
        "TimesOut",
        "EntersVoice",
        "Decides",
        "OffersPrize",
        "EntersFor",
        "WithdrawsFrom",
        "AwaitsDraw",
        "SeesPrizeClaimed",
        "MakesCode",
        "Redeems",
        "JoinsSquad",
        "MakesPatron",
    ];
    for kind in told {
        assert!(kinds.contains_key(kind), "{kind}: {kinds:?}");
    }
}

#[test]
fn given_a_prize_then_it_is_offered_before_somebody_enters_and_drawn_when_nobody_can_any_more() {
    use life::Deed;
    let life = life::Life::new(life::Extent { seed: 4, members: 400, days: 90 });
    let mut offered = 0;
    for day in 0..90 {
        let (mut open, mut entered) = (None, HashSet::new());
        for moment in life.day(day, day % 7) {
            match moment.deed {
                Deed::OffersPrize { prize, winners, hours, .. } => {
                    assert!(open.is_none() && winners > 0);
                    open = Some((prize, moment.ms + hours * 3_600_000));
                    offered += 1;
                }
                Deed::EntersFor { prize } => {
                    let (of, ends) = open.expect("somebody enters for nothing");
                    assert!(of == prize && moment.ms < ends && entered.insert(moment.who));
                }
                Deed::WithdrawsFrom { .. } => assert!(entered.contains(&moment.who)),
                Deed::AwaitsDraw { prize } | Deed::SeesPrizeClaimed { prize } => {
                    let (of, ends) = open.expect("nothing is drawn");
                    assert!(of == prize && moment.ms > ends);
                }
                _ => {}
            }
        }
        assert!(open.is_none() || entered.len() > 5, "day {day}: {} entered", entered.len());
    }
    assert!(offered > 20, "{offered}");
}
