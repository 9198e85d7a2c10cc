/** A chart of numbers over time, and the same numbers as a table. The drawing part comes when it is needed. */
import { lazy, Suspense, useState } from "react";
import { t } from "../i18n";
import { moment, number } from "../i18n/format";
import { Button } from "./button";
import { Card } from "./card";
import { Empty, Skeleton } from "./notice";
import { Table } from "./table";
import type { Mark, Series } from "./plot";
import "./chart.css";

const Plot = lazy(() => import("./plot"));

type ChartProps = { title: string; note?: string; times: number[]; series: Series[]; marks?: Mark[]; steps?: boolean };

export function Chart({ title, note, times, series, marks = [], steps = false }: ChartProps) {
  const [asTable, setAsTable] = useState(false);
  return (
    <Card
      title={title}
      note={note}
      flush
      actions={times.length > 0 && <Button icon={asTable ? "chart" : "table"} onClick={() => { setAsTable(!asTable); }}>{asTable ? t("Show as chart") : t("Show as table")}</Button>}
    >
      {times.length === 0 ? (
        <Empty icon="chart" title={t("Nothing to draw yet")}>{t("Points appear here as soon as something happens.")}</Empty>
      ) : asTable ? (
        <Table
          label={title}
          rows={times.map((time, index) => ({ time, index })).reverse()}
          rowKey={(row) => String(row.index)}
          columns={[
            { name: t("Time"), cell: (row) => moment(row.time * 1000) },
            ...series.map((one) => ({ name: one.name, align: "end" as const, cell: (row: { index: number }) => number(one.values[row.index] ?? 0) })),
          ]}
        />
      ) : (
        <div className="chart">
          {series.length > 1 && (
            <ul className="chart-legend small muted">
              {series.map((one, index) => <li key={one.name}><span className={`chart-key series-${String(index + 1)}`} aria-hidden="true" />{one.name}</li>)}
            </ul>
          )}
          <Suspense fallback={<Skeleton tall />}>
            <Plot label={title} times={times} series={series} marks={marks} steps={steps} />
          </Suspense>
        </div>
      )}
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
