/** Days as a form takes them, and moments as the server does. */

/** The end of a day, UTC; none where none was chosen. */
export function endOf(day: string): string | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return null;
  const begin = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(begin) ? null : new Date(begin + 86_400_000).toISOString().replace(".000", "");
}

/** The last whole day before a moment. */
export function lastDayOf(end: string | null | undefined): string {
  return end == null ? "" : new Date(Date.parse(end) - 1).toISOString().slice(0, 10);
}
