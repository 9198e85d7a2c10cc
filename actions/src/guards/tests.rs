//! Who may do what to whom: the whole matrix.

use domain::RoleId;

use super::*;

const ADMIN_ROLE: u64 = 71;
const MODERATOR_ROLE: u64 = 72;
const GIVEAWAY_ROLE: u64 = 33;
const OTHER_ROLE: u64 = 73;
const AUDITOR_ROLE: u64 = 204;
const ANALYST_ROLE: u64 = 205;

fn user(number: u64) -> UserId {
    UserId::new(number).unwrap()
}

fn role(number: u64) -> RoleId {
    RoleId::new(number).unwrap()
}

fn access() -> AccessSettings {
    AccessSettings {
        admin_roles: vec![role(ADMIN_ROLE)],
        moderator_roles: vec![role(MODERATOR_ROLE)],
        giveaway_roles: vec![role(GIVEAWAY_ROLE)],
        auditor_roles: vec![role(AUDITOR_ROLE)],
        analyst_roles: vec![role(ANALYST_ROLE)],
        ..AccessSettings::default()
    }
}

fn with_role(number: u64) -> Standing {
    Standing { roles: vec![role(number)], ..Standing::everyone() }
}

fn target(user_number: u64, top_rank: u16) -> Target {
    Target { user: user(user_number), top_rank, is_owner: false, is_bot_itself: false }
}

fn moderator(top_rank: u16) -> Standing {
    Standing { top_rank, ..Standing::with(Permissions::MODERATE_MEMBERS) }
}

fn may(standing: &Standing, target: &Target) -> Result<(), Guard> {
    let access = access();
    let acting = Acting { user: user(1), standing, access: &access };
    member_may(acting, Permission::Moderate, target)
}

// proves: GRD-01, GRD-15
#[test]
fn given_every_standing_then_each_permission_is_held_by_exactly_these() {
    use Permission::{
        Ban, Kick, ManageEconomy, ManageGiveaways, ManageSettings, Moderate, ViewAnalytics,
        ViewAudit, ViewRecords,
    };
    let all = Permission::ALL.to_vec();
    let bit = |permissions| Standing::with(permissions);
    for (who, standing, held) in [
        ("everyone", Standing::everyone(), vec![]),
        ("the owner", Standing::owner(), all.clone()),
        ("an administrator", bit(Permissions::ADMINISTRATOR), all),
        (
            "manage server",
            bit(Permissions::MANAGE_GUILD),
            vec![ManageEconomy, ManageSettings, ManageGiveaways, ViewAnalytics],
        ),
        ("view audit log", bit(Permissions::VIEW_AUDIT_LOG), vec![ViewAudit]),
        ("timeout members", bit(Permissions::MODERATE_MEMBERS), vec![Moderate, ViewRecords]),
        ("ban members", bit(Permissions::BAN_MEMBERS), vec![Ban]),
        ("kick members", bit(Permissions::KICK_MEMBERS), vec![Kick]),
        (
            "the admin role",
            with_role(ADMIN_ROLE),
            vec![
                ManageEconomy,
                ManageSettings,
                ManageGiveaways,
                Moderate,
                Kick,
                Ban,
                ViewRecords,
                ViewAudit,
                ViewAnalytics,
            ],
        ),
        ("the auditor role", with_role(AUDITOR_ROLE), vec![ViewRecords, ViewAudit, ViewAnalytics]),
        ("the analyst role", with_role(ANALYST_ROLE), vec![ViewAnalytics]),
        ("the giveaway role", with_role(GIVEAWAY_ROLE), vec![ManageGiveaways]),
        ("the moderator role", with_role(MODERATOR_ROLE), vec![Moderate, Kick, Ban, ViewRecords]),
        ("another role", with_role(OTHER_ROLE), vec![]),
    ] {
        for permission in Permission::ALL {
            let holds = permission.is_held_by(&standing, &access());
            assert_eq!(holds, held.contains(&permission), "{who}: {permission:?}");
        }
        let no_roles_named = AccessSettings::default();
        if !standing.roles.is_empty() {
            let held = Permission::ALL.iter().any(|p| p.is_held_by(&standing, &no_roles_named));
            assert!(!held, "{who}, where no role is named");
        }
    }
}

// proves: GRD-02
#[test]
fn given_ranks_then_only_who_stands_above_the_target_may() {
    for (own, theirs, allowed) in [(5, 4, true), (5, 5, false), (4, 5, false), (0, 0, false)] {
        let expected = if allowed { Ok(()) } else { Err(Guard::Rank) };
        assert_eq!(may(&moderator(own), &target(2, theirs)), expected, "{own} against {theirs}");
    }
    // The owner stands above all roles, an administrator does not.
    assert_eq!(may(&Standing::owner(), &target(2, 9)), Ok(()));
    let administrator = Standing { top_rank: 3, ..Standing::with(Permissions::ADMINISTRATOR) };
    assert_eq!(may(&administrator, &target(2, 3)), Err(Guard::Rank));
}

// proves: GRD-04, GRD-05
#[test]
fn given_oneself_the_bot_or_the_owner_then_nobody_may_not_even_the_owner() {
    let owner = Target { is_owner: true, ..target(2, 0) };
    let bot = Target { is_bot_itself: true, ..target(3, 0) };
    for standing in [Standing::owner(), moderator(9), Standing::with(Permissions::ADMINISTRATOR)] {
        assert_eq!(may(&standing, &target(1, 0)), Err(Guard::Yourself));
        assert_eq!(may(&standing, &owner), Err(Guard::Owner));
        assert_eq!(may(&standing, &bot), Err(Guard::BotItself));
    }
    assert_eq!(may_be_done_to(&owner), Err(Guard::Owner), "a rule may not either");
    assert_eq!(may_be_done_to(&bot), Err(Guard::BotItself));
    assert_eq!(may_be_done_to(&target(2, 9)), Ok(()));
}

// proves: GRD-01
#[test]
fn given_no_permission_then_it_is_named_before_ranks_are_looked_at() {
    let refused = may(&Standing::everyone(), &target(2, 9)).unwrap_err();
    assert_eq!(refused, Guard::Permission(Permission::Moderate));
    assert_eq!(
        refused.to_string(),
        "You need the permission \"Moderate\" for this: \"Timeout Members\" in Discord grants it."
    );
}

// proves: GRD-03
#[test]
fn given_what_the_bot_lacks_then_the_refusal_names_it() {
    let needed = Permissions::BAN_MEMBERS.and(Permissions::MANAGE_ROLES);
    let bot = |permissions, top_rank| BotStanding { permissions, top_rank };
    let lacking = bot_may(&bot(Permissions::MANAGE_ROLES, 9), needed, &target(2, 1)).unwrap_err();
    assert_eq!(lacking, Guard::BotPermission(Permissions::BAN_MEMBERS));
    assert!(lacking.to_string().contains("\"Ban Members\" here"), "{lacking}");
    let both = bot_has(&bot(Permissions::NONE, 9), needed).unwrap_err();
    assert!(both.to_string().contains("\"Ban Members\", \"Manage Roles\""), "{both}");
    assert_eq!(bot_has(&bot(Permissions::ADMINISTRATOR, 0), needed), Ok(()));
    let unknown = bot_has(&bot(Permissions::NONE, 9), Permissions(1 << 60)).unwrap_err();
    assert!(unknown.to_string().contains("new to this bot"), "{unknown}");
    for (own, theirs, expected) in
        [(5, 4, Ok(())), (5, 5, Err(Guard::BotRank)), (4, 5, Err(Guard::BotRank))]
    {
        assert_eq!(bot_may(&bot(needed, own), needed, &target(2, theirs)), expected);
    }
}

// proves: CMD-13
#[test]
fn given_every_refusal_then_it_is_a_sentence_with_a_rule_of_its_own() {
    let guards = [
        Guard::Yourself,
        Guard::BotItself,
        Guard::Owner,
        Guard::Permission(Permission::ManageAccess),
        Guard::Rank,
        Guard::BotPermission(Permissions::BAN_MEMBERS),
        Guard::BotRank,
    ];
    let rules: std::collections::BTreeSet<_> = guards.iter().map(|guard| guard.rule()).collect();
    assert_eq!(rules.len(), guards.len());
    for guard in guards {
        let text = guard.to_string();
        assert!(text.starts_with(char::is_uppercase) && text.ends_with('.'), "{text}");
        assert!(guard.rule().starts_with("guard."));
    }
}
