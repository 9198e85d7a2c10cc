//! A community out of a seed: who lives in it, what the channels and roles are called. The same
//! seed gives the same people. This founds the place; [`life`] says what happens in it day by day.

pub mod character;
pub mod life;
mod talk;
#[cfg(test)]
mod tests;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use serde_json::json;

use crate::{
    permissions::{Overwrite, OverwriteOf, Permissions},
    snowflake::Id,
    world::{
        Answer, By, World,
        channel::{ChannelEdit, Kind},
        member::MemberEdit,
        role::RoleEdit,
        user::User,
    },
};

const FIRST_NAMES: [&str; 64] = [
    "maren", "tobi", "ines", "jonas", "lene", "pavel", "aiko", "bram", "celia", "dario", "edda",
    "farid", "greta", "hugo", "ilse", "jarek", "kaya", "leif", "mina", "nico", "olga", "piet",
    "quinn", "rosa", "sven", "tilda", "umar", "vera", "wim", "xenia", "yara", "zoran", "anouk",
    "bela", "cora", "dilan", "elif", "finn", "gesa", "henk", "imke", "jule", "koen", "lotte",
    "malik", "nele", "oskar", "petra", "rafi", "silke", "thea", "uwe", "vito", "wanda", "yusuf",
    "zita", "arne", "birte", "cem", "dora", "emre", "fenja", "gustav", "hanna",
];
const EPITHETS: [&str; 16] = [
    "fox", "harbor", "moss", "lantern", "quill", "pixel", "ember", "north", "rook", "tide",
    "willow", "byte", "kettle", "comet", "heron", "clover",
];
const GUILD_NAMES: [&str; 8] = [
    "The Copper Kettle",
    "Harbor Lights",
    "Fen & Lantern",
    "Night Owls' Workshop",
    "The Long Table",
    "Mill Lane Makers",
    "Saltmarsh Commons",
    "The Inkwell",
];

/// So many of the first members have their client in English.
const ENGLISH: usize = 5;

/// What a community should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    pub members: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self { seed: 1, members: 24 }
    }
}

impl Plan {
    pub fn seeded(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }
}

/// A community that was founded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Community {
    pub guild: Id,
    pub application: Id,
    pub owner: Id,
    /// The others, in the order in which they came.
    pub members: Vec<Id>,
}

/// Founds a community with its bot: the first named in [`FIRST_NAMES`] are always there, so that
/// examples can count on them.
pub fn found(world: &mut World, plan: &Plan) -> Answer<Community> {
    let mut dice = StdRng::seed_from_u64(plan.seed);
    let owner = world.add_user("astrid", Some("Astrid"))?;
    let name = GUILD_NAMES[dice.random_range(0..GUILD_NAMES.len())];
    let guild = world.create_guild(name, owner)?;
    let by = By::user(owner);
    let roles = make_roles(world, guild, &by)?;
    make_channels(world, guild, &by, roles.moderator)?;
    let members = settle(world, guild, plan, &mut dice)?;
    for (place, user) in members.iter().enumerate() {
        let mut held = Vec::new();
        match place {
            0 => held.extend([roles.admin, roles.regular]),
            1 | 2 => held.extend([roles.moderator, roles.regular]),
            _ if dice.random_bool(0.4) => held.push(roles.regular),
            _ => {}
        }
        if dice.random_bool(0.25) {
            held.push(roles.artist);
        }
        let edit = MemberEdit { roles: Some(held), ..MemberEdit::default() };
        world.edit_member(guild, *user, edit, &by)?;
    }
    let application = world.create_application("Reeve")?;
    world.add_bot(guild, application, bot_permissions(), &by)?;
    // A bot can give only roles below its own: put it below the admins, above the rest.
    let of_bot = world.guild(guild)?.roles.values().find(|role| role.bot.is_some());
    if let Some(of_bot) = of_bot.map(|role| role.id) {
        let below_admin = world.role(guild, roles.admin)?.position - 1;
        world.move_roles(guild, &[(of_bot, below_admin)], &by)?;
    }
    Ok(Community { guild, application, owner, members })
}

/// What the bot of a community needs.
pub fn bot_permissions() -> Permissions {
    Permissions::VIEW_CHANNEL
        | Permissions::SEND_MESSAGES
        | Permissions::SEND_MESSAGES_IN_THREADS
        | Permissions::EMBED_LINKS
        | Permissions::ATTACH_FILES
        | Permissions::READ_MESSAGE_HISTORY
        | Permissions::ADD_REACTIONS
        | Permissions::MANAGE_MESSAGES
        | Permissions::MANAGE_ROLES
        | Permissions::MANAGE_CHANNELS
        | Permissions::MANAGE_THREADS
        | Permissions::MANAGE_WEBHOOKS
        | Permissions::MANAGE_NICKNAMES
        | Permissions::MANAGE_GUILD
        | Permissions::KICK_MEMBERS
        | Permissions::BAN_MEMBERS
        | Permissions::MODERATE_MEMBERS
        | Permissions::MUTE_MEMBERS
        | Permissions::MOVE_MEMBERS
        | Permissions::VIEW_AUDIT_LOG
        | Permissions::CREATE_PUBLIC_THREADS
        | Permissions::CREATE_PRIVATE_THREADS
        | Permissions::USE_APPLICATION_COMMANDS
        | Permissions::CONNECT
}

struct Roles {
    admin: Id,
    moderator: Id,
    regular: Id,
    artist: Id,
}

fn make_roles(world: &mut World, guild: Id, by: &By) -> Answer<Roles> {
    let everyone = Permissions::of_everyone();
    let moderating = everyone
        | Permissions::KICK_MEMBERS
        | Permissions::BAN_MEMBERS
        | Permissions::MODERATE_MEMBERS
        | Permissions::MANAGE_MESSAGES
        | Permissions::MANAGE_NICKNAMES
        | Permissions::MUTE_MEMBERS
        | Permissions::MOVE_MEMBERS
        | Permissions::VIEW_AUDIT_LOG;
    // From the lowest up: the newest role is always the lowest, so they are moved at the end.
    let kinds = [
        ("Artist", 0x00e9_1e63, everyone),
        ("Regular", 0x0034_98db, everyone),
        ("Moderator", 0x002e_cc71, moderating),
        ("Admin", 0x00f1_c40f, Permissions::ADMINISTRATOR),
    ];
    let mut made = Vec::new();
    for (name, color, permissions) in kinds {
        let edit = RoleEdit {
            color: Some(color),
            hoist: Some(true),
            permissions: Some(permissions),
            ..RoleEdit::named(name)
        };
        made.push(world.create_role(guild, edit, by)?);
    }
    let places: Vec<_> = made.iter().copied().zip(1..).collect();
    world.move_roles(guild, &places, by)?;
    Ok(Roles { artist: made[0], regular: made[1], moderator: made[2], admin: made[3] })
}

fn make_channels(world: &mut World, guild: Id, by: &By, moderator: Id) -> Answer {
    let text =
        |topic: &str| ChannelEdit { topic: Some(Some(topic.to_owned())), ..ChannelEdit::default() };
    let welcome = world.create_channel(guild, Kind::Category, "Welcome", None, by)?;
    let halls = world.create_channel(guild, Kind::Category, "Halls", None, by)?;
    let staff = world.create_channel(guild, Kind::Category, "Staff", None, by)?;
    let below = |edit: ChannelEdit, parent| ChannelEdit { parent: Some(Some(parent)), ..edit };
    for (kind, name, parent, topic) in [
        (Kind::Announcement, "announcements", welcome, "What everybody should know"),
        (Kind::Text, "rules", welcome, "Be kind. The rest follows."),
        (Kind::Text, "introductions", welcome, "Say hello"),
        (Kind::Text, "workshop", halls, "What are you making?"),
        (Kind::Text, "off-topic", halls, "Anything else"),
        (Kind::Text, "bot-commands", halls, "Bytes, giveaways and the like"),
        (Kind::Text, "prizes", halls, "What there is to win, and who won it"),
        (Kind::Text, "mod-log", staff, "What moderators and the bot have done"),
        (Kind::Text, "mod-room", staff, "For moderators"),
    ] {
        world.create_channel_with(guild, kind, name, below(text(topic), parent), by)?;
    }
    let ideas = ChannelEdit {
        available_tags: Some(vec![
            json!({ "id": "1", "name": "open", "moderated": false, "emoji_id": null, "emoji_name": null }),
            json!({ "id": "2", "name": "done", "moderated": true, "emoji_id": null, "emoji_name": null }),
        ]),
        ..below(text("Ideas for this place"), halls)
    };
    world.create_channel_with(guild, Kind::Forum, "ideas", ideas, by)?;
    for name in ["Fireside", "Workbench"] {
        let edit = below(ChannelEdit::default(), halls);
        world.create_channel_with(guild, Kind::Voice, name, edit, by)?;
    }
    let rules = world.channel_named(guild, "rules");
    let announcements = world.channel_named(guild, "announcements");
    for quiet in [rules, announcements].into_iter().flatten() {
        let deny = Permissions::SEND_MESSAGES;
        let overwrite =
            Overwrite { id: guild, of: OverwriteOf::Role, allow: Permissions::NONE, deny };
        world.set_overwrite(quiet, overwrite, by)?;
    }
    let rooms = ["mod-log", "mod-room"].map(|name| world.channel_named(guild, name));
    for room in rooms.into_iter().flatten().chain([staff]) {
        let see = Permissions::VIEW_CHANNEL;
        let hidden =
            Overwrite { id: guild, of: OverwriteOf::Role, allow: Permissions::NONE, deny: see };
        let shown =
            Overwrite { id: moderator, of: OverwriteOf::Role, allow: see, deny: Permissions::NONE };
        world.set_overwrite(room, hidden, by)?;
        world.set_overwrite(room, shown, by)?;
    }
    Ok(())
}

/// The members, one after another.
fn settle(world: &mut World, guild: Id, plan: &Plan, dice: &mut StdRng) -> Answer<Vec<Id>> {
    let mut members = Vec::with_capacity(plan.members);
    for place in 0..plan.members {
        let (username, display) = name(plan.seed, place);
        let user = world.add_user(&username, Some(&display))?;
        let avatar: String =
            (0..32).map(|_| char::from(b"0123456789abcdef"[dice.random_range(0..16)])).collect();
        let has_picture = dice.random_bool(0.8);
        let found: &mut User = world.user_mut(user)?;
        found.avatar = has_picture.then_some(avatar);
        // Examples speak of the first ones, and examples are in English.
        let is_german = dice.random_bool(0.3) && place >= ENGLISH;
        let locale = if is_german { "de" } else { "en-US" };
        locale.clone_into(&mut found.locale);
        found.takes_direct_messages = dice.random_bool(0.9);
        world.add_member(guild, user)?;
        members.push(user);
    }
    Ok(members)
}

/// What the so-many-th member of a community is called: username and display name.
pub fn name(seed: u64, place: usize) -> (String, String) {
    let mut epithets = EPITHETS;
    epithets.shuffle(&mut StdRng::seed_from_u64(seed));
    let first = FIRST_NAMES[place % FIRST_NAMES.len()];
    let round = place / FIRST_NAMES.len();
    let username = if round == 0 {
        first.to_owned()
    } else {
        let epithet = epithets[(place + round) % epithets.len()];
        format!("{first}_{epithet}{round}")
    };
    (username, capitalised(first))
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
