/** The same draws and forgeries that `reeve verify` and `docs/verify_draw.py` are judged by. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { verify } from "./verify";

const VECTORS = fileURLToPath(new URL("../../../../docs/draw-vectors/", import.meta.url));
type Expected = { bundle: string; valid: boolean; what: string; drawn?: number[] };
const expected = readFileSync(`${VECTORS}expected.jsonl`, "utf8").trim().split("\n").map((line) => JSON.parse(line) as Expected);

/** A file in pieces of this size. */
// eslint-disable-next-line @typescript-eslint/require-await -- files come in asynchronously
async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const file = (name: string) => new Uint8Array(readFileSync(`${VECTORS}${name}`));
const told = (text: string) => verify(pieces(new TextEncoder().encode(text), 1 << 16));

describe("a draw", () => {
  it("has vectors, good and forged", () => {
    expect(expected.filter((one) => one.valid).length).toBeGreaterThan(2);
    expect(expected.filter((one) => !one.valid).length).toBeGreaterThan(8);
  });

  for (const one of expected) {
    it(`${one.bundle} (${one.what}) is ${one.valid ? "good" : "found out"}, however it comes in`, async () => {
      for (const size of [7, 1 << 20]) {
        const verdict = await verify(pieces(file(one.bundle), size));
        expect(verdict.valid, verdict.problem).toBe(one.valid);
        expect(verdict.problem === undefined).toBe(one.valid);
        if (one.valid) expect(verdict.drawn).toEqual(one.drawn);
      }
    });
  }

  it("is refused in any form that is not its own", async () => {
    const good = new TextDecoder().decode(file("example.jsonl"));
    expect((await told(good)).valid).toBe(true);
    for (const [what, bad] of [
      ["nothing", ""],
      ["no JSON", "hello\n"],
      ["a list", "[]\n"],
      ["another form", good.replace('"reeve_draw":1', '"reeve_draw":2')],
      ["a name twice", good.replace('"weight":1', '"weight":1,"weight":1')],
      ["more than it says", good + good],
      ["weights that are none", good.replace('"weight":1', '"weight":1.5')],
      ["far too many", good.replace(/"entries":\d+/, '"entries":999999999')],
      ["a line without an end", "x".repeat(10_000)],
    ] as const) expect((await told(bad)).valid, what).toBe(false);
  });

  it("says how far it is", async () => {
    const steps: [number, number][] = [];
    await verify(pieces(file("weighted.jsonl"), 64), (done, of) => steps.push([done, of]));
    expect(steps.at(-1)?.[0]).toBe(steps.at(-1)?.[1]);
  });
});
