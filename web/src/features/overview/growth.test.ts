import { describe, expect, it } from "vitest";
import { growth, series } from "./growth";

describe("growth", () => {
  it("compares with the day so many days before", () => { expect(growth([100, 110, 150], 2)).toBe(0.5); });
  it("is nothing where there is nothing to compare with", () => { expect([growth([], 1), growth([5], 1), growth([0, 5], 1)]).toEqual([null, null, null]); });
});

it("days without a movement count as nothing", () => {
  const flow = [{ day: "2026-11-02", kind: "daily", amount: "5" }, { day: "2026-11-01", kind: "transfer", amount: "9" }];
  expect(series(flow, "daily")).toEqual([0, 5]);
});
