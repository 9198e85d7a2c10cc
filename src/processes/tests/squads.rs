//! The process of squads: paid, made, given, settled; or all of it taken back.

use std::sync::Arc;

use actions::{
    ActionError, BotStanding, Caller, Permissions, RoleFacts, Standing,
    squads::{Joining, SquadLine},
};
use domain::{Bytes, RoleId, UserId, squads::SquadId};
use torture::rough_discord::{Planned, RoughDiscord, Roughness};

use super::harness::{Failing, House, eventually, guild};
use crate::processes::{Process, Processes, squads::Squads};

const ADMIN: u64 = 50;
const ANN: u64 = 100;

fn user(id: u64) -> UserId {
    UserId::new(id).unwrap()
}

fn admin() -> Caller {
    Caller::member(user(ADMIN), Standing::owner())
}

fn member(id: u64) -> Caller {
    Caller::member(user(id), Standing::everyone())
}

fn fresh() -> domain::IdempotencyKey {
    actions::fresh_key("test").unwrap()
}

async fn squad(house: &House, name: &str, role: u64) -> SquadLine {
    let bot = BotStanding { permissions: Permissions::MANAGE_ROLES, top_rank: 9 };
    let role = RoleFacts { role: RoleId::new(role).unwrap(), rank: 3, managed: false, bot };
    house.actions.create_squad(guild(1), &admin(), (name, ""), role, &fresh()).await.unwrap()
}

async fn join(house: &House, id: u64, squad: &SquadLine) -> Result<Joining, ActionError> {
    let (agreed, at) = (Bytes(50), house.now());
    house.actions.join_squad(guild(1), &member(id), squad.squad, agreed, at, &fresh()).await
}

async fn leave(house: &House, id: u64) {
    house.actions.leave_squad(guild(1), &member(id), house.now(), &fresh()).await.unwrap();
}

async fn balance(house: &House, id: u64) -> i64 {
    house.actions.balance(guild(1), user(id)).await.unwrap().0
}

async fn squad_of(house: &House, id: u64) -> Option<SquadId> {
    let info = house.actions.squad_info(guild(1), &member(id), user(id)).await.unwrap();
    info.current.map(|(line, _)| line.squad)
}

async fn counted(house: &House, type_name: &str, wanted: u64) {
    let what = format!("{wanted} of {type_name}");
    eventually(&what, async || house.count(type_name).await >= wanted).await;
}

struct Place {
    house: House,
    discord: RoughDiscord,
    running: Processes,
    red: SquadLine,
    blue: SquadLine,
}

impl Place {
    async fn new(faults: f64) -> Self {
        let house = House::running().await;
        let rough = Roughness { faults, ..Roughness::default() };
        let discord = RoughDiscord::start(rough).await.unwrap();
        let process: Arc<dyn Process> = Arc::new(Squads);
        let running = house.start(&process, Some(house.hands(&discord))).await;
        let (red, blue) = (squad(&house, "Red", 71).await, squad(&house, "Blue", 72).await);
        Self { house, discord, running, red, blue }
    }

    fn has(&self, id: u64, squad: &SquadLine) -> bool {
        self.discord.has_role(guild(1).get(), id, squad.role.get())
    }

    async fn has_only(&self, id: u64, squad: &SquadLine) {
        let other = if squad.squad == self.red.squad { &self.blue } else { &self.red };
        let what = format!("{id} has the role of {} alone", squad.name);
        eventually(&what, async || self.has(id, squad) && !self.has(id, other)).await;
    }
}

// proves: SQD-03, SQD-04, SQD-05, SQD-09
#[tokio::test(flavor = "multi_thread")]
async fn given_a_member_then_joining_is_free_switching_costs_and_roles_follow() {
    let place = Place::new(0.0).await;
    let Place { house, red, blue, .. } = &place;
    join(house, ANN, red).await.unwrap();
    place.has_only(ANN, red).await;
    counted(house, "squads.role_given", 1).await;
    assert_eq!(balance(house, ANN).await, 0);
    let poor = join(house, ANN, blue).await.unwrap_err();
    assert_eq!(poor.rule(), Some("squads.not_enough"));
    house.grant(guild(1), ANN).await;
    join(house, ANN, blue).await.unwrap();
    place.has_only(ANN, blue).await;
    counted(house, "economy.spend_settled", 1).await;
    assert_eq!((balance(house, ANN).await, squad_of(house, ANN).await), (50, Some(blue.squad)));
    counted(house, "squads.role_given", 2).await;
    leave(house, ANN).await;
    eventually("the role is gone", async || !place.has(ANN, blue)).await;
    assert_eq!(squad_of(house, ANN).await, None);
    place.running.shutdown().await;
}

// proves: SQD-04
#[tokio::test(flavor = "multi_thread")]
async fn given_a_role_that_discord_refuses_for_good_then_the_cost_is_refunded() {
    let place = Place::new(0.0).await;
    let Place { house, red, blue, .. } = &place;
    join(house, ANN, red).await.unwrap();
    counted(house, "squads.role_given", 1).await;
    house.grant(guild(1), ANN).await;
    place.discord.plan(&[Planned::Refused { status: 403, code: 50_013 }]);
    join(house, ANN, blue).await.unwrap();
    counted(house, "economy.spend_refunded", 1).await;
    house.caught_up().await;
    assert_eq!((balance(house, ANN).await, squad_of(house, ANN).await), (100, Some(red.squad)));
    assert!(place.has(ANN, red) && !place.has(ANN, blue), "the former role was never taken");
    assert_eq!(house.count("economy.spend_settled").await, 0);
    place.running.shutdown().await;
}

// proves: SQD-04
#[tokio::test(flavor = "multi_thread")]
async fn given_a_balance_that_goes_before_it_is_paid_then_nothing_moves() {
    let house = House::running().await;
    let (red, blue) = (squad(&house, "Red", 71).await, squad(&house, "Blue", 72).await);
    let discord = RoughDiscord::start(Roughness::default()).await.unwrap();
    let process: Arc<dyn Process> = Arc::new(Squads);
    let running = house.start(&process, Some(house.hands(&discord))).await;
    join(&house, ANN, &red).await.unwrap();
    counted(&house, "squads.role_given", 1).await;
    house.caught_up().await;
    running.shutdown().await;
    house.grant(guild(1), ANN).await;
    join(&house, ANN, &blue).await.unwrap();
    // Spent elsewhere while nobody carries the move on.
    let (operator, taken) = (Caller::operator(), Bytes(51));
    house.actions.take_bytes(guild(1), &operator, user(ANN), taken, None, &fresh()).await.unwrap();
    let running = house.start(&process, Some(house.hands(&discord))).await;
    counted(&house, "squads.move_refused", 1).await;
    house.caught_up().await;
    running.shutdown().await;
    assert_eq!((balance(&house, ANN).await, squad_of(&house, ANN).await), (49, Some(red.squad)));
    assert_eq!(house.count("economy.bytes_spent").await, 0);
    assert_eq!(house.count("squads.joined").await, 1);
}

/// Double clicks: a member in two teams, or charged twice, is a defect of others.
// proves: SQD-03
#[tokio::test(flavor = "multi_thread")]
async fn given_many_clicks_at_once_then_one_move_is_made_and_paid() {
    let place = Place::new(0.0).await;
    let Place { house, red, blue, .. } = &place;
    join(house, ANN, red).await.unwrap();
    counted(house, "squads.role_given", 1).await;
    for _ in 0..3 {
        house.grant(guild(1), ANN).await;
    }
    let clicks = (0..10).map(|_| join(house, ANN, blue));
    let clicks = futures::future::join_all(clicks).await;
    assert_eq!(clicks.iter().filter(|click| click.is_ok()).count(), 1, "{clicks:?}");
    place.has_only(ANN, blue).await;
    counted(house, "economy.spend_settled", 1).await;
    assert_eq!(balance(house, ANN).await, 250);
    place.running.shutdown().await;
}

// proves: SQD-04, SQD-09
#[tokio::test(flavor = "multi_thread")]
async fn given_failures_and_kills_then_money_and_roles_agree_with_the_squads() {
    const MEMBERS: u64 = 8;
    let house = House::running().await;
    let rough = Roughness {
        faults: 0.15,
        slow: std::time::Duration::from_millis(200),
        ..Roughness::default()
    };
    let discord = RoughDiscord::start(rough).await.unwrap();
    let failing: Arc<dyn Process> = Arc::new(Failing::new(Arc::new(Squads), 0.05));
    let mut running = house.start(&failing, Some(house.hands(&discord))).await;
    let (red, blue) = (squad(&house, "Red", 71).await, squad(&house, "Blue", 72).await);
    for id in ANN..ANN + MEMBERS {
        house.grant(guild(1), id).await;
        join(&house, id, &red).await.unwrap();
    }
    // Dropped in the middle of whatever it does.
    drop(running);
    house.pass(1);
    running = house.start(&failing, Some(house.hands(&discord))).await;
    let given = async |wanted| {
        eventually(&format!("{wanted} roles are given"), async || {
            // What Discord did not answer is tried again after a while.
            house.pass(5);
            house.count("squads.role_given").await + house.count("squads.move_undone").await
                >= wanted
        })
        .await;
    };
    given(MEMBERS).await;
    for id in ANN..ANN + MEMBERS {
        // Whoever could not be given the first role joins for nothing.
        join(&house, id, &blue).await.unwrap();
    }
    drop(running);
    house.pass(1);
    running = house.start(&failing, Some(house.hands(&discord))).await;
    given(2 * MEMBERS).await;
    discord.set_faults(0.0);
    eventually("all is done in Discord", async || {
        house.pass(5);
        let open = "SELECT COUNT(*) FROM effects WHERE state NOT IN ('done', 'dead') OR tell <> 0";
        house.rows(open).await == 0
    })
    .await;
    house.caught_up().await;
    let ended = async || {
        let settled = house.count("economy.spend_settled").await;
        settled + house.count("economy.spend_refunded").await
    };
    let spent = house.count("economy.bytes_spent").await;
    eventually("every spend has ended", async || ended().await == spent).await;
    // A spend ends before the former role is ordered away.
    eventually("everybody has the role of their squad, and no other", async || {
        house.pass(5);
        for id in ANN..ANN + MEMBERS {
            let is = squad_of(&house, id).await;
            let role = |line: &SquadLine| discord.has_role(guild(1).get(), id, line.role.get());
            if (role(&red), role(&blue)) != (is == Some(red.squad), is == Some(blue.squad)) {
                return false;
            }
        }
        true
    })
    .await;
    running.shutdown().await;
    for id in ANN..ANN + MEMBERS {
        let (is, has) = (squad_of(&house, id).await, balance(&house, id).await);
        assert!(has == 100 || (has == 50 && is == Some(blue.squad)), "{id}: {has} in {is:?}");
    }
}

// proves: SQD-01
#[tokio::test(flavor = "multi_thread")]
async fn given_a_deleted_squad_then_all_its_members_lose_its_role() {
    let place = Place::new(0.0).await;
    let Place { house, red, .. } = &place;
    for id in ANN..ANN + 5 {
        join(house, id, red).await.unwrap();
    }
    counted(house, "squads.role_given", 5).await;
    house.actions.delete_squad(guild(1), &admin(), red.squad, &fresh()).await.unwrap();
    eventually("all roles are gone", async || (ANN..ANN + 5).all(|id| !place.has(id, red))).await;
    assert_eq!(squad_of(house, ANN).await, None);
    let green = squad(house, "Green", 73).await;
    let joining = join(house, ANN, &green).await.unwrap();
    assert_eq!(joining.cost, Bytes::ZERO);
    place.running.shutdown().await;
}
