import { describe, expect, it } from "vitest";
import { append, MOST_ROWS, refreshFront } from "./pages";

const key = (node: string) => node.slice(0, 1);

describe("a list page by page", () => {
  it("shows nothing twice when pages overlap", () => { expect(append(["d", "c"], ["c", "b"], key)).toEqual(["d", "c", "b"]); });
  it("has an end", () => {
    const many = Array.from({ length: MOST_ROWS }, (_, index) => String(index));
    expect(append(many, ["x"], (node) => node)).toHaveLength(MOST_ROWS);
  });
});

describe("news at the front", () => {
  it("comes before what was there, and what changed is shown as it is", () => {
    expect(refreshFront(["c1", "b1", "a1"], ["d1", "c2"], key)).toEqual(["d1", "c2", "b1", "a1"]);
  });
  it("begins again where more came in than a page holds", () => { expect(refreshFront(["a1"], ["z1", "y1"], key)).toBeNull(); });
  it("fills an empty list", () => { expect(refreshFront([], ["a"], key)).toEqual(["a"]); });
});
