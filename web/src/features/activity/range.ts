/** What the address says of a chart: which numbers, of which time, in which steps. */
import { ALL_METRICS, METRICS, type Every, type Metric, type Split } from "./metrics";

export const RANGES = ["7", "30", "90", "365"] as const;
export const STEPS: readonly Every[] = ["HOUR", "DAY", "WEEK", "MONTH"];
/** Points that the server tells of one chart. */
const MOST_POINTS = 800;

export type Search = Partial<Record<"metric" | "split" | "every" | "days" | "since" | "until" | "cmp" | "channel" | "user", string | undefined>>;

/** As the server reads it; the last days of the community are its own affair. */
export type Range = { days: number; asked: { days: number } | { since: string; until: string } };
export type Asked = Range & { metric: Metric; split: Split | null; every: Every; compare: boolean; channel: string | null; user: string | null };

const DAY = /^\d{4}-\d\d-\d\d$/;
const ID = /^\d{15,20}$/;
const MOST_DAYS = 3_660;

function dayOf(text: string | undefined): string | null {
  return text !== undefined && DAY.test(text) && !Number.isNaN(Date.parse(text)) ? text : null;
}

/** Days from one to another, both with them. */
function between(since: string, until: string): number {
  return Math.round((Date.parse(until) - Date.parse(since)) / 86_400_000) + 1;
}

export function readRange(search: Search): Range {
  const since = dayOf(search.since);
  const until = dayOf(search.until);
  if (since !== null && until !== null) {
    const days = between(since, until);
    if (days >= 1 && days <= MOST_DAYS) return { days, asked: { since, until } };
  }
  const days = Number(RANGES.find((one) => one === search.days) ?? "30");
  return { days, asked: { days } };
}

/** Steps that a chart of so many days can have. */
export function fits(every: Every, days: number): boolean {
  const points = every === "HOUR" ? days * 25 : every === "DAY" ? days : every === "WEEK" ? days / 7 : days / 28;
  return points <= MOST_POINTS;
}

function stepFor(days: number): Every {
  return days <= 2 ? "HOUR" : days <= 180 ? "DAY" : days <= 1_100 ? "WEEK" : "MONTH";
}

export function readAsked(search: Search): Asked {
  const range = readRange(search);
  const metric = ALL_METRICS.find((one) => one.toLowerCase() === search.metric) ?? "MESSAGES";
  const wanted = STEPS.find((one) => one.toLowerCase() === search.every);
  const every = wanted !== undefined && fits(wanted, range.days) ? wanted : stepFor(range.days);
  const splits = METRICS[metric].splits;
  const channel = search.channel !== undefined && ID.test(search.channel) && splits.includes("CHANNEL") ? search.channel : null;
  const user = channel === null && search.user !== undefined && ID.test(search.user) && splits.includes("MEMBER") ? search.user : null;
  // Numbers are kept by channel or by member, not by both.
  const split = splits.find((one) => one.toLowerCase() === search.split && (channel === null || one === "CHANNEL") && (user === null || one !== "CHANNEL")) ?? null;
  return { ...range, metric, split, every, compare: search.cmp === "1", channel, user };
}
