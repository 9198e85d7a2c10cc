import { describe, expect, it } from "vitest";
import { funnelOf } from "./funnel-of";

describe("the funnel", () => {
  it("narrows from entry to prize, and names every reason", () => {
    const funnel = funnelOf([["in", "80"], ["left", "6"], ["previous_winner", "9"], ["won", "2"], ["lapsed", "1"], ["disqualified", "2"]].map(([standing, count]) => ({ standing: standing ?? "", count: count ?? "" })));
    expect([funnel.entered, funnel.eligible, funnel.drawn, funnel.won]).toEqual([100, 85, 5, 2]);
    expect(funnel.reasons.map((one) => one.standing)).toEqual(["previous_winner", "left", "disqualified", "lapsed"]);
  });
  it("is empty where nobody entered", () => { expect(funnelOf([])).toEqual({ entered: 0, eligible: 0, drawn: 0, won: 0, reasons: [] }); });
});
