/** Access: what the viewer may and what it stands on, which roles may what, whom the bot does not serve here, and who looked at what. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState, type SubmitEvent } from "react";
import { Answered, freshKey, useAsk, useDo } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { moment } from "../../i18n/format";
import { permissionName, useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Dialog } from "../../ui/dialog";
import { Field, TextInput } from "../../ui/field";
import { Empty } from "../../ui/notice";
import { Table } from "../../ui/table";
import { Person } from "../members/person";
import { Grants } from "../grants/grants";
import { Visits } from "../visits/visits";
import { AccessLog, type ReadsFilter } from "../reads/log";

const LINES = graphql(`query PermissionLines($guild: Snowflake!) { guild(id: $guild) { permissionLines { permission name discord held } } }`);
const BLOCKS = graphql(`query Blocks($guild: Snowflake!) { guild(id: $guild) { blocks { person { number userId name avatarUrl } since until reason } } }`);
const BLOCK = graphql(`mutation Block($input: BlockPut!) { block(input: $input) { status refusal { rule text } } }`);
const UNBLOCK = graphql(`mutation Unblock($input: BlockLift!) { unblock(input: $input) { status refusal { rule text } } }`);

export function Access() {
  const { id, may } = useGuild();
  const asked = useAsk(LINES, { guild: id });
  const { by, staff } = useSearch({ from: "/signed-in/g/$guild/access" });
  const navigate = useNavigate({ from: "/g/$guild/access" });
  const change = (to: ReadsFilter) => { void navigate({ search: (before) => ({ ...before, ...to }) as typeof before, replace: true }); };
  return (
    <Page title={t("Access")} about={t("Who may do what here. Discord's own permissions hold first; roles can be named beside them.")} actions={may("MANAGE_ACCESS", "VIEW_AUDIT") && <Link className="button" to="/g/$guild/settings/$capability" params={{ guild: id, capability: "access" }}>{t("Which roles may what")}</Link>}>
      <Card flush title={t("Permissions")} note={t("and what you have")}>
        <Answered asked={asked}>{(data) => (
          <Table
            label={t("Permissions")}
            rows={data.guild?.permissionLines ?? []}
            rowKey={(line) => line.permission}
            columns={[
              { name: t("Permission"), cell: (line) => <strong>{permissionName(line.permission)}</strong> },
              { name: t("Given by Discord's"), cell: (line) => <span className="muted">{line.discord}</span> },
              { name: t("You"), width: 110, align: "end", cell: (line) => line.held ? <Badge tone="good">{t("have it")}</Badge> : <Badge>{t("not")}</Badge> },
            ]}
          />
        )}</Answered>
      </Card>
      {may("MANAGE_ACCESS", "VIEW_AUDIT") && <Grants />}
      {may("MANAGE_ACCESS") && <Blocks />}
      {may("MANAGE_ACCESS", "VIEW_AUDIT") && <Visits />}
      {may("MANAGE_ACCESS", "VIEW_AUDIT") && <AccessLog by={by} staff={staff} onChange={change} />}
    </Page>
  );
}

function Blocks() {
  const { id, refused } = useGuild();
  const asked = useAsk(BLOCKS, { guild: id });
  const [adding, setAdding] = useState(false);
  const { act, busy } = useDo(UNBLOCK, (data) => data.unblock);
  async function lift(user: string) {
    await act({ input: { guild: id, user, key: freshKey() } }, t("The bot serves them again."));
    asked.again();
  }
  return (
    <Card flush title={t("Blocked")} note={t("whom this bot does not serve here")} actions={<Button refused={refused("MANAGE_ACCESS")} onClick={() => { setAdding(true); }}>{t("Block somebody")}</Button>}>
      <Answered asked={asked}>{(data) => {
        const blocks = data.guild?.blocks ?? [];
        if (blocks.length === 0) return <Empty icon="shield" title={t("Nobody is blocked")}>{t("Whom you block gets no answer from this bot here; Discord itself is not touched.")}</Empty>;
        return (
          <Table
            label={t("Blocked")}
            rows={blocks}
            rowKey={(block) => String(block.person?.number ?? block.since)}
            columns={[
              { name: t("Member"), cell: (block) => block.person == null ? t("an erased member") : <Person person={block.person} /> },
              { name: t("Why"), from: "medium", cell: (block) => block.reason ?? "–" },
              { name: t("Until"), width: 190, from: "medium", cell: (block) => block.until == null ? t("somebody lifts it") : moment(block.until) },
              { name: t("Do"), width: 120, align: "end", cell: (block) => block.person?.userId != null && <Button busy={busy} refused={refused("MANAGE_ACCESS")} onClick={() => { void lift(block.person?.userId ?? ""); }}>{t("Lift")}</Button> },
            ]}
          />
        );
      }}</Answered>
      {adding && <BlockDialog onClose={() => { setAdding(false); }} onDone={() => { setAdding(false); asked.again(); }} />}
    </Card>
  );
}

function BlockDialog({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const { id } = useGuild();
  const [user, setUser] = useState("");
  const [reason, setReason] = useState("");
  const [key] = useState(freshKey);
  const { act, busy } = useDo(BLOCK, (data) => data.block);
  const isReady = /^\d{15,20}$/.test(user) && reason.trim() !== "";
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (!isReady) return;
    const done = await act({ input: { guild: id, user, reason: reason.trim(), key } }, t("The bot does not serve them any more here."));
    if (done !== undefined) onDone();
  }
  return (
    <Dialog title={t("Block somebody")} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button type="submit" form="block" look="danger" busy={busy} refused={isReady ? undefined : t("Say whom and why first.")}>{t("Block")}</Button></>}>
      <form id="block" className="stack" onSubmit={(event) => { void submit(event); }}>
        <Field label={t("Discord id")} help={t("15 to 20 digits; in Discord: right click, “Copy User ID”.")}>{(wiring) => <TextInput {...wiring} autoFocus inputMode="numeric" value={user} onChange={(event) => { setUser(event.target.value.replace(/\D/g, "").slice(0, 20)); }} />}</Field>
        <Field label={t("Why")}>{(wiring) => <TextInput {...wiring} maxLength={300} value={reason} onChange={(event) => { setReason(event.target.value); }} />}</Field>
      </form>
    </Dialog>
  );
}
