//! Keys to the API, on each store: found by their hash while they are in force, and by nothing else.

use actions::{
    ActionError, Caller, Permissions,
    keys::{Wanted, text},
};
use domain::keys::Scope;

use crate::support::{
    OPERATOR, ann, ben, fresh, guild, member, on_each_store, other_guild, rule, user, with,
};

// proves: API-02
#[test]
fn given_a_key_then_it_is_found_by_its_hash_until_it_ends_or_is_revoked() {
    on_each_store(async |site| {
        let house = site.open().await;
        let actions = &house.actions;
        let (owner, end) = (member(ann()), actions.now().plus_secs(7_200));
        let scopes = [Scope::Read, Scope::Economy];
        let wanted = Wanted { name: " the website ", scopes: &scopes, ends_at: end };
        let once = fresh();
        let made = actions.create_key(guild(), &owner, &wanted, once).await.unwrap();
        let secret = made.secret.unwrap();
        let again = actions.create_key(guild(), &owner, &wanted, once).await.unwrap();
        assert_eq!((again.id, again.secret), (made.id, None), "it is told once");

        assert_eq!(text::guild(&secret), Some(guild()));
        let hash = text::hash(&secret);
        let held = actions.key_of(guild(), &hash).await.unwrap().unwrap();
        assert_eq!((held.id, held.scopes.as_slice()), (made.id, scopes.as_slice()));
        assert_eq!(actions.key_of(other_guild(), &hash).await.unwrap(), None);
        let never_made = text::hash(&text::fresh(guild()));
        assert_eq!(actions.key_of(guild(), &never_made).await.unwrap(), None);

        actions.note_key_used(guild(), held.id).await.unwrap();
        let lines = actions.keys(guild(), &owner, false).await.unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].name.as_deref(), Some("the website"));
        assert_eq!(lines[0].used_at, Some(actions.now()));
        assert_eq!(actions.keys(guild(), &member(ben()), false).await.unwrap(), []);
        assert_eq!(rule(actions.keys(guild(), &owner, true).await), "guard.permission");
        let admin = with(ben(), Permissions::ADMINISTRATOR);
        assert_eq!(actions.keys(guild(), &admin, true).await.unwrap(), lines);

        let not_theirs = actions.revoke_key(guild(), &member(ben()), held.id, fresh()).await;
        assert_eq!(rule(not_theirs), "keys.no_such_key");
        site.pass_secs(7_200);
        assert_eq!(actions.key_of(guild(), &hash).await.unwrap(), None, "it has ended");
        let end = actions.now().plus_secs(7_200);
        let other = Wanted { ends_at: end, ..wanted };
        let made = actions.create_key(guild(), &owner, &other, fresh()).await.unwrap();
        actions.revoke_key(guild(), &admin, made.id, fresh()).await.unwrap();
        assert_eq!(actions.key_by_id(guild(), made.id).await.unwrap(), None);
        assert_eq!(actions.keys(guild(), &owner, false).await.unwrap(), []);
        house.close().await;
    });
}

// proves: API-02, API-04
#[test]
fn given_a_key_that_makes_keys_then_they_may_no_more_than_it_and_end_no_later() {
    on_each_store(async |site| {
        let house = site.open().await;
        let actions = &house.actions;
        let end = actions.now().plus_secs(7_200);
        let admin = with(user(OPERATOR), Permissions::ADMINISTRATOR);
        let scopes = [Scope::Keys, Scope::Economy];
        let wanted = Wanted { name: "makes keys", scopes: &scopes, ends_at: end };
        let made = actions.create_key(guild(), &admin, &wanted, fresh()).await.unwrap();
        let held = actions.key_by_id(guild(), made.id).await.unwrap().unwrap();
        let program = admin.clone().through(held.through());
        let make = async |scopes: &[Scope], ends_at| {
            let wanted = Wanted { name: "another", scopes, ends_at };
            actions.create_key(guild(), &program, &wanted, fresh()).await
        };
        assert_eq!(rule(make(&[Scope::Access], end).await), "keys.more_than_its_own");
        let later = end.plus_secs(1);
        assert_eq!(rule(make(&[Scope::Economy], later).await), "keys.more_than_its_own");
        let made = make(&[Scope::Economy], end).await.unwrap();
        actions.revoke_key(guild(), &program, made.id, fresh()).await.unwrap();

        // Its owner may everything; through the key, what its scopes stand for.
        let set = async |caller: &Caller, capability: &str, field: &str, value: &str| {
            actions.change_setting(guild(), caller, capability, field, value, fresh()).await
        };
        assert_eq!(rule(set(&program, "access", "admin_roles", "5").await), "guard.permission");
        set(&admin, "access", "admin_roles", "5").await.unwrap();
        // An operator's key is no way to what is of no community.
        actions.set_maintenance(&admin, false, None, fresh()).await.unwrap();
        assert!(matches!(
            actions.set_maintenance(&program, true, None, fresh()).await,
            Err(ActionError::NotAnOperator)
        ));
        house.close().await;
    });
}
