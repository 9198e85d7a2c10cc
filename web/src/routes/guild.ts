/** The pages of a community. A capability adds its line here and in `shell/navigation.ts`. */
import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { guildRoute, words } from "./parents";

const parent = () => guildRoute;

export const indexRoute = createRoute({
  getParentRoute: parent,
  path: "/",
  beforeLoad: ({ params }) => { throw redirect({ to: "/g/$guild/overview", params }); },
});
export const overviewRoute = createRoute({ getParentRoute: parent, path: "overview", validateSearch: (s: Record<string, unknown>) => words(s, "days"), component: lazyRouteComponent(() => import("../features/overview/overview"), "Overview") });
export const leaderboardRoute = createRoute({ getParentRoute: parent, path: "leaderboard", validateSearch: (s: Record<string, unknown>) => words(s, "board"), component: lazyRouteComponent(() => import("../features/economy/leaderboard"), "Leaderboard") });
export const transactionsRoute = createRoute({ getParentRoute: parent, path: "transactions", validateSearch: (s: Record<string, unknown>) => words(s, "user", "kind"), component: lazyRouteComponent(() => import("../features/economy/transactions"), "Transactions") });
export const membersRoute = createRoute({ getParentRoute: parent, path: "members", validateSearch: (s: Record<string, unknown>) => words(s, "q"), component: lazyRouteComponent(() => import("../features/members/members"), "Members") });
export const memberRoute = createRoute({ getParentRoute: parent, path: "members/$member", component: lazyRouteComponent(() => import("../features/members/member"), "Member") });
export const auditRoute = createRoute({ getParentRoute: parent, path: "audit", validateSearch: (s: Record<string, unknown>) => words(s, "q", "event", "view"), component: lazyRouteComponent(() => import("../features/audit/audit"), "Audit") });
export const historyRoute = createRoute({ getParentRoute: parent, path: "history", validateSearch: (s: Record<string, unknown>) => words(s, "seq", "a", "b"), component: lazyRouteComponent(() => import("../features/audit/scrubber"), "Scrubber") });
export const featuresRoute = createRoute({ getParentRoute: parent, path: "features", component: lazyRouteComponent(() => import("../features/modules/modules"), "Modules") });
export const settingsRoute = createRoute({ getParentRoute: parent, path: "settings", component: lazyRouteComponent(() => import("../features/settings/list"), "SettingsList") });
export const capabilityRoute = createRoute({ getParentRoute: parent, path: "settings/$capability", component: lazyRouteComponent(() => import("../features/settings/capability"), "CapabilitySettings") });
export const accessRoute = createRoute({ getParentRoute: parent, path: "access", validateSearch: (s: Record<string, unknown>) => words(s, "by", "staff"), component: lazyRouteComponent(() => import("../features/access/access"), "Access") });
export const keysRoute = createRoute({ getParentRoute: parent, path: "keys", component: lazyRouteComponent(() => import("../features/keys/keys"), "Keys") });
export const webhooksRoute = createRoute({ getParentRoute: parent, path: "webhooks", validateSearch: (s: Record<string, unknown>) => words(s, "webhook"), component: lazyRouteComponent(() => import("../features/webhooks/webhooks"), "Webhooks") });
export const analyticsRoute = createRoute({ getParentRoute: parent, path: "analytics", validateSearch: (s: Record<string, unknown>) => words(s, "metric", "split", "every", "days", "since", "until", "cmp", "channel", "user"), component: lazyRouteComponent(() => import("../features/activity/analytics"), "Analytics") });
export const levelsRoute = createRoute({ getParentRoute: parent, path: "levels", validateSearch: (s: Record<string, unknown>) => words(s, "board", "ago"), component: lazyRouteComponent(() => import("../features/levels/levels"), "Levels") });
export const exportsRoute = createRoute({ getParentRoute: parent, path: "exports", validateSearch: (s: Record<string, unknown>) => words(s, "since", "until"), component: lazyRouteComponent(() => import("../features/exports/exports"), "Exports") });

export const casesRoute = createRoute({ getParentRoute: parent, path: "cases", validateSearch: (s: Record<string, unknown>) => words(s, "user", "moderator", "kind", "status", "since", "active", "hidden", "appeals"), component: lazyRouteComponent(() => import("../features/moderation/cases"), "Cases") });
export const caseRoute = createRoute({ getParentRoute: parent, path: "cases/$number", component: lazyRouteComponent(() => import("../features/moderation/case"), "CasePage") });
export const logsRoute = createRoute({ getParentRoute: parent, path: "logs", validateSearch: (s: Record<string, unknown>) => words(s, "topic", "user", "channel"), component: lazyRouteComponent(() => import("../features/logs/logs"), "Logs") });
export const queueRoute = createRoute({ getParentRoute: parent, path: "queue", component: lazyRouteComponent(() => import("../features/moderation/queue"), "Queue") });
export const moderatorsRoute = createRoute({ getParentRoute: parent, path: "moderators", component: lazyRouteComponent(() => import("../features/moderation/moderators"), "Moderators") });

export const mineRoute = createRoute({ getParentRoute: parent, path: "mine", component: lazyRouteComponent(() => import("../features/members/mine"), "Mine") });
export const giveawaysRoute = createRoute({ getParentRoute: parent, path: "giveaways", validateSearch: (s: Record<string, unknown>) => words(s, "view"), component: lazyRouteComponent(() => import("../features/giveaways/giveaways"), "Giveaways") });
export const giveawayRoute = createRoute({ getParentRoute: parent, path: "giveaways/$giveaway", validateSearch: (s: Record<string, unknown>) => words(s, "standing"), component: lazyRouteComponent(() => import("../features/giveaways/giveaway"), "GiveawayPage") });
export const codesRoute = createRoute({ getParentRoute: parent, path: "codes", validateSearch: (s: Record<string, unknown>) => words(s, "campaign"), component: lazyRouteComponent(() => import("../features/codes/codes"), "Codes") });
export const squadsRoute = createRoute({ getParentRoute: parent, path: "squads", validateSearch: (s: Record<string, unknown>) => words(s, "squad"), component: lazyRouteComponent(() => import("../features/squads/squads"), "Squads") });
export const tiersRoute = createRoute({ getParentRoute: parent, path: "tiers", validateSearch: (s: Record<string, unknown>) => words(s, "role"), component: lazyRouteComponent(() => import("../features/tiers/tiers"), "Tiers") });

export const guildPages = [
  indexRoute, overviewRoute, leaderboardRoute, transactionsRoute, mineRoute, membersRoute, memberRoute, auditRoute,
  casesRoute, caseRoute, queueRoute, moderatorsRoute, logsRoute,
  historyRoute, featuresRoute, settingsRoute, capabilityRoute, accessRoute, keysRoute, webhooksRoute,
  analyticsRoute, levelsRoute, exportsRoute,
  giveawaysRoute, giveawayRoute, codesRoute, squadsRoute, tiersRoute,
] as const;
