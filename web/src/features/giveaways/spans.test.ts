import { describe, expect, it } from "vitest";
import { readSpan } from "./spans";

describe("a span of time", () => {
  it("is read as people write it in Discord", () => {
    expect(["90s", "5m", "24h", "7d", "1d 12h", " 1H30M ", "0", "0s"].map(readSpan)).toEqual([90, 300, 86_400, 604_800, 129_600, 5_400, 0, 0]);
  });
  it("is told apart from nothing and from nonsense", () => {
    expect(readSpan(" ")).toBeNull();
    for (const bad of ["5", "h", "5x", "-5m", "5m!", "999999d", "1.5h"]) expect(readSpan(bad), bad).toBeUndefined();
  });
});
