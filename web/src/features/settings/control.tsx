/** The control that fits a field's kind. */
import { t } from "../../i18n";
import { Button, IconButton } from "../../ui/button";
import { Select, Switch, TextInput } from "../../ui/field";
import { rowsOf, textOf, type Column, type Field, type Named } from "./draft";

export type Places = { roles: readonly Named[]; channels: readonly Named[] };

type ControlProps = { field: Field; text: string; refused: string | undefined; places: Places; onChange: (text: string) => void; described: { id: string; "aria-describedby"?: string | undefined; "aria-invalid"?: true | undefined } };

export function Control({ field, text, refused, places, onChange, described }: ControlProps) {
  if (field.kind === "SWITCH") return <Switch on={text === "on"} label={field.title} refused={refused} onChange={(on) => { onChange(on ? "on" : "off"); }} />;
  if (field.kind === "LIST") return <ListControl field={field} text={text} refused={refused} places={places} onChange={onChange} />;
  return <Cell kind={field.kind} choices={field.choices} text={text} disabled={refused !== undefined} places={places} onChange={onChange} described={described} />;
}

type CellProps = { kind: Field["kind"]; choices: readonly string[]; text: string; disabled: boolean; places: Places; onChange: (text: string) => void; described: Record<string, unknown>; label?: string };

function Cell({ kind, choices, text, disabled, places, onChange, described, label }: CellProps) {
  const named = kind === "ROLE" ? places.roles : kind === "CHANNEL" ? places.channels : null;
  const options = named?.map((one) => ({ value: one.id, label: (kind === "ROLE" ? "@" : "#") + one.name })) ?? (kind === "CHOICE" ? choices.map((word) => ({ value: word, label: word })) : null);
  if (options !== null) {
    const isKnown = options.some((option) => option.value === text);
    return (
      <Select {...described} aria-label={label} value={text} disabled={disabled} onChange={(event) => { onChange(event.target.value); }}>
        {text === "" && <option value="">{t("Choose …")}</option>}
        {!isKnown && text !== "" && <option value={text}>{t("{id} (gone)", { id: text })}</option>}
        {options.map((option) => <option key={option.value} value={option.value}>{option.label}</option>)}
      </Select>
    );
  }
  return <TextInput {...described} aria-label={label} value={text} disabled={disabled} inputMode={kind === "AMOUNT" || kind === "COUNT" ? "numeric" : "text"} onChange={(event) => { onChange(event.target.value); }} />;
}

function ListControl({ field, text, refused, places, onChange }: Omit<ControlProps, "described">) {
  const rows = rowsOf(text);
  const set = (next: string[][]) => { onChange(textOf(next)); };
  const most = (field.bounds as { most?: number } | null)?.most ?? Infinity;
  const blank = (column: Column) => column.kind === "ROLE" ? places.roles[0]?.id ?? "" : column.kind === "CHANNEL" ? places.channels[0]?.id ?? "" : column.kind === "CHOICE" ? column.choices[0] ?? "" : column.kind === "SWITCH" ? "on" : String((column.bounds as { min?: string | number } | null)?.min ?? "1");
  return (
    <div className="list-rows" role="group" aria-label={field.title}>
      {rows.length === 0 && <p className="muted small">{t("None.")}</p>}
      {rows.map((row, index) => (
        <div key={index} className="list-row">
          {field.columns.map((column, at) => (
            <Cell key={column.name} kind={column.kind} choices={column.choices} text={row[at] ?? ""} disabled={refused !== undefined} places={places} described={{}} label={`${column.name} ${String(index + 1)}`} onChange={(cell) => { set(rows.map((old, place) => place === index ? field.columns.map((_, c) => c === at ? cell.replace(/[,:]/g, "") : old[c] ?? "") : old)); }} />
          ))}
          {refused === undefined && <IconButton icon="close" label={t("Remove row {row}", { row: index + 1 })} onClick={() => { set(rows.filter((_, place) => place !== index)); }} />}
        </div>
      ))}
      {refused === undefined && <div><Button refused={rows.length >= most ? t("No more than {most}.", { most }) : undefined} onClick={() => { set([...rows, field.columns.map(blank)]); }}>{t("Add")}</Button></div>}
    </div>
  );
}
