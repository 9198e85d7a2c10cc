//! What is said before other settings of levels are saved.

use domain::levels::Change;

use super::*;

async fn has_xp(house: &House, user: u64, xp: i64) {
    let (user, key) = (UserId::new(user).unwrap(), fresh_key("xp").unwrap());
    let (actions, change) = (&house.node.actions, Change::Give(xp));
    let operator = Caller::operator();
    actions.change_xp(House::guild(), &operator, user, change, None, &key).await.unwrap();
}

fn field<'a>(reply: &'a Reply, name: &str) -> &'a str {
    let found = reply.fields.iter().find(|(known, _)| known == name);
    found.map_or("", |(_, value)| value.as_str())
}

// proves: LVL-06
#[tokio::test(flavor = "multi_thread")]
async fn given_another_curve_then_it_is_told_who_moves_and_nothing_is_saved_before_a_yes() {
    let house = House::new().await;
    let admin = house.admin();
    let curve = |word| [said("setting", "levels.curve"), said("value", word)];
    let empty = admin.uses("/settings set", &curve("even")).await;
    assert!(empty.body.contains("is now `even`"), "nobody has XP yet: {empty:?}");
    for (user, xp) in [(ANN, 5_500), (BEN, 900)] {
        has_xp(&house, user, xp).await;
    }
    house.advance(3);
    let question = admin.uses("/settings set", &curve("classic")).await;
    assert!(question.private && question.body.contains("not saved yet"), "{question:?}");
    let levels = field(&question, "Levels, at once");
    assert!(levels.starts_with("2 would be at a higher level, 0 at a lower one."), "{levels}");
    assert!(levels.contains("<@101>: level 5 → 10"), "{levels}");
    let now = || async {
        house.advance(3);
        admin.uses("/settings view", &[said("of", "levels")]).await.body
    };
    assert!(now().await.contains("(`levels.curve`): `even`"), "asking changes nothing");
    let done = admin.presses(&question.buttons[0].custom_id).await;
    assert_eq!(done.body, "**Curve** is now `classic`. It was `even`.");
    assert!(now().await.contains("(`levels.curve`): `classic`"));
    let again = admin.presses(&question.buttons[0].custom_id).await;
    assert!(again.body.contains("answered already"), "{again:?}");

    let wrong = admin.uses("/settings set", &curve("round")).await;
    assert!(wrong.private && wrong.body.contains("curve:"), "{wrong:?}");
    let back = admin.uses("/settings reset", &[said("setting", "levels.curve")]).await;
    assert!(back.body.contains("so already"), "{back:?}");
    let percent = [said("setting", "levels.curve_percent"), said("value", "500")];
    let question = admin.uses("/settings set", &percent).await;
    let no = admin.presses(&question.buttons[1].custom_id).await;
    assert!(no.body.contains("Nothing was changed"), "{no:?}");
    assert!(now().await.contains("(`levels.curve_percent`): `100`"));
    // What moves nobody is saved at once.
    let announce = [said("setting", "levels.announce"), said("value", "there")];
    let saved = admin.uses("/settings set", &announce).await;
    assert!(saved.body.contains("is now `there`"), "{saved:?}");
}
