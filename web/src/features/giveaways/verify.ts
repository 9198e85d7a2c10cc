/**
 * Checks the draw of a giveaway as `docs/draw.md` describes it: own code over the browser's own
 * hashes, so that nobody has to believe the server. It reads while the bundle still comes in, and
 * lets the page breathe in between, however many entries there are.
 */
import { LineReader } from "./lines";

export type Verdict = {
  valid: boolean;
  entries: number;
  /** Numbers in the order in which they were drawn. */
  drawn: number[];
  /** What the bundle says of itself, as far as it was read: to compare with what was posted. */
  header?: Header;
  problem?: string;
};

export type Header = { giveaway: string; commitment: string; winners: number; entries: number; root: string; message: string; seed: string };

/** How far it is: so many lines of so many entries. */
export type Progress = (entries: number, of: number) => void;

type Line = Record<string, unknown>;
type Bytes = Uint8Array<ArrayBuffer>;

/** What does not fit, in words. */
class Wrong extends Error {}

/** No giveaway has more, and no browser should hold more because a file says so. */
const MOST_ENTRIES = 1_000_000;
/** Hashes that are asked for together, before the page gets its turn. */
const BATCH = 1_000;

function need(holds: boolean, problem: string): asserts holds {
  if (!holds) throw new Wrong(problem);
}

/** `bundle` is the file, in pieces of any size. */
export async function verify(bundle: AsyncIterable<Uint8Array>, told: Progress = () => undefined): Promise<Verdict> {
  const verdict: Verdict = { valid: true, entries: 0, drawn: [] };
  try {
    await check(new LineReader(bundle), verdict, told);
  } catch (error) {
    verdict.valid = false;
    verdict.problem = error instanceof Error && error.message !== "" ? error.message : "the bundle cannot be read";
  }
  return verdict;
}

async function check(lines: LineReader, verdict: Verdict, told: Progress): Promise<void> {
  const header = readHeader(await parsed(lines));
  verdict.header = header;
  const id = hex(header.giveaway.replaceAll("-", ""));
  const seed = hex(header.seed);
  const root = hex(header.root);
  need(same(await sha256(text("dv1"), id, seed), hex(header.commitment)), "the seed is not the one that was committed to");

  const { weights, leaves } = await readEntries(lines, header, id, told);
  need(same(await merkleRoot(leaves), root), "the entries are not those of the root");

  const key = await hmacKey(await hmac(await hmacKey(join([eight(BigInt(header.message)), root])), seed));
  const draw = new Draw(key, id, weights);
  const count = await readRecord(lines, header.winners, draw, verdict);
  verdict.entries = header.entries;
  need(count, "the bundle was cut: its last line is missing");
}

async function parsed(lines: LineReader): Promise<Line> {
  const line = await lines.next();
  need(line !== undefined, "the bundle was cut: lines are missing");
  return object(line);
}

function object(line: string): Line {
  const value: unknown = JSON.parse(line);
  need(typeof value === "object" && value !== null && !Array.isArray(value), "a line is no object");
  const names = line.match(/"(?:[^"\\]|\\.)*"\s*:/g) ?? [];
  need(names.length === Object.keys(value).length, "a name stands twice in a line");
  return value as Line;
}

function has(line: Line, ...names: string[]): boolean {
  const there = Object.keys(line);
  return there.length === names.length && names.every((name) => there.includes(name));
}

function isCount(value: unknown, least: number, most: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
}

function isDigest(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

function readHeader(line: Line): Header {
  need(has(line, "reeve_draw", "giveaway", "commitment", "winners", "entries", "root", "message", "seed") && line.reeve_draw === 1, "this is no draw of a form that is known here");
  const { giveaway, commitment, winners, entries, root, message, seed } = line;
  need(typeof giveaway === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(giveaway), "the giveaway's id is not one");
  need(isDigest(commitment) && isDigest(root) && isDigest(seed), "a digest is not 64 digits of 0-9 and a-f");
  need(isCount(winners, 1, 2 ** 32 - 1), "the number of winners is not one");
  need(isCount(entries, 0, MOST_ENTRIES), "the number of entries is not one");
  need(typeof message === "string" && /^[1-9][0-9]{0,19}$/.test(message) && BigInt(message) < 2n ** 64n, "the message's number is not one");
  return { giveaway, commitment, winners, entries, root, message, seed };
}

async function readEntries(lines: LineReader, header: Header, id: Bytes, told: Progress): Promise<{ weights: Uint32Array; leaves: Bytes[] }> {
  const weights = new Uint32Array(header.entries);
  const leaves: Bytes[] = [];
  for (let first = 0; first < header.entries; first += BATCH) {
    const last = Math.min(first + BATCH, header.entries);
    const hashes: Promise<Bytes>[] = [];
    for (let index = first; index < last; index++) {
      const line = await parsed(lines);
      need(has(line, "entry", "weight", "tag") && line.entry === index + 1, "an entry is missing or doubled");
      need(isCount(line.weight, 1, 2 ** 32 - 1), "an entry has no weight");
      need(isDigest(line.tag), "a digest is not 64 digits of 0-9 and a-f");
      weights[index] = line.weight;
      hashes.push(sha256(Uint8Array.of(0), id, four(index + 1), four(line.weight), hex(line.tag)));
    }
    leaves.push(...(await Promise.all(hashes)));
    told(last, header.entries);
    await breathe();
  }
  return { weights, leaves };
}

/** Who can still be drawn, and who is next. */
class Draw {
  private total = 0n;
  constructor(private readonly key: CryptoKey, private readonly id: Bytes, private readonly weights: Uint32Array) {
    for (const weight of weights) this.total += BigInt(weight);
  }

  get isOver(): boolean {
    return this.total === 0n;
  }

  /** Leaves an entry out from here on; false where it was out before. */
  takeOut(entry: unknown): boolean {
    const weight = isCount(entry, 1, this.weights.length) ? this.weights[entry - 1] ?? 0 : 0;
    if (weight === 0) return false;
    this.weights[Number(entry) - 1] = 0;
    this.total -= BigInt(weight);
    return true;
  }

  /** The entry that is drawn as pick `k`, and how often it had to be tried. */
  async pick(k: number): Promise<{ entry: number; j: number } | undefined> {
    if (this.isOver) return undefined;
    const fair = ((1n << 64n) / this.total) * this.total;
    for (let j = 0; j < 2 ** 32; j++) {
      const drawn = await hmac(this.key, this.id, four(k), four(j));
      const x = new DataView(drawn.buffer).getBigUint64(0);
      if (x < fair) return { entry: this.at(x % this.total), j };
    }
    return undefined;
  }

  /** Entries lie side by side in order of number, each as wide as its weight. */
  private at(place: bigint): number {
    let left = Number(place);
    for (const [index, weight] of this.weights.entries()) {
      if (left < weight) return index + 1;
      left -= weight;
    }
    return 0;
  }
}

/** Follows the record to its end; false where the end is missing. */
async function readRecord(lines: LineReader, prizes: number, draw: Draw, verdict: Verdict): Promise<boolean> {
  let winners = prizes;
  let k = 0;
  for (let count = 0; ; count++) {
    const said = await lines.next();
    if (said === undefined) return false;
    const line = object(said);
    if (has(line, "end")) {
      need(line.end === count && (await lines.next()) === undefined, "the bundle was cut: lines of the record are missing");
      need(k >= winners, "fewer were drawn than there are prizes");
      return true;
    }
    if (has(line, "out", "why")) {
      need(typeof line.why === "string" && line.why !== "" && draw.takeOut(line.out), "an entry is left out twice");
    } else if (has(line, "drawn", "k", "j", "why")) {
      need(line.k === k && (line.why === "prize") === k < winners, "a pick is not the one that comes next");
      const next = await draw.pick(k);
      need(next !== undefined && line.drawn === next.entry && line.j === next.j, `pick ${String(k)} is not entry ${String(line.drawn)}`);
      draw.takeOut(next.entry);
      verdict.drawn.push(next.entry);
      k += 1;
    } else {
      need(has(line, "nobody_left", "prizes"), "a line of the record is not one");
      need(draw.isOver && line.nobody_left === k && isCount(line.prizes, 1, 2 ** 32 - 1), "somebody was left");
      winners = Math.min(winners, k);
    }
    if (count % BATCH === BATCH - 1) await breathe();
  }
}

/** RFC 6962: the left side is the largest power of two below the count. Level by level is the same. */
async function merkleRoot(leaves: Bytes[]): Promise<Bytes> {
  if (leaves.length === 0) return sha256();
  let level = leaves;
  while (level.length > 1) {
    const above: Bytes[] = [];
    for (let first = 0; first < level.length; first += 2 * BATCH) {
      const hashes: Promise<Bytes>[] = [];
      for (let left = first; left < Math.min(first + 2 * BATCH, level.length); left += 2) {
        const [one, other] = [level[left], level[left + 1]];
        if (one === undefined) continue;
        hashes.push(other === undefined ? Promise.resolve(one) : sha256(Uint8Array.of(1), one, other));
      }
      above.push(...(await Promise.all(hashes)));
      await breathe();
    }
    level = above;
  }
  return level[0] ?? sha256();
}

/** Lets the page answer clicks before it goes on. */
function breathe(): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, 0); });
}

async function sha256(...parts: Bytes[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", join(parts)));
}

function hmacKey(key: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

async function hmac(key: CryptoKey, ...parts: Bytes[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, join(parts)));
}

function join(parts: Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function text(words: string): Bytes {
  return Uint8Array.from(new TextEncoder().encode(words));
}

function hex(digits: string): Bytes {
  const bytes = new Uint8Array(digits.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

function four(number: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

function eight(number: bigint): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, number);
  return bytes;
}

function same(one: Bytes, other: Bytes): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
