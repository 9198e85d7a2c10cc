// What a browser downloads before it shows something, and what each page adds. Gates of CI.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const INITIAL = 150_000;
const PAGE = 40_000;

const manifest = JSON.parse(readFileSync("dist/.vite/manifest.json", "utf8"));
const size = (file) => gzipSync(readFileSync(`dist/${file}`), { level: 9 }).length;
const closure = (key, seen = new Set()) => {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const needed of manifest[key].imports ?? []) closure(needed, seen);
  return seen;
};

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const initial = closure(entry);
const sum = (keys) => [...keys].reduce((total, key) => total + size(manifest[key].file), 0);
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
let over = false;
const judge = (name, bytes, most) => {
  if (bytes > most) over = true;
  console.log(`${bytes > most ? "OVER " : "     "}${kilobytes(bytes).padStart(9)} of ${kilobytes(most)}  ${name}`);
};

judge("before anything is shown", sum(initial), INITIAL);
// What a page adds to that, the heaviest first. The chart's library is a chunk of its own.
const pages = Object.keys(manifest).filter((key) => manifest[key].isDynamicEntry);
const added = pages.map((key) => [key, sum([...closure(key)].filter((needed) => !initial.has(needed)))]);
for (const [key, bytes] of added.sort((a, b) => b[1] - a[1]).slice(0, 6)) judge(key, bytes, PAGE);
process.exit(over ? 1 : 0);
