/** Rows as a file that spreadsheets read: quoted, and without text that a spreadsheet would run as a formula. */

type Cell = string | number | null | undefined;

export function csv(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [head, ...rows].map((row) => row.map(quoted).join(",")).join("\r\n") + "\r\n";
}

/** Members choose their names, and a name may begin with `=`. A number stays a number. */
function quoted(cell: Cell): string {
  const text = cell == null ? "" : String(cell);
  const isNumber = /^-?\d+(\.\d+)?$/.test(text);
  const harmless = !isNumber && /^[=+\-@\t\r|%]/.test(text) ? `'${text}` : text;
  return /[",\r\n']/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** Has the browser save a file. */
export function save(name: string, text: string, type = "text/csv;charset=utf-8"): void {
  // Spreadsheets take a file for UTF-8 only with this mark.
  const parts = type.startsWith("text/csv") ? ["\ufeff", text] : [text];
  const address = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => { URL.revokeObjectURL(address); }, 60_000);
}
