/** Spans of time as slash commands take them: 90s, 5m, 24h, 7d, and 1d 12h. */
const UNITS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Seconds; `null` for nothing written, `undefined` for what is no span. */
export function readSpan(text: string): number | null | undefined {
  const plain = text.trim().toLowerCase();
  if (plain === "") return null;
  if (plain === "0") return 0;
  if (!/^(\d{1,6}\s*[smhd]\s*)+$/.test(plain)) return undefined;
  let seconds = 0;
  for (const [, count, unit] of plain.matchAll(/(\d+)\s*([smhd])/g)) seconds += Number(count) * (UNITS[unit ?? ""] ?? 0);
  return seconds > 2 ** 31 ? undefined : seconds;
}
