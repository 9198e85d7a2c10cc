//! Logs and stores that somebody has changed.

use std::sync::Arc;

use eventlog::{
    proof::{Alarm, Selection, check, export, seal_now},
    values,
};

use crate::given::{Place, guild, happen, on_both, valid, verify};

async fn alarm(place: &Place) -> Option<Alarm> {
    place.proofs.alarms().await.unwrap().into_iter().next()
}

const ALL: Selection = Selection::Range { from: 1, to: None };

#[test]
fn given_stored_subtrees_are_gone_then_they_are_made_again() {
    on_both(async |place| {
        happen(&place.log, guild(1), 1_500).await;
        place.seal().await;
        place.shell.execute("DELETE FROM proof_nodes", &[]).await.unwrap();
        let path = place.file("all");
        export(&place.proofs, &*place.log, guild(1), &ALL, None, &path).await.unwrap();
        valid(&verify(&path), 1_500);
        let sql = "SELECT COUNT(*) FROM proof_nodes";
        assert!(place.shell.query(sql, &[]).await.unwrap()[0].int(0).unwrap() > 0);

        // A sealer that begins does the same.
        place.shell.execute("DELETE FROM proof_nodes", &[]).await.unwrap();
        happen(&place.log, guild(1), 1).await;
        place.seal().await;
        assert_eq!(place.size(guild(1)).await, 1_501);
        assert_eq!(alarm(&place).await, None);
    });
}

#[test]
fn given_a_damaged_subtree_then_the_log_decides_and_it_is_mended() {
    on_both(async |place| {
        happen(&place.log, guild(1), 600).await;
        place.seal().await;
        let damage = "UPDATE proof_nodes SET hash = $1 WHERE level = 9";
        let bytes = [7_u8; 32];
        assert_eq!(place.shell.execute(damage, &values![bytes.as_slice()]).await.unwrap(), 1);
        let path = place.file("all");
        let refused = export(&place.proofs, &*place.log, guild(1), &ALL, None, &path).await;
        assert!(refused.unwrap_err().to_string().contains("reeve proof check"));
        assert!(!path.exists());
        happen(&place.log, guild(1), 1).await;
        place.seal().await;
        assert_eq!((place.size(guild(1)).await, alarm(&place).await), (601, None));
        export(&place.proofs, &*place.log, guild(1), &ALL, None, &path).await.unwrap();
        valid(&verify(&path), 601);
    });
}

/// Whoever rewrites an event and its hash is found out, long ago or just now.
#[test]
fn given_a_rewritten_event_then_an_alarm_and_nothing_more_is_signed() {
    for (rewritten, total) in [(3, 10), (2, 700), (698, 700)] {
        on_both(async |place| {
            happen(&place.log, guild(1), total).await;
            happen(&place.log, guild(2), 5).await;
            place.seal().await;
            place.rewrite(guild(1), rewritten, r#"{"happened":{"n":"never"}}"#).await;
            let checked = check(&place.proofs, &*place.log, guild(1)).await.unwrap();
            let problem = checked.problem.unwrap();
            assert!(problem.contains("not those that were signed"), "{problem}");
            let found = alarm(&place).await.unwrap();
            assert_eq!((found.guild, &found.text), (guild(1), &problem));

            happen(&place.log, guild(1), 2).await;
            happen(&place.log, guild(2), 2).await;
            place.seal().await;
            assert_eq!(place.size(guild(1)).await, total as u64, "nothing more is signed");
            assert_eq!(place.size(guild(2)).await, 7, "the others go on");
            let path = place.file("all");
            let refused = export(&place.proofs, &*place.log, guild(1), &ALL, None, &path).await;
            assert!(refused.is_err() && !path.exists());
        });
    }
}

/// Without anybody asking: a sealer that begins looks at the last stretch.
#[test]
fn given_a_rewritten_event_of_late_then_the_sealer_itself_raises_the_alarm() {
    on_both(async |place| {
        happen(&place.log, guild(1), 300).await;
        place.seal().await;
        place.rewrite(guild(1), 290, r#"{"happened":{"n":"never"}}"#).await;
        happen(&place.log, guild(1), 1).await;
        place.seal().await;
        assert_eq!(place.size(guild(1)).await, 300);
        assert_eq!(alarm(&place).await.unwrap().guild, guild(1));
    });
}

/// An older log in the place of the one that was sealed.
#[test]
fn given_a_log_that_is_shorter_than_what_was_signed_then_an_alarm() {
    on_both(async |place| {
        let Some(other) = other_of_its_kind(&place).await else { return };
        happen(&place.log, guild(1), 20).await;
        happen(&place.log, guild(2), 2).await;
        place.seal().await;
        happen(&other.log, guild(1), 12).await;
        let log = Arc::clone(&other.log);
        seal_now(&place.proofs, &log).await.unwrap();
        let alarms = place.proofs.alarms().await.unwrap();
        let guilds: Vec<_> = alarms.iter().map(|alarm| alarm.guild).collect();
        assert_eq!(guilds.len(), 2, "{alarms:?}");
        assert!(alarms.iter().all(|alarm| alarm.text.contains("fewer")), "{alarms:?}");
        let checked = check(&place.proofs, &*log, guild(1)).await.unwrap();
        assert!(checked.problem.is_some());
    });
}

async fn other_of_its_kind(place: &Place) -> Option<Place> {
    match place.store {
        crate::given::Store::Sqlite(_) => Some(Place::sqlite().await),
        crate::given::Store::Postgres(_) => Place::postgres().await,
    }
}

#[test]
fn given_a_checkpoint_then_the_database_refuses_to_change_it() {
    on_both(async |place| {
        happen(&place.log, guild(1), 3).await;
        place.seal().await;
        for sql in [
            "UPDATE checkpoints SET root = signature",
            "DELETE FROM checkpoints",
            "INSERT INTO checkpoints SELECT * FROM checkpoints",
        ] {
            assert!(place.shell.execute(sql, &[]).await.is_err(), "{sql}");
        }
        if place.shell.is_sqlite() {
            let sql = "REPLACE INTO checkpoints SELECT * FROM checkpoints";
            let error = place.shell.execute(sql, &[]).await.unwrap_err().to_string();
            assert!(error.contains("never changed or deleted"), "{error}");
        }
    });
}

/// Lost with the last moments before a power cut, the same checkpoint is signed again.
#[test]
fn given_lost_checkpoints_then_exactly_the_same_are_made_again() {
    on_both(async |place| {
        happen(&place.log, guild(1), 300).await;
        place.seal().await;
        let before = place.proofs.latest(guild(1)).await.unwrap();
        let drop = if place.shell.is_sqlite() {
            "DROP TRIGGER checkpoints_no_delete; DELETE FROM checkpoints; DELETE FROM proof_nodes; \
             UPDATE proof_sealer SET position = 0"
        } else {
            "ALTER TABLE checkpoints DISABLE TRIGGER USER; DELETE FROM checkpoints; \
             DELETE FROM proof_nodes; UPDATE proof_sealer SET position = 0"
        };
        place.shell.run_script(drop).await.unwrap();
        place.seal().await;
        assert_eq!(place.proofs.latest(guild(1)).await.unwrap(), before);
    });
}
