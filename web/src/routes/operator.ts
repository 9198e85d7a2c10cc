/** The pages of whoever runs the installation. */
import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { operatorRoute, words } from "./parents";

const parent = () => operatorRoute;

export const opsIndexRoute = createRoute({ getParentRoute: parent, path: "/", beforeLoad: () => { throw redirect({ to: "/ops/projections" }); } });
export const projectionsRoute = createRoute({ getParentRoute: parent, path: "projections", component: lazyRouteComponent(() => import("../features/operations/projections"), "Projections") });
export const deadLettersRoute = createRoute({ getParentRoute: parent, path: "dead-letters", component: lazyRouteComponent(() => import("../features/operations/dead-letters"), "DeadLetters") });
export const effectsRoute = createRoute({ getParentRoute: parent, path: "effects", validateSearch: (s: Record<string, unknown>) => words(s, "state"), component: lazyRouteComponent(() => import("../features/operations/effects"), "Effects") });
export const everywhereRoute = createRoute({ getParentRoute: parent, path: "cases", validateSearch: (s: Record<string, unknown>) => words(s, "guild", "kind", "status", "active"), component: lazyRouteComponent(() => import("../features/moderation/everywhere"), "Everywhere") });
export const maintenanceRoute = createRoute({ getParentRoute: parent, path: "maintenance", component: lazyRouteComponent(() => import("../features/operations/maintenance"), "Maintenance") });
export const callersRoute = createRoute({ getParentRoute: parent, path: "requests", component: lazyRouteComponent(() => import("../features/operations/callers"), "Callers") });
export const visitsRoute = createRoute({ getParentRoute: parent, path: "visits", component: lazyRouteComponent(() => import("../features/visits/begin"), "BreakGlass") });

export const operatorPages = [opsIndexRoute, projectionsRoute, deadLettersRoute, effectsRoute, everywhereRoute, callersRoute, maintenanceRoute, visitsRoute] as const;
