import { describe, expect, it } from "vitest";
import { csv } from "./csv";

describe("an exported file", () => {
  it("quotes what needs it", () => { expect(csv(["a", "b"], [['say "hi"', "x,y"]])).toBe('a,b\r\n"say ""hi""","x,y"\r\n'); });
  it.each(["=HYPERLINK(\"http://evil\")", "+1+1", "-cmd", "@SUM(A1)", "\t=1", "|calc", "%0"])("%s is no formula", (name) => {
    expect(csv(["name"], [[name]]).split("\r\n")[1]).toMatch(/^"'/);
  });
  it("leaves numbers as numbers", () => { expect(csv(["n"], [["-42"], [9007199254740993n.toString()], [null]])).toBe("n\r\n-42\r\n9007199254740993\r\n\r\n"); });
});
