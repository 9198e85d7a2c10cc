import { expect, it } from "vitest";
import { readPeriod } from "./levels";

it("reads which board the address means", () => {
  expect(readPeriod(undefined, "3")).toEqual({ period: null, ago: 0 });
  expect(readPeriod("week", "3")).toEqual({ period: "WEEK", ago: 3 });
  for (const bad of ["-1", "521", "x", "1.5"]) expect(readPeriod("day", bad)).toEqual({ period: "DAY", ago: 0 });
});
