//! Codes, as members live them.

use simulator::given;

use super::town::{Town, patiently};
use crate::support::eventually;

// proves: COD-01, COD-02, CMD-01
#[test]
fn given_codes_then_members_redeem_them_through_the_wire_for_bytes_and_roles() {
    let town = Town::new();
    let (owner, maren, tobi) = (town.owner(), town.member("maren"), town.member("tobi"));
    let lene = town.member("lene");
    let bot = town.bot();
    let code = town.live(async {
        let made = given! { name: "Launch", bytes: 50, uses: 2 };
        let refused = lene.tries("/codes create", given! { name: "Launch", bytes: 50 }).await;
        let refused = refused.map(|answer| answer.all_text()).unwrap_or_default();
        assert!(!refused.contains("```"), "{refused}");
        let made = owner.uses("/codes create", made).await;
        assert!(made.is_ephemeral());
        let text = made.all_text();
        let code = text.split("```").nth(1).unwrap_or_else(|| panic!("{text}")).trim().to_owned();
        let redeemed = maren.uses("/redeem", given! { code: code.to_lowercase() }).await;
        assert!(redeemed.is_ephemeral());
        assert!(redeemed.all_text().contains("50 bytes"), "{}", redeemed.all_text());
        code
    });
    patiently("maren is paid", || (town.live(maren.has()) == 50).then_some(()));
    town.live(async {
        let role = given! { name: "Artists", role: "Artist", code: "PAINT-2026" };
        let made = owner.uses("/codes create", role).await;
        assert!(made.all_text().contains("PA1NT2026"), "{}", made.all_text());
        let too_high = given! { name: "Admins", role: "Admin" };
        let too_high = owner.uses("/codes create", too_high).await;
        assert!(too_high.all_text().contains("must be above"), "{}", too_high.all_text());
        tobi.uses("/redeem", given! { code: "paint-2026" }).await;
    });
    eventually("tobi has the role", || {
        tobi.person.roles().iter().any(|role| role == "Artist").then_some(())
    });
    patiently("the list has caught up", || {
        let list = town.live(owner.uses("/codes list", Vec::new())).all_text();
        list.contains("1 of 2 used").then_some(())
    });
    let (log, plain) = (bot.stop().2, code.replace('-', ""));
    assert!(!log.contains(&code) && !log.contains(&plain), "codes are in no log");
    assert!(!log.contains("PAINT") && !log.contains("PA1NT"));
}
