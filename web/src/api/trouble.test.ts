import { describe, expect, it, beforeAll } from "vitest";
import { i18n } from "@lingui/core";
import { CombinedError } from "@urql/core";
import { troubleOf } from "./trouble";

beforeAll(() => { i18n.loadAndActivate({ locale: "en", messages: {} }); });

function answered(code: string, extra = {}) {
  return new CombinedError({ graphQLErrors: [{ message: "words of the server", extensions: { code, ...extra } }] });
}

describe("an answer that went wrong", () => {
  it("keeps the server's words and the id of a fault", () => {
    expect(troubleOf(answered("FAULT", { errorId: "e-123" }))).toMatchObject({ kind: "fault", text: "words of the server", errorId: "e-123" });
  });
  it.each([["UNAUTHENTICATED", "signed-out"], ["FORBIDDEN", "forbidden"], ["NOT_FOUND", "missing"], ["BUSY", "busy"], ["REFUSED", "refused"], ["BAD_INPUT", "refused"], ["NEWER_THAN_US", "fault"]])("%s is told as %s", (code, kind) => {
    expect(troubleOf(answered(code)).kind).toBe(kind);
  });
  it("tells an unreachable server from one that answers badly", () => {
    expect(troubleOf(new CombinedError({ networkError: new TypeError("fetch failed") })).kind).toBe("offline");
    expect(troubleOf(new CombinedError({ networkError: new Error("HTTP 502") })).kind).toBe("fault");
    expect(troubleOf(new CombinedError({ networkError: new Error("HTTP 429") })).kind).toBe("busy");
    expect(troubleOf(new CombinedError({ networkError: new Error("HTTP 401") })).kind).toBe("signed-out");
  });
});
