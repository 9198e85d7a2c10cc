//! The log against what members saw.

use std::collections::HashMap;

use domain::{
    Decider as _, GuildId, PersonId, UserId,
    economy::{Economy, Event, State},
};
use eventlog::{StreamId, decode};
use simulator::Id;

use super::{Report, Seen, Told, Verdict};
use crate::cli::bench::{
    Failed,
    store::Store,
    town::{STARTING, Town},
};

const PAGE: usize = 5_000;

/// What every member is told when they ask for their balance.
pub(super) async fn balances_told(town: &Town) -> Result<HashMap<Id, i64>, Failed> {
    let mut balances = HashMap::with_capacity(town.people.len());
    for person in &town.people {
        let answer = person.uses(town.channel, "/bytes read", Vec::new()).await?;
        let text = answer.all_text();
        let amount = text.split("**").nth(1).unwrap_or_default();
        let digits: String = amount.chars().filter(char::is_ascii_digit).collect();
        let balance = digits.parse().map_err(|_| format!("an odd balance: {text}"))?;
        balances.insert(person.user, balance);
    }
    Ok(balances)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Transfer {
    from: PersonId,
    to: PersonId,
    amount: i64,
}

pub(super) async fn audit(
    store: &Store,
    guild: Id,
    told: &Told,
    balances: &HashMap<Id, i64>,
) -> Result<Report, Failed> {
    let guild = GuildId::new(guild.get())?;
    let (state, made) = read(store, guild).await?;
    let mut report = Report {
        transfers: made.values().map(|made| made.len() as u64).sum(),
        doubled: made.values().filter(|made| made.len() > 1).count() as u64,
        unanswered: told.unanswered,
        ..Report::default()
    };
    let mut people = HashMap::new();
    for user in balances.keys() {
        if let Some(person) = store.people.find(guild, UserId::new(user.get())?).await? {
            people.insert(*user, person);
        }
    }
    for seen in &told.seen {
        hold_against(seen, &made, &people, &mut report);
    }
    // What each has by the transfers alone, as anybody could add it up.
    let mut sums: HashMap<PersonId, i64> = HashMap::new();
    for transfer in made.values().flatten() {
        *sums.entry(transfer.from).or_default() -= transfer.amount;
        *sums.entry(transfer.to).or_default() += transfer.amount;
    }
    for (user, told) in balances {
        let person = people.get(user);
        let by_log = person.map_or(0, |person| state.balance(*person).0);
        // The first transfer opened the account; who never took part has none.
        let moved = person.and_then(|person| sums.get(person));
        let by_sums = moved.map_or(0, |moved| STARTING + moved);
        report.wrong_balances += u64::from(*told != by_sums || by_log != by_sums);
    }
    Ok(report)
}

fn hold_against(
    seen: &Seen,
    made: &HashMap<String, Vec<Transfer>>,
    people: &HashMap<Id, PersonId>,
    report: &mut Report,
) {
    let made = made.get(&format!("interaction/{}", seen.interaction));
    match (seen.what, made) {
        (Verdict::Refused, None) => report.refused += 1,
        (Verdict::Refused, Some(_)) => report.untrue += 1,
        (Verdict::Sent, None) => {
            report.acknowledged += 1;
            report.lost += 1;
        }
        (Verdict::Sent, Some(made)) => {
            report.acknowledged += 1;
            let is_so = |made: &Transfer| {
                people.get(&seen.from) == Some(&made.from)
                    && people.get(&seen.to) == Some(&made.to)
                    && made.amount == seen.amount
            };
            report.untrue += u64::from(!made.iter().all(is_so));
        }
    }
}

/// The guild's economy, and its transfers by the key of what caused them.
async fn read(
    store: &Store,
    guild: GuildId,
) -> Result<(State, HashMap<String, Vec<Transfer>>), Failed> {
    let stream = StreamId::of_guild(Economy::CAPABILITY, guild);
    let (mut state, mut made) = (State::default(), HashMap::<_, Vec<_>>::new());
    let mut version = 0;
    loop {
        let page = store.log.read_stream(&stream, version, PAGE).await?;
        let Some(last) = page.last() else { return Ok((state, made)) };
        version = last.version;
        for recorded in &page {
            // This also checks the event's hash.
            let event: Event = decode(recorded)?;
            Economy::evolve(&mut state, &event);
            if let Event::BytesTransferred { from, to, amount, .. } = event {
                let key = recorded.metadata()?.key.as_str().to_owned();
                let transfer = Transfer { from, to, amount: amount.0 };
                made.entry(key).or_default().push(transfer);
            }
        }
    }
}
