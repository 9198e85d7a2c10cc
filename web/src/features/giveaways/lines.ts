/** Lines of a file that still comes in: each ended by a line feed, and none longer than is sensible. */

/** No line of a bundle comes near it. */
const LONGEST = 4_096;

export class LineReader {
  private readonly pieces: AsyncIterator<Uint8Array>;
  private readonly decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  private lines: string[] = [];
  private at = 0;
  private rest = "";

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.pieces = pieces[Symbol.asyncIterator]();
  }

  /** The next line; `undefined` at the end. */
  async next(): Promise<string | undefined> {
    for (;;) {
      const line = this.lines[this.at];
      if (line !== undefined) {
        this.at += 1;
        return line;
      }
      const piece = await this.pieces.next();
      if (piece.done === true) {
        if (this.rest + this.decoder.decode() !== "") throw new Error("the bundle was cut: its last line is not whole");
        return undefined;
      }
      const lines = (this.rest + this.decoder.decode(piece.value, { stream: true })).split("\n");
      this.rest = lines.pop() ?? "";
      if (this.rest.length > LONGEST || lines.some((one) => one.length > LONGEST)) throw new Error("a line is longer than any of a bundle");
      this.lines = lines;
      this.at = 0;
    }
  }
}

/** A body as it comes in; not every browser lets one loop over it. */
export async function* piecesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const piece = await reader.read();
      if (piece.done) return;
      yield piece.value;
    }
  } finally {
    reader.releaseLock();
  }
}
