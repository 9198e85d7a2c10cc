/** Every address of the dashboard. A page is loaded when somebody goes there; the address carries its whole state. */
import { createRoute, createRouter, lazyRouteComponent, Outlet } from "@tanstack/react-router";
import { guildPages } from "./guild";
import { GuildFrame, Root, SignedInFrame } from "./frames";
import { Missing, PageFault } from "./missing";
import { operatorPages } from "./operator";
import { guildRoute, operatorRoute, rootRoute, signedInRoute, words } from "./parents";
import { Skeleton } from "../ui/notice";

rootRoute.update({ component: Root, notFoundComponent: Missing, errorComponent: PageFault });
signedInRoute.update({ component: SignedInFrame });
guildRoute.update({ component: GuildFrame });
operatorRoute.update({ component: Outlet });

const guilds = createRoute({ getParentRoute: () => signedInRoute, path: "/", component: lazyRouteComponent(() => import("../features/account/guilds"), "Guilds") });
const me = createRoute({ getParentRoute: () => signedInRoute, path: "/me", component: lazyRouteComponent(() => import("../features/account/me"), "Me") });
const appeals = createRoute({ getParentRoute: () => signedInRoute, path: "/me/appeals", component: lazyRouteComponent(() => import("../features/moderation/appeals"), "MyAppeals") });
const signIn = createRoute({ getParentRoute: () => rootRoute, path: "/sign-in", validateSearch: (search: Record<string, unknown>) => words(search, "problem", "return"), component: lazyRouteComponent(() => import("../features/account/sign-in"), "SignIn") });
const operatorSignIn = createRoute({ getParentRoute: () => rootRoute, path: "/sign-in/operator", validateSearch: (search: Record<string, unknown>) => words(search, "return"), component: lazyRouteComponent(() => import("../features/account/operator"), "OperatorSignIn") });
const status = createRoute({ getParentRoute: () => rootRoute, path: "/status", component: lazyRouteComponent(() => import("../features/status/status"), "Status") });

const proof = createRoute({ getParentRoute: () => rootRoute, path: "/p/giveaway/$giveaway", component: lazyRouteComponent(() => import("../features/giveaways/proof"), "ProofPage") });

const tree = rootRoute.addChildren([
  signedInRoute.addChildren([guilds, me, appeals, guildRoute.addChildren(guildPages), operatorRoute.addChildren(operatorPages)]),
  signIn,
  operatorSignIn,
  status,
  proof,
]);

/** What the address carries is text, written as everybody writes it: `?seq=1200&q=mira`. */
const parseSearch = (text: string) => Object.fromEntries(new URLSearchParams(text));

function stringifySearch(search: Record<string, unknown>): string {
  const said = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) if (typeof value === "string" && value !== "") said.set(key, value);
  const text = said.toString();
  return text === "" ? "" : `?${text}`;
}

export const router = createRouter({ routeTree: tree, parseSearch, stringifySearch, defaultPreload: "intent", scrollRestoration: true, defaultPendingComponent: () => <Skeleton tall />, defaultErrorComponent: PageFault });

declare module "@tanstack/react-router" {
  // eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- only an interface can be extended
  interface Register { router: typeof router }
}
