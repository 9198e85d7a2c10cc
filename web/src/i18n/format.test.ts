import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { i18n } from "@lingui/core";
import { ago, number, span, weight } from "./format";

beforeAll(() => { i18n.load("en", {}); i18n.load("de", {}); });
afterEach(() => { i18n.activate("en"); });

describe("numbers", () => {
  it("keeps every digit of a 64-bit number", () => {
    i18n.activate("en");
    expect(number("9223372036854775807")).toBe("9,223,372,036,854,775,807");
  });
  it("groups as the language does", () => {
    i18n.activate("de");
    expect(number("-1234567")).toBe("-1.234.567");
  });
  it("says how long a file is", () => {
    i18n.activate("en");
    expect(["912", "48213", "31457280"].map(weight)).toEqual(["912 byte", "48.2 kB", "31.5 MB"]);
  });
});

describe("time", () => {
  it("says spans as slash commands do", () => {
    expect([0, 90, 3600, 129_600].map(span)).toEqual(["0s", "1m 30s", "1h", "1d 12h"]);
  });
  it("says how long ago in the biggest unit that fits", () => {
    i18n.activate("en");
    const now = Date.parse("2026-11-21T12:00:00Z");
    expect(ago("2026-11-21T11:58:00Z", now)).toBe("2 minutes ago");
    expect(ago("2026-11-20T12:00:00Z", now)).toBe("yesterday");
  });
});
