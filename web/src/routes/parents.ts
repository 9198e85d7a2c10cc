/** What pages hang on: the root, whoever is signed in, a community, the operator's part. */
import { createRootRoute, createRoute } from "@tanstack/react-router";
import { readAt } from "../api/moment";

export const rootRoute = createRootRoute();
export const signedInRoute = createRoute({ getParentRoute: () => rootRoute, id: "signed-in" });

export const guildRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/g/$guild",
  validateSearch: (search: Record<string, unknown>): { at?: string } => {
    const at = readAt(search.at);
    return at === undefined ? {} : { at };
  },
});

export const operatorRoute = createRoute({ getParentRoute: () => signedInRoute, path: "/ops" });

/** Text of the address: kept short, and nothing where there is none. */
export function words<const K extends string>(search: Record<string, unknown>, ...keys: K[]): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {};
  for (const key of keys) {
    const value = search[key];
    const text = typeof value === "string" ? value : typeof value === "number" || typeof value === "boolean" ? String(value) : "";
    if (text !== "") found[key] = text.slice(0, 300);
  }
  return found;
}
