/** A chart of numbers over time, and the same numbers as a table. The drawing part comes when it is needed. */
import { lazy, Suspense, useState, type ReactNode } from "react";
import { t } from "../i18n";
import { brief, moment, number } from "../i18n/format";
import { Button } from "./button";
import { Card } from "./card";
import { csv, save } from "./csv";
import { Empty, Skeleton } from "./notice";
import { Table } from "./table";
import type { Band, Mark, Series } from "./plot";
import "./chart.css";

const Plot = lazy(() => import("./plot"));

type ChartProps = {
  title: string;
  note?: ReactNode;
  times: number[];
  series: Series[];
  marks?: Mark[];
  /** Times in which numbers are not complete. */
  bands?: Band[];
  steps?: boolean;
  /** The time zone that axes are in; the reader's own otherwise. */
  zone?: string | undefined;
  /** What a point's time is called; as a moment otherwise. */
  called?: ((time: number) => string) | undefined;
  /** A point was picked. */
  onPick?: ((index: number) => void) | undefined;
  /** Of the file that it can be saved as. */
  file?: string;
  /** What stands in its place where there is nothing to draw. */
  nothing?: ReactNode;
  children?: ReactNode;
};

const NO_MARKS: Mark[] = [];
const NO_BANDS: Band[] = [];

export function Chart({ title, note, times, series, marks = NO_MARKS, bands = NO_BANDS, steps = false, zone, called, onPick, file, nothing, children }: ChartProps) {
  const [asTable, setAsTable] = useState(false);
  return (
    <Card
      title={title}
      note={note}
      flush
      actions={times.length > 0 && (
        <>
          {file !== undefined && <Button icon="out" onClick={() => { save(`${file}.csv`, csv(["time", ...series.map((one) => one.name)], times.map((time, index) => [new Date(time * 1000).toISOString(), ...series.map((one) => one.values[index])]))); }}>{t("Save as CSV")}</Button>}
          <Button icon={asTable ? "chart" : "table"} onClick={() => { setAsTable(!asTable); }}>{asTable ? t("Show as chart") : t("Show as table")}</Button>
        </>
      )}
    >
      {times.length === 0 || nothing !== undefined ? (
        nothing ?? <Empty icon="chart" title={t("Nothing to draw yet")}>{t("Points appear here as soon as something happens.")}</Empty>
      ) : asTable ? (
        <Table
          label={title}
          rows={times.map((time, index) => ({ time, index })).reverse()}
          rowKey={(row) => String(row.index)}
          onOpen={onPick === undefined ? undefined : (row) => { onPick(row.index); }}
          columns={[
            { name: t("Time"), cell: (row) => (called ?? ((time: number) => moment(time * 1000)))(row.time) },
            ...series.map((one) => ({ name: one.name, align: "end" as const, cell: (row: { index: number }) => number(one.values[row.index] ?? 0) })),
          ]}
        />
      ) : (
        <div className="chart">
          {(series.length > 1 || bands.length > 0) && (
            <ul className="chart-legend small muted">
              {series.map((one, index) => <li key={one.name}><span className={`chart-key series-${String(index + 1)} ${one.faint === true ? "chart-key-faint" : ""}`} aria-hidden="true" />{one.name}</li>)}
              {bands.some((band) => band.mended !== true) && <li><span className="chart-key chart-key-band" aria-hidden="true" />{t("nobody looked: not complete")}</li>}
              {bands.some((band) => band.mended === true) && <li><span className="chart-key chart-key-band chart-key-mended" aria-hidden="true" />{t("nobody looked: messages were fetched afterwards")}</li>}
            </ul>
          )}
          <Suspense fallback={<Skeleton tall />}>
            <Plot label={title} times={times} series={series} marks={marks} bands={bands} steps={steps} zone={zone} called={called ?? ((time) => brief(time * 1000))} onPick={onPick} />
          </Suspense>
        </div>
      )}
      {children}
    </Card>
  );
}

/** A line without axes, beside a number. */
export function Sparkline({ values }: { values: number[] }) {
  if (values.length < 2) return null;
  const low = Math.min(...values);
  const range = Math.max(...values) - low || 1;
  const points = values.map((value, index) => `${((index / (values.length - 1)) * 76 + 2).toFixed(1)},${(26 - ((value - low) / range) * 22).toFixed(1)}`);
  return (
    <svg className="sparkline" width="80" height="28" viewBox="0 0 80 28" aria-hidden="true" focusable="false">
      <polyline points={points.join(" ")} fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinejoin="round" strokeLinecap="round" />
    </svg>
  );
}
