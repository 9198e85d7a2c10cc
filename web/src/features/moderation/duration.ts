/** Lengths as moderators write them, and what a punishment takes. */
import { seconds } from "../settings/draft";

const MIN_SECS = 60;
const MAX_SECS = 5 * 365 * 86_400;

export type Length = { ok: true; secs: number | null } | { ok: false };

/** Nothing written is for good, where that may be. */
export function readLength(text: string, mayBeForGood: boolean): Length {
  if (text.trim() === "") return mayBeForGood ? { ok: true, secs: null } : { ok: false };
  const secs = seconds(text.trim());
  return secs === undefined || secs < MIN_SECS || secs > MAX_SECS ? { ok: false } : { ok: true, secs };
}
