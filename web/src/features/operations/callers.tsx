/** Where requests come from: addresses of the last day, with how many were turned away. */
import { Answered, useAsk } from "../../api/ask";
import { t } from "../../i18n";
import { ago, moment, number } from "../../i18n/format";
import { Page } from "../../shell/page";
import { Card } from "../../ui/card";
import { Empty } from "../../ui/notice";
import { Table } from "../../ui/table";
import { useFresh } from "./fresh";
import { CALLERS } from "./operations";

export function Callers() {
  const asked = useAsk(CALLERS, {});
  useFresh(asked.again);
  return (
    <Page title={t("Requests")} about={t("Which addresses asked this server in the last day, and how many of their requests were turned away. Nothing of it is written down.")}>
      <Card flush title={t("Addresses")} note={t("those that asked last first")}>
        <Answered asked={asked}>{(data) => {
          const lines = data.operations.callers;
          if (lines.length === 0) return <Empty icon="globe" title={t("Nobody has asked yet")}>{t("As soon as a browser or a program asks, its address appears here for a day.")}</Empty>;
          return (
            <Table
              label={t("Addresses")}
              rows={lines}
              rowKey={(line) => line.address}
              columns={[
                { name: t("Address"), cell: (line) => <code className="breaks">{line.address}</code> },
                { name: t("Requests"), width: 110, align: "end", cell: (line) => number(line.requests) },
                { name: t("Refused"), width: 110, align: "end", from: "medium", cell: (line) => number(line.refused) },
                { name: t("Too many"), width: 110, align: "end", cell: (line) => number(line.tooMany) },
                { name: t("Last"), width: 150, from: "medium", cell: (line) => <span title={moment(line.lastAt)}>{ago(line.lastAt)}</span> },
              ]}
            />
          );
        }}</Answered>
      </Card>
    </Page>
  );
}
