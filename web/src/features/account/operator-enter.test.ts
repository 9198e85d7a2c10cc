import { describe, expect, it } from "vitest";
import { problemOf, seconds } from "./operator-enter";

const answer = (status: number, headers: Record<string, string> = {}, body: unknown = {}) => new Response(JSON.stringify(body), { status, headers });

describe("what the server said to an operator who wants in", () => {
  it("is wrong, too early, or too old", async () => {
    expect(await problemOf(answer(401))).toEqual({ kind: "wrong" });
    expect(await problemOf(answer(403))).toEqual({ kind: "old" });
    expect(await problemOf(answer(429, { "retry-after": "42" }))).toEqual({ kind: "wait", secs: 42 });
  });

  it.each([["", 5], ["soon", 5], ["-3", 5], ["999999", 5], ["0", 5], ["60", 60]])("waits after %j for %d seconds", async (said, secs) => {
    expect(seconds(await problemOf(answer(429, { "retry-after": said })))).toBe(secs);
  });

  it("names the error's id where something broke, and stands whatever came", async () => {
    expect(await problemOf(answer(500, {}, { errors: [{ extensions: { errorId: "e-7F3K2" } }] }))).toEqual({ kind: "fault", errorId: "e-7F3K2" });
    expect(await problemOf(new Response("<html>", { status: 502 }))).toEqual({ kind: "fault", errorId: undefined });
    expect(seconds({ kind: "wrong" })).toBe(0);
  });
});
