//! Read models unlike today's: rows that go, keys that change, bytes and nulls.

use domain::{GuildId, Moment};
use eventlog::{LogError, Recorded, values};
use projections::{Projection, Table, Tables, TimeOptions, Visit, boxed};

use super::{Dump, busy, dump, machine_of, small};
use crate::support::on_sqlite;

struct Odd;

impl Projection for Odd {
    const NAME: &'static str = "odd";
    const VERSION: u32 = 3;
    const CATEGORIES: &'static [&'static str] = &["economy", "people"];
    const TABLES: &'static [Table] = &[
        Table {
            name: "odd",
            create: "CREATE TABLE {odd} (
                place bigint NOT NULL, -- the key's columns are not the first, nor in order
                guild bigint NOT NULL,
                words text,
                bytes bytea,
                PRIMARY KEY (guild, place)
            );",
        },
        Table {
            name: "odder",
            create: "CREATE TABLE {odder} (guild bigint PRIMARY KEY, events bigint NOT NULL);",
        },
    ];
    type Batch = Vec<(GuildId, i64)>;

    fn fold(batch: &mut Self::Batch, event: &Recorded) -> Result<(), LogError> {
        batch.push((event.guild(), event.guild_seq.cast_signed()));
        Ok(())
    }

    async fn write(batch: Self::Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        for (guild, seq) in batch {
            let (earlier, words) = (seq - 3, format!("it's \"{seq}\" 🐤\n"));
            let bytes: Vec<u8> = seq.to_be_bytes().iter().map(|byte| byte ^ 0x80).collect();
            let insert = "INSERT INTO {odd} (place, guild, words, bytes) VALUES ($1, $2, $3, $4)";
            tables.execute(insert, &values![seq, guild, words, bytes]).await?;
            let sql = match seq % 6 {
                0 => "DELETE FROM {odd} WHERE guild = $1 AND place = $2",
                1 => "UPDATE {odd} SET place = -place WHERE guild = $1 AND place = $2",
                2 => "UPDATE {odd} SET words = NULL, bytes = NULL WHERE guild = $1 AND place = $2",
                3 => "UPDATE {odd} SET words = words || words WHERE guild = $1 AND place <= $2",
                4 => "DELETE FROM {odd} WHERE guild = $1 AND (place < 0 OR place = $2)",
                _ => "UPDATE {odd} SET place = place + 1000 WHERE guild = $1 AND place = $2",
            };
            tables.execute(sql, &values![guild, earlier]).await?;
            let count = "INSERT INTO {odder} (guild, events) VALUES ($1, 1) \
                         ON CONFLICT (guild) DO UPDATE SET events = {odder}.events + 1";
            tables.execute(count, &values![guild]).await?;
        }
        Ok(())
    }
}

#[test]
fn given_rows_that_go_and_keys_that_change_then_every_step_back_is_exact() {
    on_sqlite(&async |site| {
        let house = site.open().await;
        let guild = busy(&house, 19, 60).await;
        let last = house.history(guild).await.len() as u64;
        let whole = TimeOptions { every: 1_000_000, lookback: 0, ..small() };
        let fresh = machine_of(&site.directory().join("a"), &house, vec![boxed::<Odd>()], whole);
        let kept = machine_of(&site.directory().join("b"), &house, vec![boxed::<Odd>()], small());
        let visit = || Visit::of("auditor");
        let mut moments: Vec<Dump> = Vec::new();
        for seq in 1..=last {
            let view = fresh.at(guild, Moment::Seq(seq), &["odd"], visit()).await.unwrap();
            moments.push(dump(&view).await);
        }
        let at = |seq: u64| &moments[usize::try_from(seq - 1).unwrap()];
        let mut view = kept.at(guild, Moment::Now, &["odd"], visit()).await.unwrap();
        assert_eq!(dump(&view).await, *at(last));
        for seq in (1..last).rev() {
            let back = view.back().await.unwrap();
            assert_eq!(dump(&view).await, *at(seq), "back to #{seq}");
            if seq % 4 == 0 {
                let on = view.forward().await.unwrap();
                assert_eq!(dump(&view).await, *at(seq + 1), "on to #{}", seq + 1);
                assert_eq!(on.changes.len(), back.changes.len());
                view.back().await.unwrap();
                assert_eq!(dump(&view).await, *at(seq), "back again to #{seq}");
            }
        }
        house.close().await;
    });
}
