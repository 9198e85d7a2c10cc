import { describe, expect, it } from "vitest";
import { fits, readAsked, readRange } from "./range";

describe("the address of a chart", () => {
  it("begins with thirty days of messages", () => {
    expect(readAsked({})).toEqual({ days: 30, asked: { days: 30 }, metric: "MESSAGES", split: null, every: "DAY", compare: false, channel: null, user: null });
  });
  it("says which days, also over a change of the clock", () => {
    expect(readRange({ since: "2026-03-28", until: "2026-03-30" })).toEqual({ days: 3, asked: { since: "2026-03-28", until: "2026-03-30" } });
    expect(readRange({ days: "7" })).toEqual({ days: 7, asked: { days: 7 } });
  });
  it("takes nothing that cannot be meant", () => {
    for (const bad of [{ days: "8" }, { since: "2026-13-01", until: "2026-13-02" }, { since: "yesterday" }, { since: "2026-11-22", until: "2026-11-21" }, { since: "1900-01-01", until: "2026-01-01" }]) expect(readRange(bad).days).toBe(30);
    expect(readAsked({ metric: "<b>", split: "kind", every: "year", channel: "x", user: "1" })).toEqual(readAsked({}));
    expect(readAsked({ metric: "joins", split: "channel" }).split).toBeNull();
  });
  it("has no more points than a chart can show", () => {
    expect(readAsked({ days: "365", every: "hour" }).every).toBe("WEEK");
    expect([fits("HOUR", 31), fits("HOUR", 33), fits("DAY", 365)]).toEqual([true, false, true]);
  });
  it("looks at a channel or at a member, never at both", () => {
    const both = readAsked({ channel: "900000000000000031", user: "100000000000000001", split: "member" });
    expect([both.channel, both.user, both.split]).toEqual(["900000000000000031", null, null]);
    expect(readAsked({ metric: "commands", user: "100000000000000001", split: "command" }).split).toBe("COMMAND");
  });
});
