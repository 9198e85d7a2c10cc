import { describe, expect, it } from "vitest";
import { hasWords, readSearch } from "./search";

describe("the search of the audit log", () => {
  it("reads qualifiers and leaves words", () => {
    expect(readSearch("type:economy.,awards. by:123456789012345678 since:2026-11-01 Mira  sent")).toEqual({
      filter: { types: ["economy.", "awards."], by: "123456789012345678", since: "2026-11-01T00:00:00Z" },
      words: ["mira", "sent"],
      problems: [],
    });
  });
  it("takes a whole day when one says until when", () => { expect(readSearch("until:2026-11-05").filter.until).toBe("2026-11-05T23:59:59Z"); });
  it("names what it does not understand instead of ignoring it", () => {
    expect(readSearch("by:mira since:yesterday request:1 colour:red type:<b>").problems).toEqual(["by:mira", "since:yesterday", "request:1", "colour:red", "type:<b>"]);
  });
  it("wants every word", () => {
    const line = { sentence: "Mira sent 40 to Noor", type: "economy.bytes_transferred" };
    expect([hasWords(line, ["mira", "noor"]), hasWords(line, ["mira", "tobias"]), hasWords(line, [])]).toEqual([true, false, true]);
  });
});
