import { describe, expect, it } from "vitest";
import { addressOf } from "./download";

describe("the address of a file", () => {
  it("says what narrows it, and leaves out what does not", () => {
    const address = addressOf("7", "transactions", "csv", { asOf: "#12", member: undefined, since: null, kind: ["transfer", "grant"] });
    expect(address).toBe("/api/v1/guilds/7/exports/transactions?format=csv&asOf=%2312&kind=transfer&kind=grant");
  });
  it("cannot be led elsewhere", () => {
    expect(addressOf("7", "../../auth", "csv", {})).toBe("/api/v1/guilds/7/exports/..%2F..%2Fauth?format=csv");
  });
});
