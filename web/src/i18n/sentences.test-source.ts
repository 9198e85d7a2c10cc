/** Finds the sentences that the source says, for the test that every one of them is translated. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { GUILD_SECTIONS, OPERATOR_PAGES } from "../shell/navigation";

export function sentencesOfTheSource(folder: string): Set<string> {
  const found = new Set<string>();
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!/\.tsx?$/.test(name) || name.includes(".test.")) continue;
    const source = ts.createSourceFile(name, readFileSync(join(folder, name), "utf8"), ts.ScriptTarget.Latest, true, name.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS);
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === "t") {
        const [sentence] = node.arguments;
        if (sentence !== undefined && ts.isStringLiteralLike(sentence)) found.add(sentence.text);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  // The menu's titles are translated where they are shown.
  for (const section of GUILD_SECTIONS) for (const title of [section.title, ...section.pages.map((page) => page.title)]) found.add(title);
  for (const page of OPERATOR_PAGES) found.add(page.title);
  return found;
}
