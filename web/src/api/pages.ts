/** How pages of a list grow together, also when something new comes in at its front. */

export type Edges<N> = { edges: { node: N }[]; pageInfo: { hasNextPage: boolean; endCursor?: string | null } };

/** A list in a browser does not grow past this; a filter finds what lies further back. */
export const MOST_ROWS = 20_000;

/** The page after those that are there; what is there already is not shown twice. */
export function append<N>(old: readonly N[], page: readonly N[], keyOf: (node: N) => string): N[] {
  const known = new Set(old.map(keyOf));
  return [...old, ...page.filter((node) => !known.has(keyOf(node)))].slice(0, MOST_ROWS);
}

/**
 * The first page anew. Where it meets what was there, the rest stays and nobody loses their place;
 * where it does not (more came in than fits a page), `null` says to begin again.
 */
export function refreshFront<N>(old: readonly N[], front: readonly N[], keyOf: (node: N) => string): N[] | null {
  if (old.length === 0) return [...front];
  const fresh = new Set(front.map(keyOf));
  const first = old[0];
  if (first === undefined || !fresh.has(keyOf(first))) return null;
  return [...front, ...old.filter((node) => !fresh.has(keyOf(node)))].slice(0, MOST_ROWS);
}
