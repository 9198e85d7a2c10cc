/** What somebody is about to change: texts by field, checked as far as a browser can. The server decides. */
import { t } from "../../i18n";
import { number, span } from "../../i18n/format";
import type { Difference } from "../../ui/difference";

export type FieldKind = "AMOUNT" | "COUNT" | "DURATION" | "TEXT" | "CHOICE" | "SWITCH" | "ROLE" | "CHANNEL" | "LIST";
export type Column = { name: string; kind: FieldKind; bounds: unknown; choices: readonly string[] };
export type Field = { name: string; title: string; help: string; kind: FieldKind; bounds: unknown; choices: readonly string[]; columns: readonly Column[]; allowed: string; text: string; isDefault: boolean };
export type Named = { id: string; name: string };
export type Draft = Readonly<Record<string, string>>;

/** Rows of a list, as people write them: `1:2, 3:4`. */
export function rowsOf(text: string): string[][] {
  return text.split(",").map((row) => row.trim()).filter((row) => row !== "").map((row) => row.split(":").map((cell) => cell.trim()));
}

export function textOf(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => row.join(":")).join(", ");
}

/** Only what differs from what holds; writing the same again is no change. */
export function changes(fields: readonly Field[], draft: Draft): Field[] {
  return fields.filter((field) => {
    const text = draft[field.name];
    return text !== undefined && normal(field, text) !== normal(field, field.text);
  });
}

function normal(field: Field, text: string): string {
  if (field.kind === "AMOUNT" || field.kind === "COUNT") return text.replace(/[\s,._']/g, "");
  if (field.kind === "DURATION") return String(seconds(text) ?? text.trim());
  if (field.kind === "LIST") return textOf(rowsOf(text));
  return text.trim();
}

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** `90s`, `5m`, `1h30m`, `7d`; nothing where it is no span of time. */
export function seconds(text: string): number | undefined {
  const compact = text.toLowerCase().replace(/\s+/g, "");
  if (!/^(\d+[smhdw])+$/.test(compact)) return undefined;
  let sum = 0;
  for (const [, count, unit] of compact.matchAll(/(\d+)([smhdw])/g)) sum += Number(count) * (UNITS[unit ?? ""] ?? 0);
  return sum;
}

type Bounds = { min?: string | number; max?: string | number; minSecs?: number; maxSecs?: number; minChars?: number; maxChars?: number; most?: number };

/** What is wrong with a text, as far as a browser knows. */
export function problemOf(field: Pick<Field, "kind" | "bounds" | "allowed" | "choices">, text: string): string | undefined {
  const bounds = (field.bounds ?? {}) as Bounds;
  const trimmed = text.trim();
  const isWrong = (() => {
    switch (field.kind) {
      case "AMOUNT":
      case "COUNT": {
        const plain = trimmed.replace(/[\s,._']/g, "");
        if (!/^-?\d{1,19}$/.test(plain)) return true;
        const value = BigInt(plain);
        return (bounds.min !== undefined && value < BigInt(bounds.min)) || (bounds.max !== undefined && value > BigInt(bounds.max));
      }
      case "DURATION": {
        const secs = seconds(trimmed);
        return secs === undefined || secs < (bounds.minSecs ?? 0) || secs > (bounds.maxSecs ?? Infinity);
      }
      case "TEXT": {
        const length = Array.from(trimmed).length;
        return length < (bounds.minChars ?? 0) || length > (bounds.maxChars ?? Infinity);
      }
      case "CHOICE": return !field.choices.includes(trimmed);
      case "SWITCH": return trimmed !== "on" && trimmed !== "off";
      case "LIST": return rowsOf(text).length > (bounds.most ?? Infinity);
      case "ROLE":
      case "CHANNEL": return false;
    }
  })();
  return isWrong ? field.allowed : undefined;
}

/** A value as people read it: names for ids, grouped numbers, nothing as nothing. */
export function shown(field: Pick<Field, "kind" | "columns">, text: string, names: ReadonlyMap<string, string>): string {
  switch (field.kind) {
    case "AMOUNT":
    case "COUNT": {
      const plain = text.replace(/[\s,._']/g, "");
      return /^-?\d+$/.test(plain) ? number(plain) : text;
    }
    case "DURATION": {
      const secs = seconds(text);
      return secs === undefined ? text : span(secs);
    }
    case "SWITCH": return text === "on" ? t("on") : t("off");
    case "ROLE":
    case "CHANNEL": return names.get(text) ?? text;
    case "LIST": return rowsOf(text).map((row) => row.map((cell) => names.get(cell) ?? cell).join(" · ")).join(", ");
    case "TEXT":
    case "CHOICE": return text;
  }
}

export function differences(fields: readonly Field[], draft: Draft, names: ReadonlyMap<string, string>): Difference[] {
  return changes(fields, draft).map((field) => ({ name: field.title, was: shown(field, field.text, names), is: shown(field, draft[field.name] ?? "", names) }));
}
