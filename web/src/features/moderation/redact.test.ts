import { describe, expect, it } from "vitest";
import { redactor } from "./redact";

const ann = { number: 1, userId: "100000000000000001", name: "Ann" };
const lee = { number: 2, userId: "100000000000000002", name: "Ann Lee (she)" };
const erased = { number: 3, userId: null, name: null };
const words = (place: number) => `Person ${String(place + 1)}`;

describe("a case without names", () => {
  const { name, text } = redactor([ann, lee, ann, erased], words, "somebody");
  it("calls everybody the same throughout", () => { expect([name(ann), name(lee), name(erased), name(ann)]).toEqual(["Person 1", "Person 2", "Person 3", "Person 1"]); });
  it("finds names, mentions and ids in what was written", () => {
    expect(text("ann hit <@100000000000000002>, says ANN LEE (she); see 100000000000000001")).toBe("Person 1 hit Person 2, says Person 2; see Person 1");
  });
  it("names no stranger either", () => { expect(text("<@!100000000000000009> and 100000000000000008")).toBe("somebody and …"); });
  it("leaves short names, which are words elsewhere", () => { expect(redactor([{ number: 1, name: "Jo" }], words, "somebody").text("Jo joined")).toBe("Jo joined"); });
});
