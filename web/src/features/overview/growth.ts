/** How much more there is than before, and of how many days the overview tells. */

export const RANGES = ["7", "30", "90"] as const;

export function readDays(said: string | undefined): number {
  return Number(RANGES.find((one) => one === said) ?? "30");
}

/** None where there was nothing to compare with. */
export function growth(now: string, before: string): number | null {
  const [is, was] = [Number(now), Number(before)];
  return was === 0 ? null : (is - was) / Math.abs(was);
}
