/** What is typed above the audit log: `type:economy. by:1234 since:2026-11-01 words of the sentence`. */

export type EventSearch = { filter: { types?: string[]; by?: string; process?: string; correlation?: string; since?: string; until?: string; words?: string[] }; problems: string[] };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MOST_TYPES = 20;
const MOST_WORDS = 10;
const MAX_WORD = 60;

export function readSearch(text: string): EventSearch {
  const found: EventSearch = { filter: {}, problems: [] };
  for (const part of text.split(/\s+/).filter((word) => word !== "")) {
    const [, name, value = ""] = /^([a-z]+):(.*)$/i.exec(part) ?? [];
    if (name === undefined) found.filter.words = [...(found.filter.words ?? []), part.slice(0, MAX_WORD)].slice(0, MOST_WORDS);
    else if (!qualify(found.filter, name.toLowerCase(), value)) found.problems.push(part);
  }
  return found;
}

function qualify(filter: EventSearch["filter"], name: string, value: string): boolean {
  const time = timeOf(value);
  switch (name) {
    case "type":
      if (!/^[a-z_.,]+$/.test(value)) return false;
      filter.types = [...(filter.types ?? []), ...value.split(",").filter(Boolean)].slice(0, MOST_TYPES);
      return true;
    case "by":
      if (!/^\d{15,20}$/.test(value)) return false;
      filter.by = value;
      return true;
    case "process":
      if (!/^[a-z_-]{1,60}$/.test(value)) return false;
      filter.process = value;
      return true;
    case "request":
      if (!UUID.test(value)) return false;
      filter.correlation = value;
      return true;
    case "since":
      if (time === undefined) return false;
      filter.since = time;
      return true;
    case "until":
      if (time === undefined) return false;
      filter.until = /^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T23:59:59Z` : time;
      return true;
    default:
      return false;
  }
}

function timeOf(text: string): string | undefined {
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?$/.test(text) || Number.isNaN(Date.parse(text))) return undefined;
  return new Date(text).toISOString().replace(".000Z", "Z");
}
