//! What is kept of refusals, and who may look at it.

use actions::{ActionError, Caller, Guard, Permission, Permissions};

use crate::support::{
    ann, ben, fresh, guild, member, on_each_store, other_guild, rule, user, with,
};

// proves: GRD-06
#[test]
fn given_denied_actions_then_who_whom_what_and_why_can_be_asked_for() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        house.give(ann(), 5).await;
        let note = async |who, whom, what, guard: Guard| {
            let (caller, error) = (member(who), ActionError::Guarded(guard));
            house.actions.note_refusal(guild(), &caller, whom, what, &error, fresh()).await;
        };
        note(ann(), Some(ben()), "warn", Guard::Rank).await;
        note(ann(), Some(ben()), "warn", Guard::Rank).await; // again at once: kept once
        note(ann(), Some(user(9)), "ban", Guard::Owner).await;
        note(ben(), None, "bytes grant", Guard::Permission(Permission::ManageEconomy)).await;
        // A transfer that the settings did not allow is kept beside them.
        assert_eq!(rule(house.send(ann(), ben(), 500).await), "economy.not_enough");
        house.caught_up().await;

        let moderator = with(ben(), Permissions::MODERATE_MEMBERS);
        let page = async |who, rule: Option<&str>, before, limit| {
            let page = house.actions.refusals(guild(), &moderator, who, rule, before, limit).await;
            page.unwrap()
        };
        let all = page(None, None, None, 50).await;
        let short: Vec<_> = all
            .iter()
            .map(|line| (line.who, line.whom, line.what.as_str(), line.rule.as_str()))
            .collect();
        let (a, b) = (Some(ann()), Some(ben()));
        assert_eq!(
            short,
            [
                (a, b, "bytes send", "economy.not_enough"),
                (b, None, "bytes grant", "guard.permission"),
                (a, Some(user(9)), "ban", "guard.owner"),
                (a, b, "warn", "guard.rank"),
            ]
        );
        assert_eq!(page(Some(ann()), None, None, 50).await.len(), 3);
        assert_eq!(page(None, Some("guard.rank"), None, 50).await.len(), 1);
        assert_eq!(page(Some(ben()), Some("guard.rank"), None, 50).await, []);
        assert_eq!(page(Some(user(77)), None, None, 50).await, [], "never seen here");
        let first = page(None, None, None, 2).await;
        let second = page(None, None, Some(first[1].cursor), 2).await;
        assert_eq!([first, second].concat(), all);

        let refused = house.actions.refusals(guild(), &member(ann()), None, None, None, 5).await;
        assert_eq!(rule(refused), "guard.permission");
        let operator = Caller::operator();
        let elsewhere =
            house.actions.refusals(other_guild(), &operator, None, None, None, 5).await.unwrap();
        assert_eq!(elsewhere, []);
        runtime.shutdown().await;
        house.close().await;
    });
}

// proves: GRD-01, GRD-06
#[test]
fn given_an_action_without_its_permission_then_the_action_itself_keeps_the_attempt() {
    on_each_store(async |site| {
        let house = site.open().await;
        let (actions, ann) = (&house.actions, member(ann()));
        let amount = domain::Bytes(5);
        let scope = actions::blocks::Scope::Guild(guild());
        let who = actions::blocks::Blocked::User(ben());
        let refused = [
            rule(actions.grant_bytes(guild(), &ann, ben(), amount, None, fresh()).await),
            rule(actions.take_bytes(guild(), &ann, ben(), amount, None, fresh()).await),
            rule(actions.change_setting(guild(), &ann, "economy", "daily", "off", fresh()).await),
            rule(actions.reset_setting(guild(), &ann, "access", None, fresh()).await),
            rule(actions.switch_module(guild(), &ann, "economy", false, fresh()).await),
            rule(actions.history(guild(), &ann, Some(ben()), None, 5).await),
            rule(actions.block(scope, &ann, who, "x", None, fresh()).await),
        ];
        assert_eq!(refused, ["guard.permission"; 7]);
        let mut kept = Vec::new();
        for event in house.events(guild(), "refusals").await {
            let event = eventlog::decode::<domain::refusals::Event>(&event).unwrap();
            let domain::refusals::Event::ActionRefused { whom, what, .. } = event else {
                panic!("{event:?}")
            };
            kept.push((what, whom.is_some()));
        }
        let expected = [
            ("bytes grant", true),
            ("bytes take", true),
            ("settings set", false),
            ("settings reset", false),
            ("modules", false),
            ("bytes history", true),
            ("block", true),
        ];
        assert_eq!(kept, expected.map(|(what, whom)| (what.to_owned(), whom)));
        house.close().await;
    });
}

// proves: GRD-06
#[test]
fn given_an_erased_person_then_records_of_them_name_nobody() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let error = ActionError::Guarded(Guard::Rank);
        let actions = &house.actions;
        actions.note_refusal(guild(), &member(ann()), Some(ben()), "warn", &error, fresh()).await;
        let person = actions.people().find(guild(), ann()).await.unwrap().unwrap();
        actions.bus().erase_person(guild(), person).await.unwrap();
        house.caught_up().await;
        let operator = Caller::operator();
        let page = actions.refusals(guild(), &operator, None, None, None, 5).await.unwrap();
        assert_eq!((page[0].who, page[0].whom), (None, Some(ben())));
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_refusals_that_are_nobodys_fault_then_they_are_not_kept() {
    on_each_store(async |site| {
        let house = site.open().await;
        for error in [
            ActionError::OnCooldown { wait_secs: 5 },
            ActionError::Maintenance { notice: "later".to_owned() },
            ActionError::ModuleOff { module: actions::economy::MODULE },
            ActionError::BadInput("no".to_owned()),
            ActionError::Contended,
        ] {
            house.actions.note_refusal(guild(), &member(ann()), None, "x", &error, fresh()).await;
        }
        let guard = ActionError::Guarded(Guard::Owner);
        let process = Caller::process("escalation");
        house.actions.note_refusal(guild(), &process, None, "x", &guard, fresh()).await;
        assert_eq!(house.events(guild(), "refusals").await.len(), 0);
        house.close().await;
    });
}
