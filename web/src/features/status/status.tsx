/** Whether all is well, for anybody; looks again every half minute and says when it last did. */
import { useEffect, useState } from "react";
import { Failed, useAsk } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { ago, moment } from "../../i18n/format";
import { Badge } from "../../ui/badge";
import { Banner, Skeleton } from "../../ui/notice";
import "../../shell/shell.css";
import "./status.css";

const STATUS = graphql(`query Status { status { log lateReadModels maintenance at } }`);

const EVERY_MS = 30_000;

export function Status() {
  const asked = useAsk(STATUS, {});
  const { again } = asked;
  const [, tick] = useState(0);
  useEffect(() => {
    document.title = `${t("Status")} · Reeve`;
    const timer = setInterval(again, EVERY_MS);
    const clock = setInterval(() => { tick((before) => before + 1); }, 1_000);
    return () => { clearInterval(timer); clearInterval(clock); };
  }, [again]);
  const status = asked.data?.status;
  return (
    <main id="main" className="alone">
      <div className="alone-card alone-wide">
        <div className="row"><img src="/favicon.svg" alt="" width="32" height="32" /><h1 className="grow">{t("Status")}</h1><a href="/" className="button">{t("To the dashboard")}</a></div>
        {asked.trouble !== undefined ? <Failed trouble={asked.trouble} again={again} /> : status === undefined ? <Skeleton /> : (
          <>
            {status.maintenance != null && <Banner tone="warn">{t("Maintenance:")} {status.maintenance}</Banner>}
            <p className={`status-word ${status.log && status.lateReadModels === 0 ? "status-good" : "status-bad"}`}>{!status.log ? t("Something is broken. We know.") : status.lateReadModels > 0 ? t("It works, but some pages are behind.") : t("All is well.")}</p>
            <ul>
              <Line name={t("This page and its server")} good />
              <Line name={t("The log of events")} good={status.log} />
              <Line name={t("Pages and boards")} good={status.lateReadModels === 0} note={status.lateReadModels === 0 ? undefined : t("{count, plural, one {# is} other {# are}} more than a minute behind", { count: status.lateReadModels })} />
            </ul>
            <p className="small muted" title={moment(status.at)}>{t("Looked {when}; looks again every 30 seconds by itself.", { when: ago(status.at) })}</p>
          </>
        )}
      </div>
    </main>
  );
}

function Line({ name, good, note }: { name: string; good: boolean; note?: string | undefined }) {
  return <li className="status-line"><span className="grow">{name}{note !== undefined && <span className="small muted"> · {note}</span>}</span>{good ? <Badge tone="good">{t("works")}</Badge> : <Badge tone="bad">{t("trouble")}</Badge>}</li>;
}
