//! Webhooks, on each store: who manages them, where they may lead, and what signs for them.

use actions::{Permissions, webhooks::Wanted};
use domain::webhooks::{Kind, Off};

use crate::support::{ann, ben, fresh, guild, member, on_each_store, other_guild, rule, with};

// proves: API-10
#[test]
fn given_whoever_manages_access_then_they_make_webhooks_and_nobody_else_does() {
    on_each_store(async |site| {
        let house = site.open().await;
        let actions = &house.actions;
        let admin = with(ann(), Permissions::ADMINISTRATOR);
        let manager = with(ben(), Permissions::MANAGE_GUILD);
        let kinds = [Kind::Economy];
        let address = Some("https://example.org/hook?token=hush");
        let wanted = Wanted { name: " our website ", address, kinds: &kinds };
        for other in [&manager, &member(ben())] {
            let refused = actions.create_webhook(guild(), other, &wanted, fresh()).await;
            assert_eq!(rule(refused), "guard.permission");
            assert_eq!(rule(actions.webhooks(guild(), other).await), "guard.permission");
        }
        let once = fresh();
        let made = actions.create_webhook(guild(), &admin, &wanted, once).await.unwrap();
        let again = actions.create_webhook(guild(), &admin, &wanted, once).await.unwrap();
        assert_eq!((again.id, &again.secret), (made.id, &made.secret));
        assert!(again.repeated && !made.repeated);
        assert!(!format!("{made:?}").contains(&made.secret));

        let lines = actions.webhooks(guild(), &admin).await.unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].name.as_deref(), Some("our website"));
        assert_eq!(lines[0].host.as_deref(), Some("example.org"), "and nothing else of it");
        assert_eq!(actions.webhooks(other_guild(), &admin).await.unwrap(), []);
        let target = actions.webhook_target(guild(), made.id).await.unwrap().unwrap().unwrap();
        assert_eq!(target.secret, made.secret);
        assert_eq!(target.address.uri.query(), Some("token=hush"));
        assert!(actions.webhook_target(other_guild(), made.id).await.unwrap().is_none());

        // Somebody else changes it; the address stays where none is given.
        let other = with(ben(), Permissions::ADMINISTRATOR);
        let change = Wanted { name: "another", address: None, kinds: &[Kind::Squads] };
        let refused = actions.change_webhook(guild(), &manager, made.id, &change, fresh()).await;
        assert_eq!(rule(refused), "guard.permission");
        actions.change_webhook(guild(), &other, made.id, &change, fresh()).await.unwrap();
        let line = actions.webhooks(guild(), &admin).await.unwrap().remove(0);
        assert_eq!((line.name.as_deref(), line.kinds), (Some("another"), vec![Kind::Squads]));
        assert_eq!(line.host.as_deref(), Some("example.org"));

        // Whoever gave the address is erased, and the address with them.
        let person = actions.people().find(guild(), ann()).await.unwrap().unwrap();
        actions.bus().erase_person(guild(), person).await.unwrap();
        actions.switch_webhook(guild(), &other, made.id, false, fresh()).await.unwrap();
        assert!(actions.webhook_target(guild(), made.id).await.unwrap().is_none());
        let line = actions.webhooks(guild(), &other).await.unwrap().remove(0);
        assert_eq!((line.host, line.name.as_deref()), (None, Some("another")));
        assert_eq!(line.off.map(|(why, _)| why), Some(Off::Asked));
        let change = Wanted { address: Some("https://example.net/"), ..change };
        actions.change_webhook(guild(), &other, made.id, &change, fresh()).await.unwrap();
        let target = actions.webhook_target(guild(), made.id).await.unwrap().unwrap().unwrap();
        assert_eq!(target.address.host(), "example.net");
        assert_eq!(target.secret, made.secret, "that is the community's");

        actions.delete_webhook(guild(), &other, made.id, fresh()).await.unwrap();
        assert_eq!(actions.webhooks(guild(), &other).await.unwrap(), []);
        let gone = actions.test_webhook(guild(), &other, made.id, fresh()).await;
        assert_eq!(rule(gone), "webhooks.no_such_webhook");
        house.close().await;
    });
}

// proves: API-10
#[test]
fn given_an_address_that_leads_inside_then_it_is_refused_in_words() {
    on_each_store(async |site| {
        let house = site.open().await;
        let admin = with(ann(), Permissions::ADMINISTRATOR);
        for address in [
            "http://example.org/hook",
            "https://127.0.0.1/hook",
            "https://169.254.169.254/latest",
            "https://[::ffff:10.0.0.1]/hook",
            "https://ann:x@example.org/hook",
            "https://example.org:22/hook",
            "nowhere",
        ] {
            let wanted = Wanted { name: "x", address: Some(address), kinds: &[Kind::Economy] };
            let refused = house.actions.create_webhook(guild(), &admin, &wanted, fresh()).await;
            assert_eq!(rule(refused), "webhooks.address_unfit", "{address}");
        }
        assert!(house.events(guild(), "webhooks").await.is_empty());
        house.close().await;
    });
}
