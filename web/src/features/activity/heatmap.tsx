/** When people write: seven days, twenty-four hours, and the same as a table. */
import { useState } from "react";
import { currentLanguage, t } from "../../i18n";
import { number } from "../../i18n/format";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { csv, save } from "../../ui/csv";
import { Empty } from "../../ui/notice";
import { Table } from "../../ui/table";

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
/** Steps of colour. */
const SHADES = 6;

/** From Monday, which 5 January 1970 was. */
function dayName(day: number, length: "short" | "long"): string {
  return new Date(Date.UTC(1970, 0, 5 + day)).toLocaleDateString(currentLanguage() === "de" ? "de" : "en-GB", { weekday: length, timeZone: "UTC" });
}

function clock(hour: number): string {
  return `${String(hour).padStart(2, "0")}:00`;
}

/** The busiest hour has the deepest colour; nothing at all has none. */
export function shade(value: number, most: number): number {
  if (value <= 0 || most <= 0) return 0;
  return Math.min(SHADES, Math.max(1, Math.ceil((value / most) * SHADES)));
}

export function Heatmap({ week }: { week: readonly (readonly string[])[] }) {
  const [asTable, setAsTable] = useState(false);
  const values = week.map((hours) => hours.map(Number));
  const most = Math.max(0, ...values.flat());
  const rows = values.flatMap((hours, day) => hours.map((value, hour) => ({ day, hour, value })));
  const busiest = rows.reduce((best, row) => (row.value > best.value ? row : best), { day: 0, hour: 0, value: 0 });
  return (
    <Card
      flush
      title={t("When people write")}
      note={most > 0 ? t("most on {day} at {hour}", { day: dayName(busiest.day, "long"), hour: clock(busiest.hour) }) : undefined}
      actions={most > 0 && (
        <>
          <Button icon="out" onClick={() => { save("hours.csv", csv(["day", "hour", "messages"], rows.map((row) => [row.day + 1, row.hour, row.value]))); }}>{t("Save as CSV")}</Button>
          <Button icon={asTable ? "chart" : "table"} onClick={() => { setAsTable(!asTable); }}>{asTable ? t("Show as chart") : t("Show as table")}</Button>
        </>
      )}
    >
      {most === 0 ? <Empty icon="chart" title={t("Nothing was written in this time")}>{t("Hours fill with colour as members write.")}</Empty> : asTable ? (
        <Table
          label={t("When people write")}
          rows={rows}
          rowKey={(row) => `${String(row.day)}-${String(row.hour)}`}
          columns={[
            { name: t("Day"), cell: (row) => dayName(row.day, "long") },
            { name: t("Hour"), cell: (row) => clock(row.hour) },
            { name: t("Messages"), align: "end", cell: (row) => number(row.value) },
          ]}
        />
      ) : (
        <div className="heat-frame" role="img" aria-label={t("When people write: most on {day} at {hour}, {count} messages. The table has every hour.", { day: dayName(busiest.day, "long"), hour: clock(busiest.hour), count: number(busiest.value) })}>
          <div className="heat" aria-hidden="true">
            <span />
            {HOURS.map((hour) => <span key={hour} className="heat-hour">{hour % 3 === 0 ? String(hour) : ""}</span>)}
            {values.map((hours, day) => [
              <span key={day} className="heat-day">{dayName(day, "short")}</span>,
              ...hours.map((value, hour) => <span key={`${String(day)}-${String(hour)}`} className={`heat-cell heat-${String(shade(value, most))}`} title={`${dayName(day, "long")}, ${clock(hour)}: ${number(value)}`} />),
            ])}
          </div>
        </div>
      )}
    </Card>
  );
}
