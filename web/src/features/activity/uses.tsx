/** How commands were used: how often, with what outcome, and how long they took. */
import { Answered, useAsk } from "../../api/ask";
import { t } from "../../i18n";
import { number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Card } from "../../ui/card";
import { csv, save } from "../../ui/csv";
import { ExportBar } from "../../ui/export";
import { Empty } from "../../ui/notice";
import { Table } from "../../ui/table";
import { Whole } from "../exports/whole";
import { USES } from "./queries";
import type { Range } from "./range";

export function Uses({ range }: { range: Range["asked"] }) {
  const { id, asOf } = useGuild();
  const asked = useAsk(USES, { guild: id, asOf, range }, { keep: true });
  return (
    <Card title={t("Commands")} flush>
      <Answered asked={asked}>{(data) => {
        const rows = data.guild?.activity.commands ?? [];
        if (rows.length === 0) return <Empty icon="pulse" title={t("No command was used in this time")}>{t("Each use counts here, with what became of it. /help in Discord shows what there is.")}</Empty>;
        return (
          <>
            <ExportBar count={rows.length} onSave={() => { save("commands.csv", csv(["command", "done", "refused", "failed", "millis"], rows.map((row) => [row.command, row.done, row.refused, row.failed, row.millis]))); }}><Whole list="command_uses" /></ExportBar>
            <Table
              label={t("Commands")}
              rows={rows}
              rowKey={(row) => row.command}
              columns={[
                { name: t("Command"), cell: (row) => <code>/{row.command}</code> },
                { name: t("Done"), width: 92, align: "end", cell: (row) => number(row.done) },
                { name: t("Refused"), width: 96, align: "end", from: "medium", cell: (row) => number(row.refused) },
                { name: t("Failed"), width: 86, align: "end", cell: (row) => <span className={row.failed === "0" ? "" : "bad"}>{number(row.failed)}</span> },
                { name: t("Took"), width: 90, align: "end", from: "medium", cell: (row) => t("{n} ms", { n: number(row.millis) }) },
              ]}
            />
          </>
        );
      }}</Answered>
    </Card>
  );
}
