/** What there is to go to in a community, and who sees it. One line adds a page to the menu and to the palette. */
import type { IconName } from "../ui/icon";

export type Permission = "MANAGE_ECONOMY" | "MANAGE_SETTINGS" | "MANAGE_ACCESS" | "MODERATE" | "VIEW_RECORDS" | "VIEW_AUDIT" | "VIEW_ANALYTICS";

const RECORDS: readonly Permission[] = ["VIEW_RECORDS", "VIEW_AUDIT"];

export type Page = {
  /** Below `/g/:guild`. */
  path: string;
  title: string;
  icon: IconName;
  /** Who has none of these does not see the page in the menu. The server decides anyway. */
  needs?: readonly Permission[];
};

export type Section = { title: string; pages: Page[] };

/** Titles are translated where they are shown. */
export const GUILD_SECTIONS: Section[] = [
  {
    title: "Community",
    pages: [
      { path: "overview", title: "Overview", icon: "overview" },
      { path: "leaderboard", title: "Leaderboard", icon: "board" },
      { path: "transactions", title: "Transactions", icon: "swap", needs: RECORDS },
      { path: "members", title: "Members", icon: "people", needs: RECORDS },
    ],
  },
  {
    title: "Audit",
    pages: [
      { path: "audit", title: "Audit log", icon: "log", needs: RECORDS },
      { path: "history", title: "History", icon: "history", needs: RECORDS },
    ],
  },
  {
    title: "Setup",
    pages: [
      { path: "features", title: "Modules", icon: "switch", needs: ["MANAGE_SETTINGS"] },
      { path: "settings", title: "Settings", icon: "gear", needs: ["MANAGE_SETTINGS"] },
      { path: "access", title: "Access", icon: "key", needs: ["MANAGE_ACCESS"] },
    ],
  },
];

export const OPERATOR_PAGES: Page[] = [
  { path: "projections", title: "Projections", icon: "pulse" },
  { path: "dead-letters", title: "Dead letters", icon: "alert" },
  { path: "effects", title: "Effects", icon: "tray" },
  { path: "maintenance", title: "Maintenance", icon: "wrench" },
];

export function visible(sections: Section[], permissions: readonly string[]): Section[] {
  return sections
    .map((section) => ({ ...section, pages: section.pages.filter((page) => page.needs?.some((one) => permissions.includes(one)) ?? true) }))
    .filter((section) => section.pages.length > 0);
}
