/** States, standings and steps of giveaways, in words. */
import { t } from "../../i18n";
import { number } from "../../i18n/format";
import { Badge, type Tone } from "../../ui/badge";

export const RUNNING = ["OPEN", "PAUSED", "CLOSED"] as const;
export const OVER = ["DRAWN", "CANCELLED", "FAILED"] as const;
export type State = (typeof RUNNING)[number] | (typeof OVER)[number];

export function StateBadge({ state }: { state: State }) {
  switch (state) {
    case "OPEN": return <Badge tone="good">{t("running")}</Badge>;
    case "PAUSED": return <Badge tone="warn">{t("paused")}</Badge>;
    case "CLOSED": return <Badge tone="info">{t("closed")}</Badge>;
    case "DRAWN": return <Badge tone="accent">{t("drawn")}</Badge>;
    case "CANCELLED": return <Badge>{t("called off")}</Badge>;
    case "FAILED": return <Badge tone="bad">{t("not posted")}</Badge>;
  }
}

/** How an entry stands. */
export function standingName(standing: string): string {
  switch (standing) {
    case "in": return t("in");
    case "left": return t("took it back");
    case "removed": return t("taken out");
    case "blocked": return t("blocked");
    case "left_server": return t("left the community");
    case "no_longer_eligible": return t("not eligible any more");
    case "previous_winner": return t("won before");
    case "candidate": return t("being looked at");
    case "disqualified": return t("disqualified");
    case "to_claim": return t("to be claimed");
    case "won": return t("won");
    case "lapsed": return t("not claimed in time");
    case "rerolled": return t("rerolled");
    default: return standing;
  }
}

/** Standings of those who were drawn, in whatever way it ended. */
export const DRAWN = ["candidate", "disqualified", "to_claim", "won", "lapsed", "rerolled"] as const;
export const STANDINGS = ["in", "left", "removed", "blocked", "left_server", "no_longer_eligible", "previous_winner", ...DRAWN] as const;

export function standingTone(standing: string): Tone {
  if (standing === "won") return "good";
  if (standing === "to_claim" || standing === "candidate") return "info";
  if (standing === "in") return "plain";
  return "warn";
}

/** What became of somebody who was drawn. */
export function PickBadge({ state }: { state: string }) {
  switch (state) {
    case "drawn": return <Badge tone="info">{t("being looked at")}</Badge>;
    case "confirmed": return <Badge tone="info">{t("confirmed")}</Badge>;
    case "claimed": return <Badge tone="good">{t("claimed")}</Badge>;
    case "lapsed": return <Badge tone="warn">{t("not claimed")}</Badge>;
    case "rerolled": return <Badge tone="warn">{t("rerolled")}</Badge>;
    case "disqualified": return <Badge tone="bad">{t("disqualified")}</Badge>;
    default: return <Badge>{state}</Badge>;
  }
}

/** Why somebody was drawn. */
export function drawnFor(why: string): string {
  switch (why) {
    case "prize": return t("for a prize");
    case "disqualification": return t("in place of somebody who was disqualified");
    case "lapse": return t("in place of somebody who did not claim");
    case "reroll": return t("after a reroll");
    default: return why;
  }
}

export function stepTone(what: string): Tone {
  if (["claimed", "confirmed", "posted"].includes(what)) return "good";
  if (["post_failed", "disqualified", "cancelled", "not_called"].includes(what)) return "bad";
  if (["lapsed", "rerolled", "rerolls_exhausted", "excluded", "paused", "nobody_left"].includes(what)) return "warn";
  if (["drawn", "draw_begun", "closed"].includes(what)) return "accent";
  return "plain";
}

export function stepName(what: string, entry: number | null, count: string | null): string {
  const who = { entry: entry ?? 0, n: number(count ?? "0") };
  switch (what) {
    case "created": return t("Made");
    case "posted": return t("Posted in Discord");
    case "post_failed": return t("Discord would not post it (code {n})", who);
    case "edited": return t("Changed");
    case "excluded": return t("Entry {entry} is out", who);
    case "paused": return t("Paused");
    case "resumed": return t("Goes on");
    case "closed": return t("Closed with {n} entries", who);
    case "cancelled": return t("Called off");
    case "draw_begun": return t("The seed was shown, and the draw began");
    case "drawn": return t("Entry {entry} was drawn", who);
    case "nobody_left": return t("Nobody is left for {n} prizes", who);
    case "disqualified": return t("Entry {entry} was disqualified", who);
    case "confirmed": return t("Entry {entry} was confirmed", who);
    case "called": return t("Entry {entry} was called, and the time to claim began", who);
    case "not_called": return t("Entry {entry} could not be called where the giveaway is", who);
    case "claimed": return t("Entry {entry} claimed the prize", who);
    case "lapsed": return t("Entry {entry} did not claim in time", who);
    case "rerolled": return t("The prize of entry {entry} goes to somebody else", who);
    case "rerolls_exhausted": return t("All {n} rerolls have been used", who);
    default: return what;
  }
}
