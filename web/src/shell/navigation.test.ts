import { describe, expect, it } from "vitest";
import { GUILD_SECTIONS, visible } from "./navigation";

const paths = (permissions: string[]) => visible(GUILD_SECTIONS, permissions).flatMap((section) => section.pages.map((page) => page.path));

describe("the menu", () => {
  it("shows a member without permissions what needs none, and no empty section", () => {
    const sections = visible(GUILD_SECTIONS, []);
    expect(sections.every((section) => section.pages.length > 0)).toBe(true);
    expect(sections.flatMap((section) => section.pages).every((page) => page.needs === undefined)).toBe(true);
  });
  it("shows who may read records the audit log, but not the settings", () => {
    expect(paths(["VIEW_RECORDS"])).toContain("audit");
    expect(paths(["VIEW_RECORDS"])).not.toContain("access");
  });
  it("names every page once", () => {
    const all = GUILD_SECTIONS.flatMap((section) => section.pages.map((page) => page.path));
    expect(new Set(all).size).toBe(all.length);
  });
});
