/** The moment a page looks at, between the address (`at=1234`, `at=2026-11-20T18:04:05Z`) and the server. */

/** What the address may say; anything else is as if nothing was said. */
export function readAt(value: unknown): string | undefined {
  const text = typeof value === "number" ? String(value) : typeof value === "string" ? value.trim() : "";
  if (/^\d{1,15}$/.test(text)) return text;
  if (/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?Z)?$/.test(text) && !Number.isNaN(Date.parse(text))) return text;
  return undefined;
}

/** As the server reads it: a number is the place of an event. */
export function askAt(at: string | undefined): string | null {
  if (at === undefined) return null;
  return /^\d+$/.test(at) ? `#${at}` : at;
}
