/** What can be counted, by what it can be kept apart, and how it is called. */
import { t } from "../../i18n";
import type { introspection_types } from "../../api/schema-types";

export type Metric = introspection_types["ActivityMetric"]["enumValues"];
export type Split = introspection_types["ActivitySplit"]["enumValues"];
export type Every = introspection_types["Every"]["enumValues"];

/** In the order of the menu, with what each is kept by, and which events it comes from. */
export const METRICS: Record<Metric, { splits: readonly Split[]; events: string }> = {
  MESSAGES: { splits: ["CHANNEL", "MEMBER"], events: "activity." },
  ACTIVE: { splits: [], events: "activity." },
  VOICE_MINUTES: { splits: ["CHANNEL", "MEMBER"], events: "activity." },
  REACTIONS: { splits: ["CHANNEL", "MEMBER"], events: "activity." },
  REPLIES: { splits: [], events: "activity." },
  ATTACHMENTS: { splits: [], events: "activity." },
  JOINS: { splits: [], events: "activity.member_joined" },
  LEAVES: { splits: [], events: "activity.member_left" },
  GROWTH: { splits: [], events: "activity.member_joined,activity.member_left" },
  COMMANDS: { splits: ["COMMAND", "MEMBER"], events: "activity." },
  COMMANDS_REFUSED: { splits: ["COMMAND", "MEMBER"], events: "refusals." },
  COMMANDS_FAILED: { splits: ["COMMAND", "MEMBER"], events: "activity." },
  COMMAND_MILLIS: { splits: ["COMMAND"], events: "activity." },
  CASES: { splits: ["KIND"], events: "moderation." },
  SUPPLY: { splits: [], events: "economy." },
  VELOCITY: { splits: [], events: "economy." },
  BYTES: { splits: ["KIND"], events: "economy." },
  MOVEMENTS: { splits: ["KIND"], events: "economy." },
  GIVEAWAYS: { splits: [], events: "giveaway." },
  ENTRIES: { splits: [], events: "giveaway.entered" },
};

export const ALL_METRICS = Object.keys(METRICS) as Metric[];

export function metricName(metric: Metric): string {
  switch (metric) {
    case "MESSAGES": return t("Messages");
    case "REPLIES": return t("Replies");
    case "ATTACHMENTS": return t("Messages with files");
    case "REACTIONS": return t("Reactions");
    case "ACTIVE": return t("Active members");
    case "JOINS": return t("Joins");
    case "LEAVES": return t("Leaves");
    case "GROWTH": return t("Growth");
    case "VOICE_MINUTES": return t("Minutes in voice");
    case "COMMANDS": return t("Commands used");
    case "COMMANDS_REFUSED": return t("Commands refused");
    case "COMMANDS_FAILED": return t("Commands failed");
    case "COMMAND_MILLIS": return t("Milliseconds for a command");
    case "CASES": return t("Cases");
    case "MOVEMENTS": return t("Movements of bytes");
    case "BYTES": return t("Bytes moved");
    case "SUPPLY": return t("Bytes in all");
    case "VELOCITY": return t("Bytes passed on, in percent of all");
    case "GIVEAWAYS": return t("Giveaways begun");
    case "ENTRIES": return t("Entries into giveaways");
  }
}

export function splitName(split: Split): string {
  switch (split) {
    case "CHANNEL": return t("by channel");
    case "MEMBER": return t("by member");
    case "COMMAND": return t("by command");
    case "KIND": return t("by kind");
  }
}

/** Whether more of it is good news; none where it depends. */
export function goodWhen(metric: Metric): "more" | "less" | undefined {
  switch (metric) {
    case "MESSAGES": case "REPLIES": case "REACTIONS": case "ACTIVE": case "JOINS": case "GROWTH": case "VOICE_MINUTES": case "ENTRIES": return "more";
    case "LEAVES": case "COMMANDS_FAILED": case "COMMAND_MILLIS": return "less";
    default: return undefined;
  }
}
