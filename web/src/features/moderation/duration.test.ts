import { describe, expect, it } from "vitest";
import { readFilter } from "./cases";
import { readLength } from "./duration";

describe("a length", () => {
  it("is read as slash commands read it", () => {
    expect(readLength("10m", false)).toEqual({ ok: true, secs: 600 });
    expect(readLength(" 7d ", true)).toEqual({ ok: true, secs: 604_800 });
  });
  it("may be for good only where there is such a thing", () => {
    expect(readLength("", true)).toEqual({ ok: true, secs: null });
    expect(readLength("", false)).toEqual({ ok: false });
  });
  it.each(["10s", "6000d", "soon", "-1h"])("%s is none", (bad) => { expect(readLength(bad, true)).toEqual({ ok: false }); });
});

describe("the filter in the address", () => {
  it("asks for what it names", () => {
    expect(readFilter({ user: "100000000000000001", kind: "ban", status: "open", since: "2026-11-01", active: "1", appeals: "1" })).toEqual({ user: "100000000000000001", kind: "BAN", status: "OPEN", since: "2026-11-01T00:00:00Z", active: true, appealOpen: true });
  });
  it("leaves out what it does not know", () => {
    expect(readFilter({ user: "mira", kind: "hug", status: "<script>", since: "2026-13-45", active: "yes" })).toEqual({});
  });
});
