/** A whole list as a file: the server writes it while it reads; what went wrong is said in words. */
import { t } from "../../i18n";

export const FORMATS = ["csv", "jsonl", "parquet"] as const;
export type Format = (typeof FORMATS)[number];

/** What the list is narrowed by; what is undefined narrows nothing. */
export type Narrow = Record<string, string | readonly string[] | null | undefined>;

export function formatName(format: Format): string {
  switch (format) {
    case "csv": return "CSV";
    case "jsonl": return t("JSON lines");
    case "parquet": return "Parquet";
  }
}

export function addressOf(guild: string, list: string, format: Format, narrow: Narrow): string {
  const asked = new URLSearchParams({ format });
  for (const [name, value] of Object.entries(narrow)) {
    for (const one of typeof value === "string" ? [value] : value ?? []) asked.append(name, one);
  }
  return `/api/v1/guilds/${encodeURIComponent(guild)}/exports/${encodeURIComponent(list)}?${asked.toString()}`;
}

/** Saves the file; answers what went wrong, and nothing where nothing did. */
export async function download(address: string, name: string): Promise<string | undefined> {
  let answer: Response;
  let file: Blob;
  try {
    answer = await fetch(address, { credentials: "same-origin", headers: { accept: "*/*" } });
    if (!answer.ok) return await reasonOf(answer);
    file = await answer.blob();
  } catch {
    // A file that could not be finished is broken off by the server.
    return t("The file could not be loaded to its end. Try again in a moment.");
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => { URL.revokeObjectURL(link.href); }, 60_000);
  return undefined;
}

async function reasonOf(answer: Response): Promise<string> {
  try {
    const body = (await answer.json()) as { errors?: { message?: unknown }[] };
    const said = body.errors?.[0]?.message;
    if (typeof said === "string") return said;
  } catch {
    // No JSON: what stands between us and the server answered.
  }
  return t("The server answered {status}. Try again in a moment.", { status: String(answer.status) });
}
