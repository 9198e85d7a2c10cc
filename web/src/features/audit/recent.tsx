/** What happened last, on the overview. */
import { Link } from "@tanstack/react-router";
import { Answered, useAsk } from "../../api/ask";
import { t } from "../../i18n";
import { useGuild } from "../../session/guild";
import { Card } from "../../ui/card";
import { Empty } from "../../ui/notice";
import { Timeline } from "../../ui/timeline";
import { EVENTS, toneOf } from "./events";

export function Recent() {
  const { id, asOf, at } = useGuild();
  const asked = useAsk(EVENTS, { guild: id, asOf, filter: { without: ["reads."] }, first: 8 });
  return (
    <Card title={t("What happened last")} actions={<Link to="/g/$guild/audit" params={{ guild: id }} search={at === undefined ? {} : { at }} className="small">{t("All")}</Link>}>
      <Answered asked={asked}>{(data) => {
        const events = data.guild?.events.nodes ?? [];
        if (events.length === 0) return <Empty icon="log" title={t("Nothing happened yet")}>{t("Every action of the bot appears here, and stays.")}</Empty>;
        return (
          <Timeline
            label={t("What happened last")}
            steps={events.map((event) => ({ key: event.id, at: event.at, tone: toneOf(event.type), title: <Link className="plain-link" to="/g/$guild/audit" params={{ guild: id }} search={{ ...(at === undefined ? {} : { at }), event: event.id }}>{event.sentence}</Link> }))}
          />
        );
      }}</Answered>
    </Card>
  );
}
