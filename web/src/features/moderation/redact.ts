/** Takes people out of what is written about them: each becomes the same word throughout. */

export type Someone = { number: number; userId?: string | null; name?: string | null };

export type Redactor = { name: (person: Someone) => string; text: (text: string) => string };

/** Shorter names are words that stand in many a sentence. */
const SHORTEST_NAME = 3;
const MENTION = /<@!?(\d{15,20})>/g;
const ID = /\b\d{15,20}\b/g;

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** `words` gives the word for the first, the second … of them. */
export function redactor(people: readonly Someone[], words: (place: number) => string, stranger: string): Redactor {
  const places = new Map<number, number>();
  for (const person of people) if (!places.has(person.number)) places.set(person.number, places.size);
  const word = (person: Someone) => words(places.get(person.number) ?? places.size);
  const byId = new Map(people.flatMap((person) => (person.userId == null ? [] : [[person.userId, word(person)] as const])));
  const named = people.filter((person) => (person.name ?? "").length >= SHORTEST_NAME);
  // The longest first: "Ann Lee" before "Ann".
  const names = [...new Map(named.map((person) => [(person.name ?? "").toLowerCase(), word(person)])).entries()].sort(([a], [b]) => b.length - a.length);
  const pattern = names.length === 0 ? undefined : new RegExp(names.map(([name]) => escaped(name)).join("|"), "giu");
  const of = new Map(names);
  return {
    name: word,
    text: (text) => {
      const withoutMentions = text.replaceAll(MENTION, (_, id: string) => byId.get(id) ?? stranger).replaceAll(ID, (id) => byId.get(id) ?? "…");
      return pattern === undefined ? withoutMentions : withoutMentions.replaceAll(pattern, (name) => of.get(name.toLowerCase()) ?? stranger);
    },
  };
}
