import { beforeAll, describe, expect, it } from "vitest";
import { i18n } from "@lingui/core";
import { changes, differences, problemOf, rowsOf, seconds, textOf, type Field } from "./draft";

beforeAll(() => { i18n.loadAndActivate({ locale: "en", messages: {} }); });

const field = (over: Partial<Field>): Field => ({ name: "f", title: "F", help: "", kind: "TEXT", bounds: {}, choices: [], columns: [], allowed: "use something else", text: "", isDefault: true, ...over });

describe("what differs", () => {
  it("is nothing where the same was written another way", () => {
    const fields = [field({ name: "a", kind: "AMOUNT", text: "1,000" }), field({ name: "d", kind: "DURATION", text: "24h" }), field({ name: "l", kind: "LIST", text: "1:2, 3:4" })];
    expect(changes(fields, { a: "1000", d: "1d", l: "1:2,3:4" })).toEqual([]);
  });
  it("is told with names for ids", () => {
    const names = new Map([["11", "@mods"], ["12", "@admins"]]);
    expect(differences([field({ kind: "ROLE", text: "11" })], { f: "12" }, names)).toEqual([{ name: "F", was: "@mods", is: "@admins" }]);
  });
});

describe("what a browser refuses before the server does", () => {
  it.each([["-1", true], ["0", false], ["9,000", false], ["9001", true], ["1.5e3", true], ["", true], ["99999999999999999999", true]])("amount %s", (text, wrong) => {
    expect(problemOf(field({ kind: "AMOUNT", bounds: { min: "0", max: "9000" } }), text) !== undefined).toBe(wrong);
  });
  it.each([["90s", 90], ["1h30m", 5400], ["2d 12h", 216_000], ["5", undefined], ["5x", undefined], ["", undefined]])("span %s", (text, secs) => {
    expect(seconds(text)).toBe(secs);
  });
  it("counts letters as people do", () => {
    expect(problemOf(field({ kind: "TEXT", bounds: { minChars: 1, maxChars: 2 } }), "💎💎")).toBeUndefined();
    expect(problemOf(field({ kind: "TEXT", bounds: { minChars: 1, maxChars: 2 } }), "   ")).toBe("use something else");
  });
});

describe("lists", () => {
  it("come back as they were written", () => { expect(textOf(rowsOf("100:5, 200:6"))).toBe("100:5, 200:6"); });
  it("have no row for nothing", () => { expect(rowsOf(" , ")).toEqual([]); });
});
