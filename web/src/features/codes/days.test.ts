import { describe, expect, it } from "vitest";
import { endOf, lastDayOf } from "./days";

describe("the last day of a code", () => {
  it("is whole, and comes back as it was chosen", () => {
    expect(endOf("2026-12-31")).toBe("2027-01-01T00:00:00Z");
    for (const day of ["2026-02-28", "2028-02-29", "2026-12-31"]) expect(lastDayOf(endOf(day))).toBe(day);
  });
  it("is none where none was chosen", () => {
    for (const none of ["", "tomorrow", "2026-99-99"]) expect(endOf(none), none).toBeNull();
    expect(lastDayOf(null)).toBe("");
  });
});
