//! Every route with what answers it. Templates are written as Discord's own description writes
//! them, so that the judge finds them there.

use super::{
    automod,
    call::{Call, Done},
    channel, command, guild, interaction, member, message, reaction, role, thread, user, webhook,
};

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Bot,
    /// A bot, or a person through an application.
    Either,
    /// Whoever knows the token that is in the path, or anybody at all.
    Anybody,
}

#[derive(Debug)]
pub struct Route {
    pub method: &'static str,
    pub template: &'static str,
    pub who: Who,
    pub run: fn(&Call) -> Done,
}

macro_rules! routes {
    ($($method:ident $template:literal $who:ident => $run:path;)*) => {
        &[$(Route {
            method: stringify!($method), template: $template, who: Who::$who, run: $run,
        }),*]
    };
}

pub const ROUTES: &[Route] = routes! {
    GET "/gateway" Anybody => user::gateway;
    GET "/gateway/bot" Bot => user::gateway_bot;

    GET "/users/@me" Either => user::me;
    PATCH "/users/@me" Bot => user::edit_me;
    GET "/users/@me/guilds" Either => user::my_guilds;
    DELETE "/users/@me/guilds/{guild_id}" Bot => user::leave;
    GET "/users/@me/guilds/{guild_id}/member" Either => user::my_member;
    POST "/users/@me/channels" Bot => user::open_direct;
    GET "/users/{user_id}" Bot => user::get;
    GET "/oauth2/@me" Either => user::authorization;
    GET "/oauth2/applications/@me" Bot => user::application;

    GET "/applications/@me" Bot => user::application;
    PATCH "/applications/@me" Bot => user::edit_application;
    GET "/applications/{application_id}/commands" Bot => command::list;
    POST "/applications/{application_id}/commands" Bot => command::create;
    PUT "/applications/{application_id}/commands" Bot => command::overwrite;
    GET "/applications/{application_id}/commands/{command_id}" Bot => command::get;
    PATCH "/applications/{application_id}/commands/{command_id}" Bot => command::edit;
    DELETE "/applications/{application_id}/commands/{command_id}" Bot => command::delete;
    GET "/applications/{application_id}/guilds/{guild_id}/commands" Bot => command::list;
    POST "/applications/{application_id}/guilds/{guild_id}/commands" Bot => command::create;
    PUT "/applications/{application_id}/guilds/{guild_id}/commands" Bot => command::overwrite;
    GET "/applications/{application_id}/guilds/{guild_id}/commands/permissions" Bot
        => command::all_permissions;
    GET "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}" Bot
        => command::get;
    PATCH "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}" Bot
        => command::edit;
    DELETE "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}" Bot
        => command::delete;
    GET "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions" Bot
        => command::permissions;
    PUT "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions" Either
        => command::set_permissions;

    GET "/guilds/{guild_id}" Bot => guild::get;
    PATCH "/guilds/{guild_id}" Bot => guild::edit;
    GET "/guilds/{guild_id}/preview" Bot => guild::preview;
    GET "/guilds/{guild_id}/channels" Bot => guild::channels;
    POST "/guilds/{guild_id}/channels" Bot => guild::create_channel;
    PATCH "/guilds/{guild_id}/channels" Bot => guild::move_channels;
    GET "/guilds/{guild_id}/threads/active" Bot => guild::active_threads;
    GET "/guilds/{guild_id}/audit-logs" Bot => guild::audit_log;
    GET "/guilds/{guild_id}/webhooks" Bot => guild::webhooks;
    GET "/guilds/{guild_id}/invites" Bot => guild::invites;
    GET "/guilds/{guild_id}/emojis" Bot => guild::emojis;
    GET "/guilds/{guild_id}/stickers" Bot => guild::stickers;
    GET "/guilds/{guild_id}/voice-states/@me" Bot => guild::own_voice_state;
    GET "/guilds/{guild_id}/voice-states/{user_id}" Bot => guild::voice_state;
    GET "/guilds/{guild_id}/roles" Bot => role::list;
    POST "/guilds/{guild_id}/roles" Bot => role::create;
    PATCH "/guilds/{guild_id}/roles" Bot => role::reorder;
    GET "/guilds/{guild_id}/roles/member-counts" Bot => role::counts;
    GET "/guilds/{guild_id}/roles/{role_id}" Bot => role::get;
    PATCH "/guilds/{guild_id}/roles/{role_id}" Bot => role::edit;
    DELETE "/guilds/{guild_id}/roles/{role_id}" Bot => role::delete;
    GET "/guilds/{guild_id}/members" Bot => member::list;
    GET "/guilds/{guild_id}/members/search" Bot => member::search;
    PATCH "/guilds/{guild_id}/members/@me" Bot => member::edit_own;
    GET "/guilds/{guild_id}/members/{user_id}" Bot => member::get;
    PUT "/guilds/{guild_id}/members/{user_id}" Bot => user::add_member;
    PATCH "/guilds/{guild_id}/members/{user_id}" Bot => member::edit;
    DELETE "/guilds/{guild_id}/members/{user_id}" Bot => member::kick;
    PUT "/guilds/{guild_id}/members/{user_id}/roles/{role_id}" Bot => member::add_role;
    DELETE "/guilds/{guild_id}/members/{user_id}/roles/{role_id}" Bot => member::remove_role;
    GET "/guilds/{guild_id}/bans" Bot => member::bans;
    GET "/guilds/{guild_id}/bans/{user_id}" Bot => member::get_ban;
    PUT "/guilds/{guild_id}/bans/{user_id}" Bot => member::ban;
    DELETE "/guilds/{guild_id}/bans/{user_id}" Bot => member::unban;
    POST "/guilds/{guild_id}/bulk-ban" Bot => member::bulk_ban;
    GET "/guilds/{guild_id}/prune" Bot => member::prune_count;
    POST "/guilds/{guild_id}/prune" Bot => member::prune;
    GET "/guilds/{guild_id}/auto-moderation/rules" Bot => automod::list;
    POST "/guilds/{guild_id}/auto-moderation/rules" Bot => automod::create;
    GET "/guilds/{guild_id}/auto-moderation/rules/{rule_id}" Bot => automod::get;
    PATCH "/guilds/{guild_id}/auto-moderation/rules/{rule_id}" Bot => automod::edit;
    DELETE "/guilds/{guild_id}/auto-moderation/rules/{rule_id}" Bot => automod::delete;

    GET "/channels/{channel_id}" Bot => channel::get;
    PATCH "/channels/{channel_id}" Bot => channel::edit;
    DELETE "/channels/{channel_id}" Bot => channel::delete;
    PUT "/channels/{channel_id}/permissions/{overwrite_id}" Bot => channel::set_overwrite;
    DELETE "/channels/{channel_id}/permissions/{overwrite_id}" Bot => channel::delete_overwrite;
    POST "/channels/{channel_id}/typing" Bot => channel::typing;
    GET "/channels/{channel_id}/invites" Bot => channel::invites;
    POST "/channels/{channel_id}/invites" Bot => channel::create_invite;
    GET "/channels/{channel_id}/webhooks" Bot => channel::webhooks;
    POST "/channels/{channel_id}/webhooks" Bot => webhook::create;
    GET "/channels/{channel_id}/pins" Bot => channel::old_pins;
    PUT "/channels/{channel_id}/pins/{message_id}" Bot => channel::pin;
    DELETE "/channels/{channel_id}/pins/{message_id}" Bot => channel::unpin;
    GET "/channels/{channel_id}/messages" Bot => message::list;
    POST "/channels/{channel_id}/messages" Bot => message::create;
    POST "/channels/{channel_id}/messages/bulk-delete" Bot => message::bulk_delete;
    GET "/channels/{channel_id}/messages/pins" Bot => channel::pins;
    PUT "/channels/{channel_id}/messages/pins/{message_id}" Bot => channel::pin;
    DELETE "/channels/{channel_id}/messages/pins/{message_id}" Bot => channel::unpin;
    GET "/channels/{channel_id}/messages/{message_id}" Bot => message::get;
    PATCH "/channels/{channel_id}/messages/{message_id}" Bot => message::edit;
    DELETE "/channels/{channel_id}/messages/{message_id}" Bot => message::delete;
    POST "/channels/{channel_id}/messages/{message_id}/crosspost" Bot => message::crosspost;
    DELETE "/channels/{channel_id}/messages/{message_id}/reactions" Bot => reaction::clear;
    GET "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}" Bot
        => reaction::list;
    DELETE "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}" Bot
        => reaction::clear_emoji;
    PUT "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me" Bot
        => reaction::add;
    DELETE "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me" Bot
        => reaction::remove_own;
    DELETE "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}" Bot
        => reaction::remove;
    POST "/channels/{channel_id}/messages/{message_id}/threads" Bot => thread::create_on_message;
    POST "/channels/{channel_id}/threads" Bot => thread::create;
    GET "/channels/{channel_id}/threads/archived/public" Bot => thread::archived_public;
    GET "/channels/{channel_id}/threads/archived/private" Bot => thread::archived_private;
    GET "/channels/{channel_id}/thread-members" Bot => thread::members;
    PUT "/channels/{channel_id}/thread-members/@me" Bot => thread::join;
    DELETE "/channels/{channel_id}/thread-members/@me" Bot => thread::leave;
    GET "/channels/{channel_id}/thread-members/{user_id}" Bot => thread::member;
    PUT "/channels/{channel_id}/thread-members/{user_id}" Bot => thread::add;
    DELETE "/channels/{channel_id}/thread-members/{user_id}" Bot => thread::remove;

    GET "/invites/{code}" Anybody => channel::get_invite;
    DELETE "/invites/{code}" Bot => channel::delete_invite;

    GET "/webhooks/{webhook_id}" Bot => webhook::get;
    PATCH "/webhooks/{webhook_id}" Bot => webhook::edit;
    DELETE "/webhooks/{webhook_id}" Bot => webhook::delete;
    GET "/webhooks/{webhook_id}/{webhook_token}" Anybody => webhook::get_by_token;
    PATCH "/webhooks/{webhook_id}/{webhook_token}" Anybody => webhook::edit_by_token;
    DELETE "/webhooks/{webhook_id}/{webhook_token}" Anybody => webhook::delete_by_token;
    POST "/webhooks/{webhook_id}/{webhook_token}" Anybody => webhook::execute;
    GET "/webhooks/{webhook_id}/{webhook_token}/messages/@original" Anybody
        => interaction::get_original;
    PATCH "/webhooks/{webhook_id}/{webhook_token}/messages/@original" Anybody
        => interaction::edit_original;
    DELETE "/webhooks/{webhook_id}/{webhook_token}/messages/@original" Anybody
        => interaction::delete_original;
    GET "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}" Anybody
        => webhook::get_message;
    PATCH "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}" Anybody
        => webhook::edit_message;
    DELETE "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}" Anybody
        => webhook::delete_message;

    POST "/interactions/{interaction_id}/{interaction_token}/callback" Anybody
        => interaction::callback;
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn given_the_routes_then_none_is_there_twice_and_each_says_what_it_is_about() {
        let mut seen = BTreeSet::new();
        for route in ROUTES {
            assert!(seen.insert((route.method, route.template)), "{route:?}");
            assert!(route.template.starts_with('/'), "{route:?}");
            // A token in the path is the only right that one needs.
            let by_token = route.template.contains("_token}");
            assert!(!by_token || route.who == Who::Anybody, "{route:?}");
        }
    }
}
