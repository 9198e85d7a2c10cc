/** Read models and processes: how far each is, what stands still, and the verbs to mend it. */
import { useState } from "react";
import { Answered, useAsk } from "../../api/ask";
import type { ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { number, span } from "../../i18n/format";
import { Page } from "../../shell/page";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card, Figure, Figures } from "../../ui/card";
import { Dialog } from "../../ui/dialog";
import { Empty } from "../../ui/notice";
import { Table } from "../../ui/table";
import { useFresh } from "./fresh";
import { ASK_READ_MODEL, PROJECTIONS } from "./operations";
import { useVerb } from "./verb";

type Model = ResultOf<typeof PROJECTIONS>["operations"]["readModels"][number];

/** Further behind than this is late, as on the status page. */
const LATE_SECS = 60;

export function Projections() {
  const asked = useAsk(PROJECTIONS, {});
  useFresh(asked.again);
  const [rebuilding, setRebuilding] = useState<Model>();
  const { act, busy } = useVerb(ASK_READ_MODEL);
  const retry = (name: string) => { void act({ input: { name, verb: "RETRY" } }, () => t("Asked. It begins within seconds.")).then(asked.again); };
  return (
    <Page title={t("Projections")} about={t("Everything that people see is computed from events; here is how far each of it is.")}>
      <Answered asked={asked}>{(data) => {
        const models = data.operations.readModels;
        const late = models.filter((model) => Number(model.lagSecs) > LATE_SECS).length;
        return (
          <>
            <Figures>
              <Figure name={t("Read models")} value={number(models.length)} note={late === 0 ? t("all up to date") : t("{late} late", { late })} tone={late === 0 ? "good" : "bad"} />
              <Figure name={t("Events folded")} value={number(Math.max(0, ...models.map((model) => Number(model.applied))))} />
              <Figure name={t("Communities that wait")} value={number(models.reduce((sum, model) => sum + Number(model.parkedGuilds), 0))} />
            </Figures>
            <Card flush title={t("Read models")}>
              {models.length === 0 ? <Empty icon="pulse" title={t("None is registered")} /> : (
                <Table
                  label={t("Read models")}
                  rows={models}
                  rowKey={(model) => `${model.name}/${String(model.build)}`}
                  columns={[
                    { name: t("Name"), cell: (model) => <><strong>{model.name}</strong> <span className="muted small">v{model.version}</span></> },
                    { name: t("State"), width: 180, cell: (model) => <ModelState model={model} /> },
                    { name: t("Behind"), width: 150, align: "end", from: "medium", cell: (model) => Number(model.lagEvents) === 0 ? <span className="good">{t("nothing")}</span> : `${number(model.lagEvents)} · ${span(Number(model.lagSecs))}` },
                    { name: t("Folded"), width: 120, align: "end", from: "wide", cell: (model) => number(model.applied) },
                    { name: t("Wait"), width: 80, align: "end", from: "medium", cell: (model) => number(model.parkedGuilds) },
                    { name: t("Do"), width: 220, align: "end", from: "medium", cell: (model) => (
                      <span className="row verbs">
                        {Number(model.parkedGuilds) > 0 && <Button busy={busy} onClick={() => { retry(model.name); }}>{t("Retry")}</Button>}
                        <Button onClick={() => { setRebuilding(model); }}>{t("Rebuild")}</Button>
                      </span>
                    ) },
                  ]}
                />
              )}
            </Card>
            <Card flush title={t("Processes")} note={t("what follows from events")}>
              {data.operations.processes.length === 0 ? <Empty icon="gear" title={t("None runs here")} /> : (
                <Table
                  label={t("Processes")}
                  rows={data.operations.processes}
                  rowKey={(process) => process.name}
                  columns={[
                    { name: t("Name"), cell: (process) => <strong>{process.name}</strong> },
                    { name: t("State"), width: 180, cell: (process) => process.paused == null ? <Badge tone="good">{t("running")}</Badge> : <Badge tone="bad">{process.paused}</Badge> },
                    { name: t("Behind"), width: 120, align: "end", cell: (process) => number(process.lagEvents) },
                    { name: t("Wait"), width: 80, align: "end", from: "medium", cell: (process) => number(process.parkedGuilds) },
                  ]}
                />
              )}
            </Card>
          </>
        );
      }}</Answered>
      {rebuilding !== undefined && (
        <Dialog
          title={t("Compute {name} anew?", { name: rebuilding.name })}
          onClose={() => { setRebuilding(undefined); }}
          footer={<><Button onClick={() => { setRebuilding(undefined); }}>{t("Leave it")}</Button><Button look="main" busy={busy} onClick={() => { void act({ input: { name: rebuilding.name, verb: "REBUILD" } }, () => t("Asked. It begins within seconds.")).then(() => { setRebuilding(undefined); asked.again(); }); }}>{t("Rebuild")}</Button></>}
        >
          <p>{t("It is computed from all events beside the one that people see, and takes its place when it is done. Until then nothing changes for anybody.")}</p>
        </Dialog>
      )}
    </Page>
  );
}

function ModelState({ model }: { model: Model }) {
  if (model.paused != null) return <Badge tone="bad">{model.paused}</Badge>;
  if (model.state !== "live") return <span className="row"><progress className="progress" max={100} value={model.percent} aria-label={model.name} /> {model.percent} %</span>;
  return Number(model.lagSecs) > LATE_SECS ? <Badge tone="warn">{t("late")}</Badge> : <Badge tone="good">{t("live")}</Badge>;
}
