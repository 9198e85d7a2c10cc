import { describe, expect, it } from "vitest";
import { bars, stepDays, timeAt } from "./strip";

const stretches = [
  { first: "1", last: "100", from: "2026-11-01T00:00:00Z", to: "2026-11-05T00:00:00Z" },
  { first: "101", last: "200", from: "2026-11-09T00:00:00Z", to: "2026-11-09T01:00:00Z" },
];

describe("the density strip", () => {
  it("covers everything, and is higher where events came faster", () => {
    const [slow, fast] = bars(stretches);
    expect([slow?.x, slow?.width, fast?.x, fast?.width]).toEqual([0, 0.5, 0.5, 0.5]);
    expect(fast?.height).toBe(1);
    expect(slow?.height).toBeLessThan(1);
  });
  it("is empty where nothing happened", () => { expect(bars([])).toEqual([]); });
});

describe("a step of a day", () => {
  it("goes where the day before was", () => { expect(stepDays(stretches, 51, -1)).toBe(26); });
  it("jumps over idle days, and always moves", () => { expect(stepDays(stretches, 100, 1)).toBe(101); });
  it("stays within history", () => {
    expect(stepDays(stretches, 200, 1)).toBe(200);
    expect(stepDays(stretches, 1, -1)).toBe(1);
    expect(stepDays([], 5, 1)).toBe(5);
  });
  it("knows the time of an event between two that are known", () => { expect(new Date(timeAt(stretches, 150.5) ?? 0).toISOString()).toBe("2026-11-09T00:30:00.000Z"); });
});
