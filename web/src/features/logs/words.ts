/** What entries of the log are called. */
import type { introspection_types } from "../../api/schema-types";
import { t } from "../../i18n";
import type { Tone } from "../../ui/badge";

export type LogKind = introspection_types["LogKind"]["enumValues"];

/** What one looks for together, by its word in the address. */
export const TOPICS: Record<string, { title: () => string; kinds: readonly LogKind[] }> = {
  messages: { title: () => t("Messages"), kinds: ["MESSAGE_EDITED", "MESSAGE_DELETED", "MESSAGES_PURGED"] },
  members: { title: () => t("Members"), kinds: ["MEMBER_JOINED", "MEMBER_LEFT", "MEMBER_RENAMED", "MEMBER_ROLES"] },
  roles: { title: () => t("Roles"), kinds: ["ROLE_CREATED", "ROLE_UPDATED", "ROLE_DELETED"] },
  channels: { title: () => t("Channels"), kinds: ["CHANNEL_CREATED", "CHANNEL_UPDATED", "CHANNEL_DELETED"] },
  voice: { title: () => t("Voice"), kinds: ["VOICE_JOINED", "VOICE_LEFT", "VOICE_MOVED"] },
  invites: { title: () => t("Invites"), kinds: ["INVITE_CREATED", "INVITE_DELETED"] },
  commands: { title: () => t("Commands"), kinds: ["COMMAND_USED"] },
};

const NAMES: Record<LogKind, () => string> = {
  MESSAGE_EDITED: () => t("Message edited"),
  MESSAGE_DELETED: () => t("Message deleted"),
  MESSAGES_PURGED: () => t("Messages deleted at once"),
  MEMBER_JOINED: () => t("Joined"),
  MEMBER_LEFT: () => t("Left"),
  MEMBER_RENAMED: () => t("Renamed"),
  MEMBER_ROLES: () => t("Roles changed"),
  ROLE_CREATED: () => t("Role created"),
  ROLE_UPDATED: () => t("Role changed"),
  ROLE_DELETED: () => t("Role deleted"),
  CHANNEL_CREATED: () => t("Channel created"),
  CHANNEL_UPDATED: () => t("Channel changed"),
  CHANNEL_DELETED: () => t("Channel deleted"),
  VOICE_JOINED: () => t("Joined voice"),
  VOICE_LEFT: () => t("Left voice"),
  VOICE_MOVED: () => t("Moved in voice"),
  INVITE_CREATED: () => t("Invite made"),
  INVITE_DELETED: () => t("Invite deleted"),
  COMMAND_USED: () => t("Command used"),
};

export const kindName = (kind: LogKind): string => NAMES[kind]();

export function kindTone(kind: LogKind): Tone {
  if (/DELETED|PURGED|LEFT/.test(kind)) return "bad";
  if (/CREATED|JOINED/.test(kind)) return "good";
  return /EDITED|UPDATED|RENAMED|ROLES/.test(kind) ? "warn" : "plain";
}
