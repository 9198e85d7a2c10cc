/** What is to be done in Discord: what waits, what nobody knows the outcome of, what was given up. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { Answered, useAsk } from "../../api/ask";
import type { ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { brief, number, span } from "../../i18n/format";
import { Page } from "../../shell/page";
import { Badge, type Tone } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card, Facts, Figure, Figures } from "../../ui/card";
import { Dialog } from "../../ui/dialog";
import { Select } from "../../ui/field";
import { Empty } from "../../ui/notice";
import { Table } from "../../ui/table";
import { useFresh } from "./fresh";
import { DROP_EFFECT, EFFECTS, RETRY_EFFECT } from "./operations";
import { useVerb } from "./verb";

const STATES = ["WAITING", "CALLING", "UNKNOWN", "DONE", "DEAD", "DROPPED", "UNTOLD"] as const;
type State = (typeof STATES)[number];
type Effect = ResultOf<typeof EFFECTS>["operations"]["effects"][number];

function stateName(state: State): string {
  switch (state) {
    case "WAITING": return t("waiting");
    case "CALLING": return t("being called");
    case "UNKNOWN": return t("outcome unknown");
    case "DONE": return t("done");
    case "DEAD": return t("given up");
    case "DROPPED": return t("dropped");
    case "UNTOLD": return t("not told on");
  }
}

const TONES: Record<State, Tone> = { WAITING: "info", CALLING: "info", UNKNOWN: "warn", DONE: "good", DEAD: "bad", DROPPED: "plain", UNTOLD: "warn" };
const stateOf = (text: string): State | undefined => STATES.find((state) => state === text.toUpperCase());

export function Effects() {
  const { state } = useSearch({ from: "/signed-in/ops/effects" });
  const navigate = useNavigate({ from: "/ops/effects" });
  const chosen = state === undefined ? undefined : stateOf(state);
  const asked = useAsk(EFFECTS, { state: chosen ?? null });
  useFresh(asked.again);
  const [opened, setOpened] = useState<Effect>();
  return (
    <Page title={t("Effects")} about={t("What the bot owes Discord. Each is written down before it is called, so that none is lost or done twice.")}>
      <Answered asked={asked}>{(data) => {
        const { effectCounts: counts, effects } = data.operations;
        return (
          <>
            <Figures>
              <Figure name={t("Waiting")} value={number(counts.waiting)} note={Number(counts.waiting) === 0 ? undefined : t("the oldest for {span}", { span: span(Number(counts.oldestWaitingSecs)) })} />
              <Figure name={t("Outcome unknown")} value={number(counts.unknown)} />
              <Figure name={t("Given up")} value={number(counts.dead)} {...(Number(counts.dead) > 0 ? { tone: "bad" as const, note: t("look at them") } : {})} />
              <Figure name={t("Done")} value={number(counts.done)} />
            </Figures>
            <Card flush title={t("Outbox")} actions={
              <Select aria-label={t("State")} value={chosen ?? ""} onChange={(event) => { void navigate({ search: event.target.value === "" ? {} : { state: event.target.value.toLowerCase() }, replace: true }); }}>
                <option value="">{t("All that is not done")}</option>
                {STATES.map((one) => <option key={one} value={one}>{stateName(one)}</option>)}
              </Select>
            }>
              {effects.length === 0 ? <Empty icon="check" title={t("Nothing here")}>{t("What the bot is to do in Discord passes through here.")}</Empty> : (
                <Table
                  label={t("Outbox")}
                  rows={effects}
                  rowKey={(effect) => effect.id}
                  onOpen={setOpened}
                  columns={[
                    { name: t("What"), cell: (effect) => <button type="button" className="row-button" onClick={() => { setOpened(effect); }}><strong>{effect.kind}</strong></button> },
                    { name: t("State"), width: 180, cell: (effect) => <EffectState state={effect.state} /> },
                    { name: t("By"), width: 150, from: "medium", cell: (effect) => effect.process },
                    { name: t("Tries"), width: 80, align: "end", from: "medium", cell: (effect) => number(effect.tries) },
                    { name: t("Since"), width: 140, from: "wide", cell: (effect) => <span className="muted">{brief(effect.createdAt)}</span> },
                    { name: t("Error"), from: "wide", cell: (effect) => effect.error ?? "–" },
                  ]}
                />
              )}
            </Card>
          </>
        );
      }}</Answered>
      {opened !== undefined && <EffectDrawer effect={opened} onClose={() => { setOpened(undefined); }} onDone={() => { setOpened(undefined); asked.again(); }} />}
    </Page>
  );
}

function EffectState({ state }: { state: string }) {
  const known = stateOf(state);
  return known === undefined ? <Badge>{state}</Badge> : <Badge tone={TONES[known]}>{stateName(known)}</Badge>;
}

function EffectDrawer({ effect, onClose, onDone }: { effect: Effect; onClose: () => void; onDone: () => void }) {
  const retry = useVerb(RETRY_EFFECT);
  const drop = useVerb(DROP_EFFECT);
  const state = stateOf(effect.state);
  const isOver = state === "DONE" || state === "DROPPED";
  return (
    <Dialog
      kind="drawer"
      title={effect.kind}
      onClose={onClose}
      footer={
        <>
          <Button look="danger" busy={drop.busy} refused={isOver ? t("It is over.") : undefined} onClick={() => { void drop.act({ id: effect.id }, (data) => data.effectDrop ? t("Dropped: it will not be done.") : t("It is finished or under way already.")).then(onDone); }}>{t("Drop")}</Button>
          <Button look="main" busy={retry.busy} refused={state === "DEAD" || state === "DROPPED" ? undefined : t("Only what was given up or dropped is tried again.")} onClick={() => { void retry.act({ id: effect.id }, (data) => data.effectRetry ? t("It is tried again.") : t("There is nothing to try again.")).then(onDone); }}>{t("Try again")}</Button>
        </>
      }
    >
      <Facts rows={[[t("State"), <EffectState key="s" state={effect.state} />], [t("By"), effect.process], [t("Community"), <code key="g">{effect.guild}</code>], [t("Tries"), number(effect.tries)], [t("Since"), brief(effect.createdAt)], [t("Next"), brief(effect.nextAt)], [t("Error"), effect.error ?? "–"], [t("Id"), <code key="i">{effect.id}</code>]]} />
    </Dialog>
  );
}
