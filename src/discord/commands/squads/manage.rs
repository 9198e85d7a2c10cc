//! `/squads create`, `edit` and `delete`: for those who may manage the settings.

use actions::{Permission, RoleFacts, unknown_role};
use domain::{
    RoleId,
    squads::{Change, MAX_DESCRIPTION_CHARS, MAX_NAME_CHARS, SquadId},
};

use super::{SQUAD, WHICH, named, numbered, suggested};
use crate::discord::{
    command::{Answer, Spec, Suggestion, Verb},
    confirm::{self, Confirmed},
    ctx::{Ctx, Pressed, Typing},
    custom_id::{long, short},
    failure::Failure,
    options::{Opt, options},
    reply::{Reply, plain},
    text::{Text, text},
};

/// As Discord is told.
const NAME_CHARS: i64 = 32;
const _: () = assert!(NAME_CHARS.unsigned_abs() == MAX_NAME_CHARS as u64, "one limit");
const DESCRIPTION_CHARS: i64 = 200;
const _: () =
    assert!(DESCRIPTION_CHARS.unsigned_abs() == MAX_DESCRIPTION_CHARS as u64, "one limit");

const CREATED: Text = text(
    "**{name}** is there; its members get the role {role}.",
    "**{name}** ist da; Mitglieder bekommen die Rolle {role}.",
);
const EDITED: Text = text("**{name}** is as you said.", "**{name}** ist jetzt so.");
const CLOSED: Text = text(
    "**{name}** is as you said. Nobody can join it now; its members stay.",
    "**{name}** ist jetzt so. Beitreten kann niemand; die Mitglieder bleiben.",
);
const SURE: Text = text(
    "Delete **{name}**? All its members leave it and lose its role; their next join is free. The \
     role itself stays.",
    "**{name}** löschen? Alle Mitglieder verlassen es und verlieren seine Rolle; ihr nächster \
     Beitritt ist kostenlos. Die Rolle selbst bleibt.",
);
const DELETED: Text = text(
    "**{name}** is gone. The roles of its members go one after another.",
    "**{name}** ist weg. Die Rollen der Mitglieder gehen nacheinander.",
);

const NAME: Text = text("name", "name");
const DESCRIPTION: Text = text("description", "beschreibung");
const ROLE: Text = text("role", "rolle");

options! {
    pub struct Create {
        name: String = Opt::new(NAME, text("What it is called", "Wie es heißt"))
            .between(1, NAME_CHARS),
        role: RoleId = Opt::new(ROLE, text("What its members get", "Was Mitglieder bekommen")),
        description: Option<String> = Opt::new(
            DESCRIPTION,
            text("What it is about", "Worum es geht"),
        )
        .between(0, DESCRIPTION_CHARS),
    }
}

impl Verb for Create {
    const SPEC: Spec = Spec::new(
        text("create", "erstellen"),
        text("Make a squad that members can join", "Mach ein Team, dem man beitreten kann"),
    )
    .needs(Permission::ManageSettings)
    .private()
    .examples(&["/squads create name:Red role:@Red description:The early birds"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let role = facts(&ctx, self.role)?;
        let (guild, key) = (ctx.guild(), ctx.key()?);
        let about = (self.name.as_str(), self.description.as_deref().unwrap_or_default());
        let line = ctx.actions().create_squad(guild, &ctx.caller, about, role, &key).await?;
        let (name, role) = (plain(&line.name), format!("<@&{}>", line.role));
        let told = ctx.fill(CREATED, &[("name", &name), ("role", &role)]);
        Ok(Reply::good(told).private())
    }
}

options! {
    pub struct Edit {
        squad: String = Opt::new(SQUAD, WHICH).between(1, 100).suggests(),
        name: Option<String> = Opt::new(NAME, text("Its new name", "Der neue Name"))
            .between(1, NAME_CHARS),
        description: Option<String> = Opt::new(
            DESCRIPTION,
            text("Its new description", "Die neue Beschreibung"),
        )
        .between(0, DESCRIPTION_CHARS),
        role: Option<RoleId> = Opt::new(
            ROLE,
            text("Another role, while nobody is in it", "Eine andere Rolle, solange niemand drin ist"),
        ),
        active: Option<bool> = Opt::new(
            text("active", "aktiv"),
            text("Whether members can join it", "Ob man beitreten kann"),
        ),
    }
}

impl Verb for Edit {
    const SPEC: Spec = Spec::new(text("edit", "ändern"), text("Change a squad", "Ändere ein Team"))
        .needs(Permission::ManageSettings)
        .private()
        .examples(&["/squads edit squad:Red name:Crimson", "/squads edit squad:Red active:False"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let line = named(&ctx, &self.squad).await?;
        let role = self.role.map(|role| facts(&ctx, role)).transpose()?;
        let trimmed = |text: Option<String>| text.map(|text| text.trim().to_owned());
        let change = Change {
            name: trimmed(self.name),
            description: trimmed(self.description),
            role: self.role,
            active: self.active,
        };
        let (actions, guild, key) = (ctx.actions(), ctx.guild(), ctx.key()?);
        let line = actions.edit_squad(guild, &ctx.caller, line.squad, change, role, &key).await?;
        let told = if line.active { EDITED } else { CLOSED };
        Ok(Reply::good(ctx.fill(told, &[("name", &plain(&line.name))])).private())
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        suggested(&ctx, &typing).await
    }
}

options! {
    pub struct Delete {
        squad: String = Opt::new(SQUAD, WHICH).between(1, 100).suggests(),
    }
}

impl Verb for Delete {
    const SPEC: Spec = Spec::new(
        text("delete", "löschen"),
        text("Delete a squad; its members leave it", "Lösche ein Team; Mitglieder verlassen es"),
    )
    .needs(Permission::ManageSettings)
    .private()
    .examples(&["/squads delete squad:Red"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let line = named(&ctx, &self.squad).await?;
        let sure = ctx.fill(SURE, &[("name", &plain(&line.name))]);
        let payload = short(u64::from(line.squad.0));
        confirm::ask(&ctx, "squads", "delete", &payload, Reply::new(sure).private())
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        suggested(&ctx, &typing).await
    }
}

/// Deleting was confirmed.
pub async fn deleted(ctx: Ctx, pressed: Pressed) -> Answer {
    confirm::then(ctx, pressed, async |ctx: Ctx, confirmed: Confirmed| {
        let squad = long(&confirmed.payload).and_then(|squad| squad.try_into().ok()).map(SquadId);
        let squad =
            squad.ok_or_else(|| Failure::System("a button of ours names no squad".to_owned()))?;
        let line = numbered(&ctx, squad).await?;
        let (actions, guild) = (ctx.actions(), ctx.guild());
        actions.delete_squad(guild, &ctx.caller, squad, &confirmed.key).await?;
        let name = plain(&line.name);
        Ok(Reply::good(ctx.fill(DELETED, &[("name", &name)])).private())
    })
    .await
}

fn facts(ctx: &Ctx, role: RoleId) -> Result<RoleFacts, Failure> {
    let facts = ctx.edge.guilds.role_facts(ctx.guild(), role, ctx.edge.us);
    Ok(facts.ok_or_else(unknown_role)?)
}
