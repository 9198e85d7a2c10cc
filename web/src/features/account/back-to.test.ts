import { describe, expect, it } from "vitest";
import { backTo } from "./back-to";

describe("the page that is gone back to after signing in", () => {
  it("is one of ours", () => { expect(backTo("/g/1/audit?q=x")).toBe("/auth/sign-in?return=%2Fg%2F1%2Faudit%3Fq%3Dx"); });
  it.each(["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "", undefined])("%s is not", (path) => {
    expect(backTo(path)).toBe("/auth/sign-in");
  });
});
