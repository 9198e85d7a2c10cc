/** Which entries a few typed letters mean, the best first. */
export type Entry = { key: string; title: string; section: string };

/** Every word must begin some word of the title or section; the start of the title counts most. */
export function search<E extends Entry>(entries: E[], typed: string): E[] {
  const words = typed.toLocaleLowerCase().split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return entries;
  return entries
    .map((entry) => ({ entry, score: score(entry, words) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ entry }) => entry);
}

function score(entry: Entry, words: string[]): number {
  const title = entry.title.toLocaleLowerCase();
  const all = `${title} ${entry.section.toLocaleLowerCase()}`;
  let sum = 0;
  for (const word of words) {
    if (title.startsWith(word)) sum += 4;
    else if (title.split(/[\s-]+/).some((part) => part.startsWith(word))) sum += 3;
    else if (all.split(/[\s-]+/).some((part) => part.startsWith(word))) sum += 2;
    else if (title.includes(word)) sum += 1;
    else return 0;
  }
  return sum;
}
