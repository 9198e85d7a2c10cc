import { expect, it } from "vitest";
import { shade } from "./heatmap";

it("gives the busiest hour the deepest colour, and nothing none", () => {
  expect([shade(0, 10), shade(1, 1_000), shade(500, 1_000), shade(1_000, 1_000), shade(3, 0)]).toEqual([0, 1, 3, 6, 0]);
});
