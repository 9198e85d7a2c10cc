/** The density of history: a bar for each stretch of events, higher where they came faster. Idle time takes no room. */

export type Stretch = { first: string; last: string; from: string; to: string };
export type Bar = { x: number; width: number; height: number; first: number; last: number };

/** Bars between 0 and 1 in both directions; rates differ by magnitudes, so heights are their logarithms. */
export function bars(stretches: readonly Stretch[]): Bar[] {
  const head = Number(stretches.at(-1)?.last ?? 0);
  if (head === 0) return [];
  const rates = stretches.map((one) => {
    const seconds = Math.max(1, (Date.parse(one.to) - Date.parse(one.from)) / 1000);
    return Math.log10(1 + ((Number(one.last) - Number(one.first) + 1) / seconds) * 86_400);
  });
  const most = Math.max(...rates) || 1;
  return stretches.map((one, index) => ({
    x: (Number(one.first) - 1) / head,
    width: (Number(one.last) - Number(one.first) + 1) / head,
    height: Math.max(0.06, (rates[index] ?? 0) / most),
    first: Number(one.first),
    last: Number(one.last),
  }));
}

/** The event so many days before or after: in proportion within its stretch. */
export function stepDays(stretches: readonly Stretch[], seq: number, days: number): number {
  const now = timeAt(stretches, seq);
  if (now === undefined) return seq;
  const wanted = now + days * 86_400_000;
  const head = Number(stretches.at(-1)?.last ?? 1);
  for (const one of stretches) {
    const [from, to] = [Date.parse(one.from), Date.parse(one.to)];
    if (wanted > to) continue;
    if (wanted <= from) return clampStep(Number(one.first), seq, days, head);
    const share = (wanted - from) / Math.max(1, to - from);
    return clampStep(Math.round(Number(one.first) + share * (Number(one.last) - Number(one.first))), seq, days, head);
  }
  return head;
}

/** A step always moves, unless there is nowhere to go. */
function clampStep(target: number, seq: number, days: number, head: number): number {
  const moved = days > 0 ? Math.max(target, seq + 1) : Math.min(target, seq - 1);
  return Math.min(Math.max(moved, 1), head);
}

export function timeAt(stretches: readonly Stretch[], seq: number): number | undefined {
  const one = stretches.find((stretch) => seq >= Number(stretch.first) && seq <= Number(stretch.last));
  if (one === undefined) return undefined;
  const length = Number(one.last) - Number(one.first);
  const share = length === 0 ? 0 : (seq - Number(one.first)) / length;
  return Date.parse(one.from) + share * (Date.parse(one.to) - Date.parse(one.from));
}
