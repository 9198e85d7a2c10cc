/** Who was made what in a community for a time: until when, by whom and why; giving, moving the end, taking back. */
import { useState, type SubmitEvent } from "react";
import { Answered, freshKey, useAsk, useDo } from "../../api/ask";
import { graphql } from "../../api/graphql";
import type { introspection_types } from "../../api/schema-types";
import { t } from "../../i18n";
import { brief, moment } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Dialog } from "../../ui/dialog";
import { Field, Select, TextInput } from "../../ui/field";
import { Empty } from "../../ui/notice";
import { Table } from "../../ui/table";
import { Person } from "../members/person";
import { readLength } from "../moderation/duration";

const GRANTS = graphql(`query Grants($guild: Snowflake!) { guild(id: $guild) { grants { person { number userId name avatarUrl } role since until by { number userId name avatarUrl } reason } } }`);
const GIVE = graphql(`mutation GrantGive($input: GrantGive!) { grantGive(input: $input) { status refusal { rule text } } }`);
const TAKE = graphql(`mutation GrantTake($input: GrantTake!) { grantTake(input: $input) { status refusal { rule text } } }`);

type Role = introspection_types["GrantedRole"]["enumValues"];
const ROLES: readonly Role[] = ["AUDITOR", "ANALYST", "HOST", "MODERATOR", "ADMIN"];

export function roleName(role: Role): string {
  switch (role) {
    case "ADMIN": return t("Admin");
    case "MODERATOR": return t("Moderator");
    case "HOST": return t("Giveaway host");
    case "AUDITOR": return t("Auditor");
    case "ANALYST": return t("Analyst");
  }
}

function aboutRole(role: Role): string {
  switch (role) {
    case "ADMIN": return t("Manages economy and settings, moderates, reads everything; does not say who may what.");
    case "MODERATOR": return t("Warns, times out, kicks and bans, and reads records.");
    case "HOST": return t("Runs giveaways.");
    case "AUDITOR": return t("Reads everything and changes nothing.");
    case "ANALYST": return t("Looks at numbers, and at nothing personal.");
  }
}

type Given = { user: string; name: string; role: Role; reason: string };

export function Grants() {
  const { id, at, refused } = useGuild();
  const asked = useAsk(GRANTS, { guild: id }, { pause: at !== undefined });
  const [giving, setGiving] = useState<Given | "new">();
  const { act, busy } = useDo(TAKE, (data) => data.grantTake);
  async function take(user: string, role: Role) {
    await act({ input: { guild: id, user, role, key: freshKey() } }, t("It is taken back."));
    asked.again();
  }
  return (
    <Card flush title={t("For a time")} note={t("somebody who is auditor, moderator or the like until an end")} actions={<Button refused={refused("MANAGE_ACCESS")} onClick={() => { setGiving("new"); }}>{t("Give a role")}</Button>}>
      {at !== undefined ? <Empty icon="history" title={t("Only as it is now")}>{t("The audit log tells who was given what before.")}</Empty> : (
        <Answered asked={asked}>{(data) => {
          const grants = data.guild?.grants ?? [];
          if (grants.length === 0) return <Empty icon="key" title={t("Nobody holds a role for a time")}>{t("Somebody who helps out for a week need not get a role in Discord; here it ends by itself.")}</Empty>;
          return (
            <Table
              label={t("For a time")}
              rows={grants}
              rowKey={(grant) => `${String(grant.person.number)}/${grant.role}`}
              columns={[
                { name: t("Member"), cell: (grant) => <Person person={grant.person} /> },
                { name: t("Is"), width: 150, from: "medium", cell: (grant) => <Badge tone="accent">{roleName(grant.role)}</Badge> },
                { name: t("Why"), from: "wide", cell: (grant) => <span className="breaks">{grant.reason ?? "–"}</span> },
                { name: t("Given by"), from: "wide", cell: (grant) => grant.by == null ? <Badge>{t("Operator")}</Badge> : <Person person={grant.by} /> },
                { name: t("Until"), width: 132, from: "medium", cell: (grant) => <time dateTime={grant.until} title={moment(grant.until)}>{brief(grant.until)}</time> },
                { name: t("Its end"), width: 150, align: "end", from: "medium", cell: (grant) => grant.person.userId != null && <Button look="quiet" refused={refused("MANAGE_ACCESS")} onClick={() => { setGiving({ user: grant.person.userId ?? "", name: grant.person.name ?? "", role: grant.role, reason: grant.reason ?? "" }); }}>{t("Move the end")}</Button> },
                { name: t("Do"), width: 124, align: "end", cell: (grant) => grant.person.userId != null && <Button busy={busy} refused={refused("MANAGE_ACCESS")} onClick={() => { void take(grant.person.userId ?? "", grant.role); }}>{t("Take back")}</Button> },
              ]}
            />
          );
        }}</Answered>
      )}
      {giving !== undefined && <GiveDialog given={giving === "new" ? undefined : giving} onClose={() => { setGiving(undefined); }} onDone={() => { setGiving(undefined); asked.again(); }} />}
    </Card>
  );
}

function GiveDialog({ given, onClose, onDone }: { given: Given | undefined; onClose: () => void; onDone: () => void }) {
  const { id } = useGuild();
  const [user, setUser] = useState(given?.user ?? "");
  const [role, setRole] = useState<Role>(given?.role ?? "AUDITOR");
  const [length, setLength] = useState("7d");
  const [reason, setReason] = useState(given?.reason ?? "");
  const [key] = useState(freshKey);
  const { act, busy } = useDo(GIVE, (data) => data.grantGive);
  const read = readLength(length, false);
  const problem = !/^\d{15,20}$/.test(user) ? t("Say to whom first.") : !read.ok ? t("Say for how long, such as 12h or 7d.") : reason.trim() === "" ? t("Say why first.") : undefined;
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (problem !== undefined || !read.ok || read.secs === null) return;
    const until = new Date(Date.now() + read.secs * 1000).toISOString();
    if ((await act({ input: { guild: id, user, role, until, reason: reason.trim(), key } }, t("It holds at once, and ends by itself."))) !== undefined) onDone();
  }
  return (
    <Dialog title={given === undefined ? t("Give a role for a time") : t("Another end for {name}", { name: given.name })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button type="submit" form="grant" look="main" busy={busy} refused={problem}>{given === undefined ? t("Give") : t("Move the end")}</Button></>}>
      <form id="grant" className="stack" onSubmit={(event) => { void submit(event); }}>
        {given === undefined && <Field label={t("Discord id")} help={t("15 to 20 digits; in Discord: right click, “Copy User ID”.")}>{(wiring) => <TextInput {...wiring} autoFocus inputMode="numeric" value={user} onChange={(event) => { setUser(event.target.value.replace(/\D/g, "").slice(0, 20)); }} />}</Field>}
        {given === undefined && (
          <Field label={t("Role")} help={aboutRole(role)}>{(wiring) => (
            <Select {...wiring} value={role} onChange={(event) => { setRole(ROLES.find((one) => one === event.target.value) ?? "AUDITOR"); }}>
              {ROLES.map((one) => <option key={one} value={one}>{roleName(one)}</option>)}
            </Select>
          )}</Field>
        )}
        <Field label={t("For how long from now")} help={t("Such as 12h, 7d or 90d; 366 days at most.")}>{(wiring) => <TextInput {...wiring} maxLength={12} value={length} onChange={(event) => { setLength(event.target.value); }} />}</Field>
        <Field label={t("Why")} help={t("Whoever may see the access page reads it.")}>{(wiring) => <TextInput {...wiring} maxLength={300} value={reason} onChange={(event) => { setReason(event.target.value); }} />}</Field>
      </form>
    </Dialog>
  );
}
