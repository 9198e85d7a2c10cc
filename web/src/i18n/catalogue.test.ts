import { compileMessage } from "@lingui/message-utils/compileMessage";
import { describe, expect, it } from "vitest";
import german from "./de.json";
import { sentencesOfTheSource } from "./sentences.test-source";

const said = sentencesOfTheSource(new URL("..", import.meta.url).pathname);
const catalogue: Record<string, string> = german;
const placeholders = (sentence: string) => [...sentence.matchAll(/\{(\w+)/g)].map(([, name]) => name).filter((name) => name !== undefined && !/^(one|other|#)$/.test(name)).sort();

describe("the German catalogue", () => {
  it("has every sentence that the dashboard says", () => { expect([...said].filter((sentence) => !(sentence in catalogue))).toEqual([]); });
  it("has none that nobody says any more", () => { expect(Object.keys(catalogue).filter((sentence) => !said.has(sentence))).toEqual([]); });
  it("can be read, and fills the same places", () => {
    for (const [sentence, translated] of Object.entries(catalogue)) {
      expect(() => compileMessage(translated), translated).not.toThrow();
      expect(new Set(placeholders(translated)), sentence).toEqual(new Set(placeholders(sentence)));
    }
  });
});
