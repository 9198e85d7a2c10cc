//! Giveaways: who may run them, who gets in, what a template gives, who is left out of a draw.

use actions::{
    Permissions,
    giveaways::{Changes, Entrance, Plan, Seen, Shown, Status},
};
use domain::{
    ChannelId, GiveawayId, MessageId, UserId,
    giveaways::{
        Bonus, Phase, WinnerState,
        settings::{Needs, Template, TemplateRole},
    },
};

use crate::support::{
    House, ann, ben, fresh, guild, member, on_each_store, role, rule, user, with,
};

fn host() -> actions::Caller {
    with(user(900), Permissions::MANAGE_GUILD)
}

fn plan(prize: &str) -> Plan {
    Plan { prize: prize.to_owned(), duration_secs: Some(3_600), ..Plan::default() }
}

async fn made(house: &House, plan: &Plan) -> Shown {
    let (channel, at) = (ChannelId::new(500).unwrap(), house.actions.now());
    let made = house.actions.create_giveaway(guild(), &host(), channel, plan, at, fresh()).await;
    made.unwrap()
}

async fn enters(
    house: &House,
    id: GiveawayId,
    who: UserId,
    roles: &[u64],
) -> Result<u32, actions::ActionError> {
    let roles = roles.iter().map(|number| role(*number)).collect();
    let entrance = Entrance { user: who, roles, joined_at: None, at: house.actions.now() };
    let entered = house.actions.enter_giveaway(guild(), &member(who), id, entrance, fresh()).await;
    entered.map(|receipt| receipt.entry)
}

/// Ended, drawn, and everybody who was drawn confirmed.
async fn drawn(house: &House, id: GiveawayId) -> Vec<UserId> {
    let (actions, at) = (&house.actions, house.actions.now());
    actions.end_giveaway(guild(), &host(), id, at, fresh()).await.unwrap();
    let message = MessageId::new(77).unwrap();
    actions.draw_giveaway(guild(), id, message, fresh()).await.unwrap();
    let mut winners = Vec::new();
    for winner in actions.shown_giveaway(guild(), id).await.unwrap().winners {
        let seen = Seen::Member { roles: Vec::new() };
        actions.settle_candidate(guild(), id, winner.entry, &seen, fresh()).await.unwrap();
        winners.push(actions.people().user(guild(), winner.person).await.unwrap().unwrap());
    }
    winners
}

// proves: GIV-01, GIV-02, GIV-05
#[test]
fn given_a_giveaway_then_hosts_make_it_and_members_enter_by_its_rules() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let (channel, at) = (ChannelId::new(500).unwrap(), house.actions.now());
        let (caller, bench) = (member(ann()), plan("A bench"));
        let made =
            house.actions.create_giveaway(guild(), &caller, channel, &bench, at, fresh()).await;
        assert_eq!(rule(made), "guard.permission");
        let required = Plan { required_role: Some(role(7)), ..plan("A bench") };
        let key = fresh();
        let create = async || {
            house.actions.create_giveaway(guild(), &host(), channel, &required, at, key).await
        };
        let shown = create().await.unwrap();
        assert_eq!(create().await.unwrap().id, shown.id, "the same request makes the same one");
        assert_eq!((shown.terms.claim_secs, shown.terms.max_rerolls), (300, 3));
        assert_eq!(rule(enters(&house, shown.id, ann(), &[]).await), "giveaway.role_needed");
        assert_eq!(enters(&house, shown.id, ann(), &[7]).await.unwrap(), 1);
        assert_eq!(enters(&house, shown.id, ann(), &[7]).await.unwrap(), 1, "again");
        assert_eq!(enters(&house, shown.id, ben(), &[7, 8]).await.unwrap(), 2);
        let nothing = GiveawayId(uuid::Uuid::from_u128(1));
        assert_eq!(rule(enters(&house, nothing, ann(), &[7]).await), "giveaway.no_such_giveaway");
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_a_template_then_what_is_not_said_comes_from_it_and_the_rest_from_the_settings() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.set("giveaways", "max_rerolls", "9").await;
        let weekly = Template {
            name: "weekly".to_owned(),
            winners: 4,
            duration_secs: 600,
            claim_secs: 60,
            account_days: 30,
            member_days: 7,
        };
        let actions = &house.actions;
        let caller = member(ann());
        let refused = actions.save_giveaway_template(guild(), &caller, &weekly, fresh()).await;
        assert_eq!(rule(refused), "guard.permission");
        actions.save_giveaway_template(guild(), &host(), &weekly, fresh()).await.unwrap();
        let plan = Plan {
            prize: "A bench".to_owned(),
            winners: Some(2),
            template: Some("weekly".to_owned()),
            ..Plan::default()
        };
        let terms = made(&house, &plan).await.terms;
        assert_eq!((terms.winners, terms.claim_secs, terms.max_rerolls), (2, 60, 9));
        assert_eq!((terms.requires.account_days, terms.requires.member_days), (30, 7));
        assert_eq!(terms.ends_at, actions.now().plus_secs(600));
        names_roles(&house, &plan).await;
        actions.drop_giveaway_template(guild(), &host(), "weekly", fresh()).await.unwrap();
        let gone = actions.drop_giveaway_template(guild(), &host(), "weekly", fresh()).await;
        assert_eq!(rule(gone), "input");
        house.close().await;
    });
}

/// Roles of a template are those of what is made from it, but for what is said otherwise.
async fn names_roles(house: &House, plan: &Plan) {
    let actions = &house.actions;
    let name = async |needs, number, entries| {
        let (template, role) = ("weekly".to_owned(), role(number));
        let named = TemplateRole { template, needs, role, entries };
        actions.name_template_role(guild(), &host(), &named, fresh()).await
    };
    name(Needs::All, 7, 0).await.unwrap();
    name(Needs::Any, 8, 0).await.unwrap();
    name(Needs::Any, 9, 0).await.unwrap();
    name(Needs::None, 10, 0).await.unwrap();
    name(Needs::Bonus, 7, 3).await.unwrap();
    name(Needs::Bonus, 7, 4).await.unwrap();
    assert_eq!(rule(name(Needs::Bonus, 7, 0).await), "settings.invalid");
    let terms = made(house, plan).await.terms;
    let requires = &terms.requires;
    assert_eq!((&requires.all_of[..], &requires.none_of[..]), (&[role(7)][..], &[role(10)][..]));
    assert_eq!(requires.any_of, [role(8), role(9)]);
    assert_eq!(terms.bonus, [Bonus { role: role(7), entries: 4 }]);
    let other = Plan { required_role: Some(role(8)), ..plan.clone() };
    let terms = made(house, &other).await.terms;
    assert_eq!((&terms.requires.all_of[..], terms.requires.any_of.len()), (&[role(8)][..], 2));

    let caller = member(ann());
    let refused = actions.drop_template_role(guild(), &caller, ("weekly", role(7)), fresh()).await;
    assert_eq!(rule(refused), "guard.permission");
    actions.drop_template_role(guild(), &host(), ("weekly", role(7)), fresh()).await.unwrap();
    let terms = made(house, plan).await.terms;
    assert!(terms.requires.all_of.is_empty() && terms.bonus.is_empty());
    let nowhere = actions.drop_template_role(guild(), &host(), ("monthly", role(7)), fresh()).await;
    assert_eq!(rule(nowhere), "input");
}

// proves: GIV-12
#[test]
fn given_the_setting_then_whoever_won_before_is_left_out_of_the_next_draw() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        house.set("giveaways", "exclude_past_winners", "on").await;
        let no_claim = Plan { claim_secs: Some(0), ..plan("A bench") };
        let first = made(&house, &no_claim).await.id;
        enters(&house, first, ann(), &[]).await.unwrap();
        assert_eq!(drawn(&house, first).await, [ann()]);
        house.caught_up().await;
        let second = made(&house, &Plan { winners: Some(2), ..no_claim }).await.id;
        for who in [ann(), ben()] {
            enters(&house, second, who, &[]).await.unwrap();
        }
        assert_eq!(drawn(&house, second).await, [ben()], "two prizes, and one who may win");
        house.caught_up().await;
        let (caller, drawn) = (member(ann()), Some(Status::Drawn));
        let list = house.actions.giveaways(guild(), &caller, drawn, None, 5).await;
        assert_eq!(list.unwrap().len(), 2);
        let page = house.actions.entrants(guild(), &host(), second, 0, 1).await.unwrap();
        let standing = (page.lines[0].user, page.lines[0].standing.as_str(), page.next);
        assert_eq!(standing, (Some(ann()), "previous_winner", Some(1)));
        let hidden = house.actions.entrants(guild(), &member(ann()), second, 0, 1).await;
        assert_eq!(rule(hidden), "guard.permission");
        runtime.shutdown().await;
        house.close().await;
    });
}

// proves: GIV-05, GIV-11, GIV-13, GIV-14
#[test]
fn given_candidates_who_may_not_win_and_a_reroll_then_the_next_are_drawn() {
    on_each_store(async |site| {
        let house = site.open().await;
        let id = made(&house, &Plan { required_role: Some(role(7)), ..plan("A bench") }).await.id;
        for number in 101..=104 {
            enters(&house, id, user(number), &[7]).await.unwrap();
        }
        let (actions, at) = (&house.actions, house.actions.now());
        actions.end_giveaway(guild(), &host(), id, at, fresh()).await.unwrap();
        let message = MessageId::new(77).unwrap();
        actions.draw_giveaway(guild(), id, message, fresh()).await.unwrap();
        let last =
            async || *actions.shown_giveaway(guild(), id).await.unwrap().winners.last().unwrap();
        let settle = async |seen: &Seen| {
            let entry = last().await.entry;
            actions.settle_candidate(guild(), id, entry, seen, fresh()).await.unwrap();
        };
        let sound = Seen::Member { roles: vec![role(7)] };
        settle(&Seen::NotAMember).await;
        settle(&Seen::Member { roles: Vec::new() }).await;
        let blocked = actions.people().user(guild(), last().await.person).await.unwrap().unwrap();
        let scope = actions::blocks::Scope::Guild(guild());
        let who = actions::blocks::Blocked::User(blocked);
        let operator = actions::Caller::operator();
        actions.block(scope, &operator, who, "spam", None, fresh()).await.unwrap();
        settle(&sound).await;
        let winner = last().await;
        assert_eq!(winner.state, WinnerState::Candidate, "the fourth");
        settle(&sound).await;
        let winner = actions.people().user(guild(), winner.person).await.unwrap().unwrap();
        let reroll = async |caller: actions::Caller, reason: &'static str| {
            actions.reroll_giveaway(guild(), &caller, id, winner, reason, at, fresh()).await
        };
        assert_eq!(rule(reroll(member(winner), "mine").await), "guard.permission");
        assert_eq!(rule(reroll(host(), "  ").await), "giveaway.reason_invalid");
        reroll(host(), "gave it back").await.unwrap();
        assert_eq!(
            rule(reroll(host(), "again").await),
            "giveaway.no_prize",
            "the prize has gone on"
        );
        let reasons: Vec<_> = house
            .events(guild(), "giveaway")
            .await
            .iter()
            .filter(|event| event.type_name == "giveaway.candidate_disqualified")
            .map(|event| event.payload.to_string())
            .collect();
        for (reason, why) in reasons.iter().zip(["left_server", "no_longer_eligible", "blocked"]) {
            assert!(reason.contains(why), "{why}: {reason}");
        }
        assert_eq!(reasons.len(), 3);
        house.close().await;
    });
}

#[test]
fn given_a_change_or_a_pause_then_the_end_moves_and_a_bundle_needs_a_draw() {
    on_each_store(async |site| {
        let house = site.open().await;
        let (actions, shown) = (&house.actions, made(&house, &plan("A bench")).await);
        let (id, at) = (shown.id, actions.now());
        let changes = Changes {
            prize: Some(" A lamp ".to_owned()),
            ends_in_secs: Some(60),
            ..Changes::default()
        };
        let edited = actions.edit_giveaway(guild(), &host(), id, &changes, at, fresh()).await;
        let edited = edited.unwrap().terms;
        assert_eq!((edited.prize.as_str(), edited.ends_at), ("A lamp", at.plus_secs(60)));
        actions.pause_giveaway(guild(), &host(), id, at, fresh()).await.unwrap();
        assert_eq!(rule(enters(&house, id, ann(), &[]).await), "giveaway.paused");
        site.pass_secs(30);
        let now = actions.now();
        let resumed = actions.resume_giveaway(guild(), &host(), id, now, fresh()).await.unwrap();
        assert_eq!((resumed.phase, resumed.terms.ends_at), (Phase::Open, at.plus_secs(90)));
        assert_eq!(rule(actions.draw_bundle(guild(), &host(), id).await), "giveaway.not_drawn");
        actions.cancel_giveaway(guild(), &host(), id, now, fresh()).await.unwrap();
        assert_eq!(rule(enters(&house, id, ann(), &[]).await), "giveaway.cancelled");
        house.close().await;
    });
}
