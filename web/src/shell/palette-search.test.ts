import { describe, expect, it } from "vitest";
import { search } from "./palette-search";

const entries = ["Overview", "Audit log", "Dead letters", "Leaderboard", "Settings of the economy"].map((title) => ({ key: title, title, section: title === "Audit log" ? "Audit" : "Other" }));
const found = (typed: string) => search(entries, typed).map((entry) => entry.title);

describe("the palette", () => {
  it("shows everything while nothing is typed", () => { expect(found("  ")).toHaveLength(entries.length); });
  it("puts what begins so before what has it inside", () => { expect(found("le")[0]).toBe("Leaderboard"); expect(found("le")).toContain("Dead letters"); });
  it("wants every word", () => { expect(found("eco set")).toEqual(["Settings of the economy"]); expect(found("eco zzz")).toEqual([]); });
});
