/** What a webhook can hear of, why one is off, and how far a delivery is: in words. */
import type { introspection_types } from "../../api/schema-types";
import { t } from "../../i18n";
import type { Tone } from "../../ui/badge";

export type WebhookKind = introspection_types["WebhookKind"]["enumValues"];
export type WebhookOff = introspection_types["WebhookOff"]["enumValues"];
export type DeliveryState = introspection_types["DeliveryState"]["enumValues"];

export const KINDS: readonly WebhookKind[] = ["MEMBERS", "ECONOMY", "MODERATION", "GIVEAWAYS", "CODES", "SQUADS", "TIERS", "LEVELS", "LOGS", "SETTINGS", "ACCESS"];

export function kindName(kind: WebhookKind): string {
  switch (kind) {
    case "MEMBERS": return t("Members");
    case "ECONOMY": return t("Economy");
    case "MODERATION": return t("Moderation");
    case "GIVEAWAYS": return t("Giveaways");
    case "CODES": return t("Codes");
    case "SQUADS": return t("Squads");
    case "TIERS": return t("Tiers");
    case "LEVELS": return t("Levels");
    case "LOGS": return t("Logs");
    case "SETTINGS": return t("Settings");
    case "ACCESS": return t("Access");
  }
}

export function kindAbout(kind: WebhookKind): string {
  switch (kind) {
    case "MEMBERS": return t("Who joins and leaves, and when the bot saw nothing.");
    case "ECONOMY": return t("Bytes that move, and roles that are earned by them.");
    case "MODERATION": return t("Warnings, punishments and cases, without what was written.");
    case "GIVEAWAYS": return t("Giveaways, their entries, draws and prizes.");
    case "CODES": return t("Campaigns of codes, and who redeems them.");
    case "SQUADS": return t("Squads, and who joins and leaves them.");
    case "TIERS": return t("Tiers, and who holds them.");
    case "LEVELS": return t("Levels that are reached, and experience that is changed by hand.");
    case "LOGS": return t("What the server logs note, without what was written.");
    case "SETTINGS": return t("Settings and modules that change.");
    case "ACCESS": return t("Blocks, roles for a time, keys, webhooks and visits of operators.");
  }
}

export function whyOff(why: WebhookOff): string {
  switch (why) {
    case "ASKED": return t("Somebody switched it off.");
    case "GONE": return t("Its receiver says that it is gone for good.");
    case "FAILING": return t("Its receiver could not be reached for a day.");
    case "OVERRUN": return t("More waited for it than its receiver takes.");
    case "ERASED": return t("Whoever gave its address was erased, and the address with them.");
  }
}

export function stateName(state: DeliveryState): { name: string; tone: Tone } {
  switch (state) {
    case "WAITING": return { name: t("Waiting"), tone: "plain" };
    case "RETRYING": return { name: t("Tried again"), tone: "warn" };
    case "DELIVERED": return { name: t("Delivered"), tone: "good" };
    case "FAILED": return { name: t("Given up"), tone: "bad" };
    case "DROPPED": return { name: t("Dropped"), tone: "plain" };
  }
}
