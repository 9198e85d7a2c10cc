/**
 * A table that draws only the rows in sight. It is a real table: header cells, row count, and one
 * place in the tab order; j and k (or the arrows) walk through it and Enter opens.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { t } from "../i18n";
import { Button } from "./button";
import "./table.css";

export type Column<R> = {
  name: string;
  cell: (row: R, index: number) => ReactNode;
  width?: number;
  align?: "end";
  /** From which width of the window on there is room for it. */
  from?: "medium" | "wide";
};

type TableProps<R> = {
  label: string;
  rows: readonly R[];
  columns: Column<R>[];
  rowKey: (row: R) => string;
  onOpen?: ((row: R) => void) | undefined;
  isOpen?: ((row: R) => boolean) | undefined;
  /** Asked for when the end comes into sight. */
  more?: { any: boolean; loading: boolean; load: () => void } | undefined;
};

const ROW_HEIGHT = 46;
/** Fewer are drawn whole; a page then scrolls as one. */
const VIRTUAL_FROM = 60;

export function Table<R>({ label, rows, columns, rowKey, onOpen, isOpen, more }: TableProps<R>) {
  const frame = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(-1);
  const isLong = rows.length > VIRTUAL_FROM;
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => frame.current, estimateSize: () => ROW_HEIGHT, overscan: 12, enabled: isLong });
  const seen = virtual.getVirtualItems();
  const shown = isLong ? seen.map((item) => item.index) : rows.map((_, index) => index);
  const first = seen[0];
  const last = seen.at(-1);
  const above = isLong && first !== undefined ? first.start : 0;
  const below = isLong && last !== undefined ? virtual.getTotalSize() - last.end : 0;

  const atEnd = isLong && last !== undefined && last.index >= rows.length - 10;
  useEffect(() => {
    if (atEnd && more?.any === true && !more.loading) more.load();
  }, [atEnd, more]);

  function step(by: number) {
    const next = Math.min(Math.max(active + by, 0), rows.length - 1);
    setActive(next);
    if (isLong) virtual.scrollToIndex(next);
    else frame.current?.querySelectorAll("tbody tr")[next]?.scrollIntoView({ block: "nearest" });
  }

  function onKey(event: KeyboardEvent) {
    if (event.target !== frame.current || event.ctrlKey || event.metaKey || event.altKey) return;
    const row = rows[active];
    if (event.key === "j" || event.key === "ArrowDown") step(1);
    else if (event.key === "k" || event.key === "ArrowUp") step(-1);
    else if (event.key === "Enter" && row !== undefined && onOpen !== undefined) onOpen(row);
    else return;
    event.preventDefault();
  }

  return (
    <>
      <div ref={frame} className={`table-frame ${isLong ? "table-long" : ""}`} role="group" aria-label={onOpen === undefined ? label : t("{label}: j and k move, Enter opens", { label })} tabIndex={0} onKeyDown={onKey}>
        <table className="table" aria-label={label} aria-rowcount={more?.any === true ? -1 : rows.length + 1}>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.name} scope="col" className={placed(column)} style={column.width === undefined ? undefined : { width: column.width }}>
                  {column.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {above > 0 && <tr aria-hidden="true"><td className="table-room" style={{ height: above }} colSpan={columns.length} /></tr>}
            {shown.map((index) => {
              const row = rows[index];
              if (row === undefined) return null;
              return (
                <tr
                  key={rowKey(row)}
                  aria-rowindex={index + 2}
                  className={`${onOpen === undefined ? "" : "table-opens"} ${index === active ? "table-active" : ""} ${isOpen?.(row) === true ? "table-open" : ""}`}
                  onClick={() => {
                    setActive(index);
                    if (window.getSelection()?.toString() === "") onOpen?.(row);
                  }}
                >
                  {columns.map((column) => <td key={column.name} className={placed(column)}>{column.cell(row, index)}</td>)}
                </tr>
              );
            })}
            {below > 0 && <tr aria-hidden="true"><td className="table-room" style={{ height: below }} colSpan={columns.length} /></tr>}
          </tbody>
        </table>
      </div>
      {more?.any === true && (
        <div className="table-more">
          <Button busy={more.loading} onClick={more.load}>{t("Show more")}</Button>
        </div>
      )}
    </>
  );
}

function placed<R>(column: Column<R>): string {
  return `${column.align === "end" ? "at-end" : ""} ${column.from === undefined ? "" : `from-${column.from}`}`;
}
