//! Reads of what is kept of members are kept: each once, all of them, and nobody's of their own.

use actions::{Caller, Permissions, Standing};
use domain::{
    CaseNumber, PersonId,
    access::SeeReads,
    reads::{Thing, Via},
};
use futures::future::join_all;
use projections::reads::{self, Filter};

use crate::support::{
    House, OPERATOR, ann, ben, guild, member, on_each_store, other_guild, user, with,
};

impl House {
    async fn person(&self, user: domain::UserId) -> PersonId {
        self.actions.people().person(guild(), user).await.unwrap()
    }

    async fn looks(&self, caller: &Caller, thing: Thing) {
        self.actions.note_read(guild(), caller, thing, Via::Dashboard).await;
    }

    /// Types of what was recorded.
    async fn recorded(&self) -> Vec<String> {
        self.actions.reads_written().await;
        let events = self.events(guild(), "reads").await;
        events.into_iter().map(|event| event.type_name.to_string()).collect()
    }
}

#[test]
fn given_staff_who_look_then_it_is_recorded_once_whatever_asks_again_and_across_a_restart() {
    on_each_store(async |site| {
        let house = site.open().await;
        let moderator = with(ben(), Permissions::MODERATE_MEMBERS);
        let (whom, own) = (house.person(ann()).await, house.person(ben()).await);
        let case = Thing::Case { case: CaseNumber(1), whom };
        for _ in 0..3 {
            house.looks(&moderator, case.clone()).await;
        }
        house.looks(&moderator, Thing::Record { whom: own }).await;
        house.looks(&Caller::process("ladder"), Thing::Cases).await;
        assert_eq!(house.recorded().await, ["reads.case_opened"]);
        let recorded = house.events(guild(), "reads").await;
        assert!(!recorded[0].payload.contains(&ben().to_string()), "{}", recorded[0].payload);
        // A page that is left open asks again whenever something happens.
        for _ in 0..5 {
            site.pass_secs(600);
            house.looks(&moderator, case.clone()).await;
        }
        assert_eq!(house.recorded().await.len(), 1);
        house.close().await;

        let house = site.open().await;
        house.looks(&moderator, case.clone()).await;
        assert_eq!(house.recorded().await.len(), 2, "50 minutes after it was recorded");
        house.close().await;
        let house = site.open().await;
        house.looks(&moderator, case.clone()).await;
        assert_eq!(house.recorded().await.len(), 2, "at the same moment, by another process");
        for _ in 0..37 {
            site.pass_secs(600);
            house.looks(&moderator, case.clone()).await;
        }
        assert_eq!(house.recorded().await.len(), 3, "nobody looks for more than six hours");
        house.looks(&Caller::operator(), case).await;
        assert_eq!(house.recorded().await.len(), 3, "nobody looks from the console");
        house.close().await;
    });
}

#[test]
fn given_more_reads_at_once_than_there_is_room_for_then_none_is_lost() {
    on_each_store(async |site| {
        let house = site.open().await;
        let moderator = with(ben(), Permissions::MODERATE_MEMBERS);
        let look = |number| {
            let thing = Thing::Case { case: CaseNumber(number), whom: PersonId(900) };
            house.looks(&moderator, thing)
        };
        join_all((1..=700).map(look)).await;
        assert_eq!(house.recorded().await.len(), 700);
        house.close().await;
    });
}

#[test]
fn given_a_member_then_they_see_who_looked_as_far_as_the_community_tells() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let moderator = with(ben(), Permissions::MODERATE_MEMBERS);
        let (whom, other) = (house.person(ann()).await, PersonId(900));
        let list = |whom| Thing::List { list: "cases".to_owned(), whom };
        for thing in [
            Thing::Record { whom },
            Thing::Record { whom: other },
            Thing::Cases,
            list(None),
            list(Some(whom)),
        ] {
            house.looks(&moderator, thing).await;
            house.actions.reads_written().await;
        }
        let standing = Standing { visits: true, ..Standing::everyone() };
        let operator = Caller::member(user(OPERATOR), standing);
        house.looks(&operator, Thing::History { whom }).await;
        house.actions.reads_written().await;
        house.caught_up().await;
        let store = house.actions.store().clone();
        let of = async |user| {
            let rows = house.actions.reads_of_own(&store, guild(), &member(user), None, 50).await;
            let told = |row: reads::ReadRow| (row.what, row.who, row.operator);
            rows.unwrap().into_iter().map(told).collect::<Vec<_>>()
        };
        let ben_here = house.person(ben()).await;
        let by = Some(ben_here);
        let ops = Some(house.person(user(OPERATOR)).await);
        let all = |ops, by| {
            [
                ("history_searched".to_owned(), ops, true),
                ("list_searched".to_owned(), by, false),
                ("record_opened".to_owned(), by, false),
            ]
        };
        assert_eq!(house.actions.members_see_reads(guild()).await.unwrap(), SeeReads::When);
        assert_eq!(of(ann()).await, all(None, None), "when, and not who");
        assert_eq!(of(ben()).await, []);
        house.set("access", "members_see_reads", "who").await;
        assert_eq!(of(ann()).await, all(ops, by));
        house.set("access", "members_see_reads", "nothing").await;
        assert_eq!(of(ann()).await, []);

        let page = async |filter: Filter, before, limit| {
            reads::page(&store, guild(), &filter, before, limit).await.unwrap()
        };
        let everything = page(Filter::default(), None, 50).await;
        assert_eq!(everything.len(), 6);
        let lists: Vec<_> = everything.iter().filter_map(|row| row.list.as_deref()).collect();
        assert_eq!(lists, ["cases", "cases"]);
        let of_ben = Filter { who: by, ..Filter::default() };
        assert_eq!(page(of_ben, None, 50).await, everything[1..]);
        let of_operators = Filter { operators: true, ..Filter::default() };
        assert_eq!(page(of_operators, None, 50).await, everything[..1]);
        let first = page(Filter::default(), None, 4).await;
        let second = page(Filter::default(), Some(first[3].seq), 4).await;
        assert_eq!([first, second].concat(), everything);
        let elsewhere = reads::page(&store, other_guild(), &Filter::default(), None, 50).await;
        assert_eq!(elsewhere.unwrap(), []);

        // Who is erased looked, and nobody knows any more that it was they.
        house.actions.bus().erase_person(guild(), ben_here).await.unwrap();
        house.caught_up().await;
        let left = page(Filter::default(), None, 50).await;
        assert!(left.iter().all(|row| row.operator || row.who.is_none()), "{left:?}");
        runtime.shutdown().await;
        house.close().await;
    });
}
