import type { Band } from "../../ui/plot";

type Gap = { from: string; until: string; recovered?: { unread: string; cut: boolean } | null };

/** Times in which nobody looked. Where all messages of one were fetched afterwards, little is missing. */
export function bandsOf(gaps: Gap[]): Band[] {
  return gaps.map((gap) => ({
    from: Date.parse(gap.from) / 1000,
    until: Date.parse(gap.until) / 1000,
    mended: gap.recovered?.unread === "0" && !gap.recovered.cut,
  }));
}
