/** How much more there is than some days before, and numbers day by day. */

/** None where there was nothing to compare with. */
export function growth(values: readonly number[], daysBack: number): number | null {
  const now = values.at(-1);
  const before = values.at(-1 - daysBack);
  if (now === undefined || before === undefined || before === 0) return null;
  return (now - before) / before;
}

/** Amounts of one kind per day, with 0 for days on which nothing happened. */
export function series(flow: readonly { day: string; kind: string; amount: string }[], kind: string): number[] {
  const days = [...new Set(flow.map((line) => line.day))].sort();
  const byDay = new Map(flow.filter((line) => line.kind === kind).map((line) => [line.day, Number(line.amount)]));
  return days.map((day) => byDay.get(day) ?? 0);
}
