//! Settings and modules, whom this bot does not serve, keys to the API, and webhooks.

use super::routes::{Part, delete, get, patch, post, put};

pub const PART: Part = Part {
    title: "Settings and access",
    routes: &[
        get("/guilds/{guild}/settings", "settings", "Every capability's settings."),
        get("/guilds/{guild}/settings/{capability}", "settingsOf", "One capability's settings."),
        patch("/guilds/{guild}/settings/{capability}", "settingsChange", "Changes settings."),
        post("/guilds/{guild}/settings/{capability}/reset", "settingsReset", "To what is usual."),
        post(
            "/guilds/{guild}/settings/{capability}/revert",
            "settingsRevert",
            "To an older version.",
        ),
        get("/guilds/{guild}/modules", "modules", "What is switched on."),
        put("/guilds/{guild}/modules/{module}", "moduleSwitch", "Switches a module."),
        get("/guilds/{guild}/permissions", "permissionLines", "What you may, and what gives it."),
        get("/guilds/{guild}/blocks", "blocks", "Whom this bot does not serve here."),
        put("/guilds/{guild}/blocks/{user}", "block", "Has this bot not serve somebody."),
        delete("/guilds/{guild}/blocks/{user}", "unblock", "Has this bot serve somebody again."),
        get("/guilds/{guild}/keys", "keys", "Keys to the API: yours, or everybody's."),
        post("/guilds/{guild}/keys", "keyCreate", "Makes a key. It is told this once."),
        delete("/guilds/{guild}/keys/{id}", "keyRevoke", "Revokes a key."),
        get("/guilds/{guild}/webhooks", "webhooks", "Webhooks, and whether they are on."),
        post("/guilds/{guild}/webhooks", "webhookCreate", "Makes a webhook, and tells its secret."),
        patch("/guilds/{guild}/webhooks/{id}", "webhookChange", "Changes a webhook."),
        put("/guilds/{guild}/webhooks/{id}/on", "webhookSwitch", "Switches a webhook on or off."),
        post("/guilds/{guild}/webhooks/{id}/secret", "webhookTurnSecret", "Makes another secret."),
        post("/guilds/{guild}/webhooks/{id}/test", "webhookTest", "Has a trial delivered."),
        get("/guilds/{guild}/webhooks/{id}/deliveries", "webhookDeliveries", "What it was told."),
        delete("/guilds/{guild}/webhooks/{id}", "webhookDelete", "Deletes a webhook."),
    ],
};
