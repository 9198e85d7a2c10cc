/** What a key to the API can be for, in the order in which people choose. */
import type { introspection_types } from "../../api/schema-types";
import { t } from "../../i18n";
import type { Permission } from "../../shell/navigation";

export type KeyScope = introspection_types["KeyScope"]["enumValues"];

/** `needs`: without one of these, the owner has nothing that the scope could let a key do. */
export const SCOPES: readonly { scope: KeyScope; needs?: readonly Permission[] }[] = [
  { scope: "READ" },
  { scope: "RECORDS", needs: ["VIEW_RECORDS"] },
  { scope: "AUDIT", needs: ["VIEW_AUDIT"] },
  { scope: "ECONOMY" },
  { scope: "MODERATION", needs: ["MODERATE", "KICK", "BAN"] },
  { scope: "GIVEAWAYS", needs: ["MANAGE_GIVEAWAYS"] },
  { scope: "SQUADS", needs: ["MANAGE_SETTINGS"] },
  { scope: "SETTINGS", needs: ["MANAGE_SETTINGS"] },
  { scope: "ACCESS", needs: ["MANAGE_ACCESS"] },
  { scope: "KEYS" },
];

export function scopeName(scope: KeyScope): string {
  switch (scope) {
    case "READ": return t("Read");
    case "RECORDS": return t("Records");
    case "AUDIT": return t("Audit");
    case "ECONOMY": return t("Economy");
    case "MODERATION": return t("Moderation");
    case "GIVEAWAYS": return t("Giveaways");
    case "SQUADS": return t("Squads");
    case "SETTINGS": return t("Settings");
    case "ACCESS": return t("Access");
    case "KEYS": return t("Keys");
  }
}

export function scopeAbout(scope: KeyScope): string {
  switch (scope) {
    case "READ": return t("See what every member sees, and numbers where you may.");
    case "RECORDS": return t("See what is kept of members: cases, logs and refusals.");
    case "AUDIT": return t("See the whole history, and the settings.");
    case "ECONOMY": return t("Send bytes; grant and take them, and manage codes and tiers where you may.");
    case "MODERATION": return t("See cases, warn and punish, and keep the cases.");
    case "GIVEAWAYS": return t("See and run giveaways.");
    case "SQUADS": return t("Make, change and delete squads.");
    case "SETTINGS": return t("Change settings and switch modules.");
    case "ACCESS": return t("Say whom this bot does not serve, and manage webhooks.");
    case "KEYS": return t("Make keys that may no more than this one, and end yours.");
  }
}
