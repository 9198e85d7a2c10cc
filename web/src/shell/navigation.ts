/** What there is to go to in a community, and who sees it. One line adds a page to the menu and to the palette. */
import type { introspection_types } from "../api/schema-types";
import type { IconName } from "../ui/icon";

export type Permission = introspection_types["Permission"]["enumValues"];

export type Page = {
  /** Below `/g/:guild`. */
  path: string;
  title: string;
  icon: IconName;
  /** Who has none of these does not see the page in the menu. The server decides anyway. */
  needs?: readonly Permission[];
  /** It is about communities, which have to know who looks: an operator without Discord does not see it. */
  needsDiscord?: true;
};

export type Section = { title: string; pages: Page[] };

/** Titles are translated where they are shown. */
export const GUILD_SECTIONS: Section[] = [
  {
    title: "Community",
    pages: [
      { path: "overview", title: "Overview", icon: "overview" },
      { path: "analytics", title: "Analytics", icon: "chart", needs: ["VIEW_ANALYTICS", "VIEW_RECORDS"] },
      { path: "levels", title: "Levels", icon: "pulse" },
      { path: "leaderboard", title: "Leaderboard", icon: "board" },
      { path: "mine", title: "Your bytes", icon: "coins" },
      { path: "transactions", title: "Transactions", icon: "swap", needs: ["VIEW_RECORDS", "VIEW_ANALYTICS"] },
      { path: "giveaways", title: "Giveaways", icon: "gift" },
      { path: "squads", title: "Squads", icon: "shield" },
      { path: "tiers", title: "Tiers", icon: "chart" },
      { path: "codes", title: "Codes", icon: "ticket", needs: ["MANAGE_ECONOMY", "VIEW_AUDIT"] },
      { path: "members", title: "Members", icon: "people", needs: ["VIEW_RECORDS", "VIEW_AUDIT", "VIEW_ANALYTICS", "MANAGE_ECONOMY"] },
    ],
  },
  {
    title: "Moderation",
    pages: [
      { path: "cases", title: "Cases", icon: "gavel", needs: ["VIEW_RECORDS"] },
      { path: "queue", title: "Appeals", icon: "tray", needs: ["VIEW_RECORDS"] },
      { path: "moderators", title: "Moderators", icon: "shield", needs: ["VIEW_RECORDS"] },
      { path: "logs", title: "Logs", icon: "log", needs: ["VIEW_RECORDS"] },
    ],
  },
  {
    title: "Audit",
    pages: [
      { path: "audit", title: "Audit log", icon: "log", needs: ["VIEW_AUDIT"] },
      { path: "history", title: "History", icon: "history", needs: ["VIEW_AUDIT"] },
      { path: "exports", title: "Exports", icon: "table", needs: ["VIEW_ANALYTICS", "VIEW_RECORDS", "VIEW_AUDIT", "MANAGE_GIVEAWAYS", "MANAGE_ECONOMY"] },
    ],
  },
  {
    title: "Setup",
    pages: [
      { path: "features", title: "Modules", icon: "switch", needs: ["MANAGE_SETTINGS", "VIEW_AUDIT"] },
      { path: "settings", title: "Settings", icon: "gear", needs: ["MANAGE_SETTINGS", "MANAGE_ECONOMY", "MANAGE_ACCESS", "VIEW_AUDIT"] },
      { path: "access", title: "Access", icon: "key", needs: ["MANAGE_ACCESS", "VIEW_AUDIT"] },
      { path: "keys", title: "API keys", icon: "link" },
      { path: "webhooks", title: "Webhooks", icon: "out", needs: ["MANAGE_ACCESS"] },
    ],
  },
];

export const OPERATOR_PAGES: Page[] = [
  { path: "projections", title: "Projections", icon: "pulse" },
  { path: "dead-letters", title: "Dead letters", icon: "alert" },
  { path: "effects", title: "Effects", icon: "tray" },
  { path: "cases", title: "Cases everywhere", icon: "gavel", needsDiscord: true },
  { path: "requests", title: "Requests", icon: "globe" },
  { path: "maintenance", title: "Maintenance", icon: "wrench" },
  { path: "visits", title: "Break the glass", icon: "key", needsDiscord: true },
];

/** What whoever runs the installation sees; none of it for anybody else. */
export function operatorPages(viewer: { isOperator: boolean; userId: string | null }): Page[] {
  return viewer.isOperator ? OPERATOR_PAGES.filter((page) => page.needsDiscord !== true || viewer.userId !== null) : [];
}

export function visible(sections: Section[], permissions: readonly string[]): Section[] {
  return sections
    .map((section) => ({ ...section, pages: section.pages.filter((page) => page.needs?.some((one) => permissions.includes(one)) ?? true) }))
    .filter((section) => section.pages.length > 0);
}
