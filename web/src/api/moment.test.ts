import { describe, expect, it } from "vitest";
import { askAt, readAt } from "./moment";

describe("the moment in the address", () => {
  it("is a place in the history or a time", () => {
    expect(readAt(1234)).toBe("1234");
    expect(readAt("1234")).toBe("1234");
    expect(readAt("2026-11-20")).toBe("2026-11-20");
    expect(readAt("2026-11-20T18:04:05Z")).toBe("2026-11-20T18:04:05Z");
  });
  it.each(["", "-1", "yesterday", "2026-13-45", "1e9", "<script>", null, {}, "#12"])("%s is as if nothing was said", (bad) => {
    expect(readAt(bad)).toBeUndefined();
  });
  it("goes to the server as the server reads it", () => {
    expect([askAt("12"), askAt("2026-11-20"), askAt(undefined)]).toEqual(["#12", "2026-11-20", null]);
  });
});
