/** Numbers, dates and spans of time as people read them. 64-bit numbers arrive as strings. */
import { currentLanguage } from ".";

const made = new Map<string, Intl.DateTimeFormat | Intl.NumberFormat>();

/** Formatters are dear to make, and few. */
function formatter<F extends Intl.DateTimeFormat | Intl.NumberFormat>(name: string, make: (language: string) => F): F {
  const language = currentLanguage();
  const key = `${language} ${name}`;
  let found = made.get(key) as F | undefined;
  if (!found) {
    found = make(language === "en" ? "en-GB" : language);
    made.set(key, found);
  }
  return found;
}

/** In full, also past 2^53: 64-bit numbers are never made floats. */
export function number(value: string | number | bigint): string {
  const whole = typeof value === "string" ? (/^-?\d+$/.test(value) ? BigInt(value) : Number(value)) : value;
  return formatter("number", (language) => new Intl.NumberFormat(language)).format(whole);
}

export function compact(value: string | number): string {
  return formatter("compact", (l) => new Intl.NumberFormat(l, { notation: "compact", maximumFractionDigits: 1 })).format(Number(value));
}

/** How long a file is: `4 kB`, `1.2 MB`. */
export function weight(bytes: string | number): string {
  const [unit, size] = ([["megabyte", 1e6], ["kilobyte", 1e3]] as const).find(([, step]) => Number(bytes) >= step) ?? (["byte", 1] as const);
  const made = formatter(`weight ${unit}`, (l) => new Intl.NumberFormat(l, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 }));
  return made.format(Number(bytes) / size);
}

export function percent(share: number): string {
  return formatter("percent", (l) => new Intl.NumberFormat(l, { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" })).format(share);
}

export function moment(at: string | number | Date): string {
  return formatter("moment", (l) => new Intl.DateTimeFormat(l, { dateStyle: "medium", timeStyle: "medium" })).format(new Date(at));
}

/** Short enough for a column: no year within this year. */
export function brief(at: string | number | Date, now = new Date()): string {
  const date = new Date(at);
  const year = date.getFullYear() === now.getFullYear() ? "same" : "other";
  return formatter(`brief ${year}`, (l) =>
    new Intl.DateTimeFormat(l, {
      day: "2-digit",
      month: "short",
      hour: "2-digit",
      minute: "2-digit",
      ...(year === "other" ? { year: "numeric" as const } : {}),
    }),
  ).format(date);
}

export function day(at: string | number | Date): string {
  return formatter("day", (l) => new Intl.DateTimeFormat(l, { day: "2-digit", month: "short", year: "numeric" })).format(new Date(at));
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

export function ago(at: string | number | Date, now = Date.now()): string {
  const seconds = Math.round((new Date(at).getTime() - now) / 1000);
  const [unit, size] = STEPS.find(([, step]) => Math.abs(seconds) >= step) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(currentLanguage(), { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

/** As slash commands write it: 90s, 5m, 24h, 7d, and 1d 12h. */
export function span(seconds: number): string {
  if (seconds <= 0) return "0s";
  const parts: string[] = [];
  let rest = Math.round(seconds);
  for (const [letter, size] of [["d", 86_400], ["h", 3_600], ["m", 60], ["s", 1]] as const) {
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${String(count)}${letter}`);
    rest %= size;
  }
  return parts.join(" ");
}

/** A moment as a clock in another zone shows it, as exactly as the step of a chart needs. */
export function inZone(at: string | number | Date, zone: string, step: "HOUR" | "DAY" | "WEEK" | "MONTH"): string {
  return formatter(`zone ${zone} ${step}`, (l) =>
    new Intl.DateTimeFormat(l, {
      timeZone: zone,
      ...(step === "MONTH" ? { month: "long", year: "numeric" } : { weekday: "short", day: "2-digit", month: "short", year: "numeric" }),
      ...(step === "HOUR" ? { hour: "2-digit", minute: "2-digit", timeZoneName: "short" } : {}),
    }),
  ).format(new Date(at));
}

/** A share without a sign. */
export function share(part: number): string {
  return formatter("share", (l) => new Intl.NumberFormat(l, { style: "percent", maximumFractionDigits: 1 })).format(part);
}
