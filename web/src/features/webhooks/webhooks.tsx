/** Webhooks: which there are, whether they are on, and what each was told. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { Answered, freshKey, useAsk, useDo } from "../../api/ask";
import { graphql, type ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { ago, brief, moment, number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Dialog } from "../../ui/dialog";
import { Banner, Empty } from "../../ui/notice";
import { Table } from "../../ui/table";
import { EditWebhook, TurnSecret } from "./edit";
import { kindName, stateName, whyOff } from "./kinds";
import "./webhooks.css";

const WEBHOOKS = graphql(`query Webhooks($guild: Snowflake!) { guild(id: $guild) { webhooks { id name host kinds off offSince madeAt } } }`);
const DELIVERIES = graphql(`query WebhookDeliveries($guild: Snowflake!, $id: String!) { guild(id: $guild) { webhookDeliveries(id: $id) { id seq trial state tries orderedAt sentAt nextAt status error } } }`);
const SWITCH = graphql(`mutation SwitchWebhook($input: WebhookSwitch!) { webhookSwitch(input: $input) { status refusal { rule text } } }`);
const TEST = graphql(`mutation TestWebhook($input: WebhookAsk!) { webhookTest(input: $input) { status refusal { rule text } } }`);
const DELETE = graphql(`mutation DeleteWebhook($input: WebhookAsk!) { webhookDelete(input: $input) { status refusal { rule text } } }`);

export type Webhook = NonNullable<ResultOf<typeof WEBHOOKS>["guild"]>["webhooks"][number];
type Delivery = NonNullable<ResultOf<typeof DELIVERIES>["guild"]>["webhookDeliveries"][number];

export function Webhooks() {
  const { id, refused } = useGuild();
  const asked = useAsk(WEBHOOKS, { guild: id });
  const { webhook } = useSearch({ from: "/signed-in/g/$guild/webhooks" });
  const navigate = useNavigate({ from: "/g/$guild/webhooks" });
  const [editing, setEditing] = useState<Webhook | "new">();
  const open = (value: string | undefined) => { void navigate({ search: (before) => ({ ...before, webhook: value }) as typeof before, replace: true, resetScroll: false }); };
  const make = <Button look="main" icon="out" refused={refused("MANAGE_ACCESS")} onClick={() => { setEditing("new"); }}>{t("Make a webhook")}</Button>;
  return (
    <Page title={t("Webhooks")} about={t("What happens here is told to programs of your own, as it happens: each delivery signed, in order, and sent again until it is taken.")} actions={make}>
      <Answered asked={asked}>{(data) => {
        const list = data.guild?.webhooks ?? [];
        const chosen = list.find((one) => one.id === webhook);
        return (
          <>
            <Card flush title={t("All webhooks")} note={t("ten at most")}>
              {list.length === 0 ? <Empty icon="out" title={t("No webhooks yet")} action={make}>{t("A webhook that you make appears here, with whether it is on and what it was told.")}</Empty> : (
                <Table
                  label={t("All webhooks")}
                  rows={list}
                  rowKey={(row) => row.id}
                  onOpen={(row) => { open(row.id === chosen?.id ? undefined : row.id); }}
                  isOpen={(row) => row.id === chosen?.id}
                  columns={[
                    { name: t("Name"), cell: (row) => <span className="webhook-name"><strong className="cut">{row.name ?? t("a webhook")}</strong><span className="muted small cut">{row.host ?? t("its address is gone")}</span></span> },
                    { name: t("Hears of"), from: "medium", cell: (row) => <Hears webhook={row} /> },
                    { name: t("State"), width: 90, cell: (row) => row.off === null ? <Badge tone="good">{t("On")}</Badge> : <span title={whyOff(row.off)}><Badge tone={row.off === "ASKED" ? "plain" : "bad"}>{t("Off")}</Badge></span> },
                  ]}
                />
              )}
            </Card>
            {chosen !== undefined && <Chosen key={chosen.id} webhook={chosen} onEdit={() => { setEditing(chosen); }} onDone={asked.again} onGone={() => { open(undefined); asked.again(); }} />}
            {editing !== undefined && <EditWebhook webhook={editing === "new" ? undefined : editing} onClose={() => { setEditing(undefined); }} onDone={(made) => { asked.again(); if (made !== undefined) open(made); }} />}
          </>
        );
      }}</Answered>
    </Page>
  );
}

/** As many as there is room for; the rest is a number. */
const SHOWN = 3;

function Hears({ webhook }: { webhook: Webhook }) {
  const rest = webhook.kinds.slice(SHOWN);
  return (
    <span className="row">
      {webhook.kinds.slice(0, SHOWN).map((kind) => <Badge key={kind}>{kindName(kind)}</Badge>)}
      {rest.length > 0 && <span className="muted small" title={rest.map(kindName).join(", ")}>{t("and {many} more", { many: rest.length })}</span>}
    </span>
  );
}

type ChosenProps = { webhook: Webhook; onEdit: () => void; onDone: () => void; onGone: () => void };

function Chosen({ webhook, onEdit, onDone, onGone }: ChosenProps) {
  const { id, refused } = useGuild();
  const [turning, setTurning] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const asked = useAsk(DELIVERIES, { guild: id, id: webhook.id });
  const flip = useDo(SWITCH, (data) => data.webhookSwitch);
  const test = useDo(TEST, (data) => data.webhookTest);
  const stop = refused("MANAGE_ACCESS");
  const name = webhook.name ?? t("a webhook");
  const on = webhook.off === null;
  async function toggle() {
    const said = on ? t("It hears nothing any more.") : t("It hears what happens from now on.");
    if ((await flip.act({ input: { guild: id, id: webhook.id, on: !on, key: freshKey() } }, said)) !== undefined) onDone();
  }
  async function tryOut() {
    if ((await test.act({ input: { guild: id, id: webhook.id, key: freshKey() } }, t("A trial is on its way; look below what becomes of it."))) !== undefined) asked.again();
  }
  return (
    <Card
      flush
      title={t("What {name} was told", { name })}
      actions={(
        <>
          <Button look="main" refused={stop} busy={test.busy} onClick={() => { void tryOut(); }}>{t("Try it out")}</Button>
          <Button refused={stop} busy={flip.busy} onClick={() => { void toggle(); }}>{on ? t("Switch off") : t("Switch on")}</Button>
          <Button refused={stop} onClick={onEdit}>{t("Change")}</Button>
          <Button icon="key" refused={stop} onClick={() => { setTurning(true); }}>{t("New secret")}</Button>
          <Button look="danger" refused={stop} onClick={() => { setDeleting(true); }}>{t("Delete")}</Button>
        </>
      )}
    >
      {webhook.off !== null && webhook.offSince !== null && <div className="webhook-off"><Banner tone={webhook.off === "ASKED" ? "info" : "warn"}>{whyOff(webhook.off)} {t("It has been off since {when}, and what happened in between is not told to it.", { when: moment(webhook.offSince) })}</Banner></div>}
      <Answered asked={asked}>{(data) => {
        const told = data.guild?.webhookDeliveries ?? [];
        if (told.length === 0) return <Empty icon="tray" title={t("It was told nothing yet")}>{t("What is sent to it appears here, and whether it was taken. Try it out, or wait until something happens that it hears of.")}</Empty>;
        return <Told told={told} />;
      }}</Answered>
      {turning && <TurnSecret webhook={webhook} onClose={() => { setTurning(false); }} />}
      {deleting && <Delete webhook={webhook} onClose={() => { setDeleting(false); }} onGone={onGone} />}
    </Card>
  );
}

function Told({ told }: { told: readonly Delivery[] }) {
  return (
    <Table
      label={t("Deliveries")}
      rows={told}
      rowKey={(row) => row.id}
      columns={[
        { name: t("Event"), width: 110, cell: (row) => row.trial ? <Badge tone="info">{t("Trial")}</Badge> : <span className="num">#{number(row.seq)}</span> },
        { name: t("State"), width: 130, cell: (row) => { const { name, tone } = stateName(row.state); return <Badge tone={tone}>{name}</Badge>; } },
        { name: t("Receiver"), from: "medium", cell: (row) => <Answer of={row} /> },
        { name: t("Tries"), width: 80, align: "end", from: "wide", cell: (row) => <span className="num">{number(row.tries)}</span> },
        { name: t("When"), width: 150, align: "end", cell: (row) => { const at = row.sentAt ?? row.orderedAt; return <span title={moment(at)}>{ago(at)}</span>; } },
      ]}
    />
  );
}

function Answer({ of }: { of: Delivery }) {
  if (of.status !== null) return <span>{t("taken ({status})", { status: String(of.status) })}</span>;
  if (of.error === null) return <span className="muted">–</span>;
  const again = of.nextAt === null ? "" : `. ${t("Again {when}.", { when: brief(of.nextAt) })}`;
  return <span className="cut" title={of.error + again}>{of.error}{again}</span>;
}

function Delete({ webhook, onClose, onGone }: { webhook: Webhook; onClose: () => void; onGone: () => void }) {
  const { id } = useGuild();
  const [key] = useState(freshKey);
  const { act, busy } = useDo(DELETE, (data) => data.webhookDelete);
  async function remove() {
    if ((await act({ input: { guild: id, id: webhook.id, key } }, t("The webhook is deleted."))) !== undefined) onGone();
  }
  return (
    <Dialog title={t("Delete {name}?", { name: webhook.name ?? t("a webhook") })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button look="danger" busy={busy} onClick={() => { void remove(); }}>{t("Delete")}</Button></>}>
      <p>{t("Nothing is told to it any more, and what waits for it is dropped. Another one has another secret.")}</p>
    </Dialog>
  );
}
