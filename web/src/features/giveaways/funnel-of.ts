/** How many come how far, from how entries stand. */
import { DRAWN } from "./words";

type Standing = { standing: string; count: string };
export type Funnel = { entered: number; eligible: number; drawn: number; won: number; /** Everybody who neither waits nor won, by reason, the most first. */ reasons: { standing: string; count: number }[] };

export function funnelOf(standings: readonly Standing[]): Funnel {
  const counts = standings.map(({ standing, count }) => ({ standing, count: Number(count) }));
  const sum = (fits: (standing: string) => boolean) => counts.filter((one) => fits(one.standing)).reduce((total, one) => total + one.count, 0);
  const isDrawn = (standing: string) => (DRAWN as readonly string[]).includes(standing);
  return {
    entered: sum(() => true),
    eligible: sum((standing) => standing === "in" || isDrawn(standing)),
    drawn: sum(isDrawn),
    won: sum((standing) => standing === "won"),
    reasons: counts.filter((one) => one.standing !== "in" && one.standing !== "won").sort((one, other) => other.count - one.count),
  };
}
