import { describe, expect, it } from "vitest";
import { readSearch } from "./search";

describe("the search of the audit log", () => {
  it("reads qualifiers and leaves words", () => {
    expect(readSearch("type:economy.,awards. by:123456789012345678 since:2026-11-01 Mira  sent")).toEqual({
      filter: { types: ["economy.", "awards."], by: "123456789012345678", since: "2026-11-01T00:00:00Z", words: ["Mira", "sent"] },
      problems: [],
    });
  });
  it("takes a whole day when one says until when", () => { expect(readSearch("until:2026-11-05").filter.until).toBe("2026-11-05T23:59:59Z"); });
  it("names what it does not understand instead of ignoring it", () => {
    expect(readSearch("by:mira since:yesterday request:1 colour:red type:<b>").problems).toEqual(["by:mira", "since:yesterday", "request:1", "colour:red", "type:<b>"]);
  });
  it("sends no more words than one question takes", () => { expect(readSearch(Array.from({ length: 12 }, () => "x".repeat(80)).join(" ")).filter.words?.map((word) => word.length)).toEqual(Array.from({ length: 10 }, () => 60)); });
});
