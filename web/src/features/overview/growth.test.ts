import { describe, expect, it } from "vitest";
import { growth, readDays } from "./growth";

describe("growth", () => {
  it("compares with the time before, also below nothing", () => { expect([growth("150", "100"), growth("5", "-10")]).toEqual([0.5, 1.5]); });
  it("is nothing where there is nothing to compare with", () => { expect(growth("5", "0")).toBeNull(); });
});

it("takes only the days that can be chosen", () => {
  expect([readDays("7"), readDays("8"), readDays(undefined)]).toEqual([7, 30, 30]);
});
