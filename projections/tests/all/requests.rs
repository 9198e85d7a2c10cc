//! What operators ask for, until somebody does it.

use projections::{Asked, Requests, Verb};

use crate::support::{guild, on_each_store, person};

#[test]
fn a_request_is_begun_once_and_kept_until_it_is_finished() {
    on_each_store(async |site| {
        let house = site.open().await;
        let requests = Requests::new(house.store.clone());
        let now = house.clock.now();
        let (at, who) = (Some(guild(1)), Some(person(7)));
        let erase = requests.ask(Verb::Erase, "", at, who, now).await.unwrap();
        let retry = requests.ask(Verb::Retry, "balances", at, None, now).await.unwrap();
        let waiting = requests.waiting().await.unwrap();
        let mut short: Vec<_> =
            waiting.iter().map(|r| (r.subject.as_str(), r.verb, r.guild, r.person)).collect();
        short.sort_by_key(|(subject, ..)| *subject);
        assert_eq!(short, [("", Verb::Erase, at, who), ("balances", Verb::Retry, at, None)]);

        assert!(requests.begin(&retry, "folding").await.unwrap());
        assert!(!requests.begin(&retry, "folding").await.unwrap(), "somebody was quicker");
        let running = Asked::Running("folding".to_owned());
        assert_eq!(requests.state(&retry).await.unwrap(), running);

        // However old it is, what nobody has finished is not forgotten.
        let later = now.plus_secs(1);
        assert_eq!(requests.forget_before(later).await.unwrap(), 0);
        requests.finish(&retry, &Err("no".to_owned())).await.unwrap();
        assert_eq!(requests.state(&retry).await.unwrap(), Asked::Failed("no".to_owned()));
        assert_eq!(requests.forget_before(later).await.unwrap(), 1);
        assert_eq!(requests.state(&erase).await.unwrap(), Asked::Waiting);
        let gone = Asked::Failed("the request is gone".to_owned());
        assert_eq!(requests.state(&retry).await.unwrap(), gone);
        house.close().await;
    });
}
