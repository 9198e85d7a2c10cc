import { describe, expect, it } from "vitest";
import { GUILD_SECTIONS, operatorPages, visible } from "./navigation";

const paths = (permissions: string[]) => visible(GUILD_SECTIONS, permissions).flatMap((section) => section.pages.map((page) => page.path));

describe("the menu", () => {
  it("shows a member without permissions what needs none, and no empty section", () => {
    const sections = visible(GUILD_SECTIONS, []);
    expect(sections.every((section) => section.pages.length > 0)).toBe(true);
    expect(sections.flatMap((section) => section.pages).every((page) => page.needs === undefined)).toBe(true);
  });
  it("shows who may read the protocol the audit log and, to read, the settings; a moderator neither", () => {
    expect(paths(["VIEW_AUDIT"])).toEqual(expect.arrayContaining(["audit", "settings"]));
    expect(paths(["MODERATE", "VIEW_RECORDS"])).toContain("transactions");
    expect(paths(["MODERATE", "VIEW_RECORDS"])).not.toEqual(expect.arrayContaining(["audit"]));
  });
  it("shows an operator their pages, without Discord those that are no community's, and nobody else any", () => {
    const all = operatorPages({ isOperator: true, userId: "1" }).map((page) => page.path);
    const byName = operatorPages({ isOperator: true, userId: null }).map((page) => page.path);
    expect(all).toEqual(expect.arrayContaining(["projections", "cases", "visits"]));
    expect(byName).toContain("maintenance");
    expect(byName.filter((path) => ["cases", "visits"].includes(path))).toEqual([]);
    expect(operatorPages({ isOperator: false, userId: "1" })).toEqual([]);
  });
  it("names every page once", () => {
    const all = GUILD_SECTIONS.flatMap((section) => section.pages.map((page) => page.path));
    expect(new Set(all).size).toBe(all.length);
  });
});
