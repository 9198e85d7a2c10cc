/** Keys to the API: the viewer's own, making one, revoking one; everybody's for whoever manages access. */
import { useState } from "react";
import { Answered, freshKey, useAsk, useDo } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { ago, day, moment } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Dialog } from "../../ui/dialog";
import { Empty } from "../../ui/notice";
import { Table } from "../../ui/table";
import { Person } from "../members/person";
import { MakeKey } from "./make";
import { scopeName, type KeyScope } from "./scopes";

const KEYS = graphql(`query ApiKeys($guild: Snowflake!, $all: Boolean!) { guild(id: $guild) { keys(everybodys: $all) { id name scopes madeAt endsAt usedAt owner { number userId name avatarUrl } } } }`);
const REVOKE = graphql(`mutation RevokeKey($input: KeyRevoke!) { keyRevoke(input: $input) { status refusal { rule text } } }`);

type Key = { id: string; name: string | null; scopes: readonly KeyScope[]; madeAt: string; endsAt: string; usedAt: string | null };

export function Keys() {
  const { id, may, at } = useGuild();
  const asked = useAsk(KEYS, { guild: id, all: false });
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Key>();
  const [revoked, setRevoked] = useState(0);
  const past = at === undefined ? undefined : t("You are looking at the past, where nothing can be changed.");
  const make = <Button look="main" icon="key" refused={past} onClick={() => { setMaking(true); }}>{t("Make a key")}</Button>;
  return (
    <Page title={t("API keys")} about={t("With a key, a program of yours does here what you may: not more, and of that only what you choose.")} actions={<><a className="button" href="/api">{t("What the API can do")}</a>{make}</>}>
      <Card flush title={t("Your keys")} note={t("in this community")}>
        <Answered asked={asked}>{(data) => {
          const keys = data.guild?.keys ?? [];
          if (keys.length === 0) return <Empty icon="key" title={t("You have no keys here")} action={make}>{t("A key that you make appears here, with when it was last used and when it ends.")}</Empty>;
          return <KeyTable label={t("Your keys")} keys={keys} past={past} onRevoke={setRevoking} />;
        }}</Answered>
      </Card>
      {may("MANAGE_ACCESS") && <Everybodys key={revoked} past={past} onRevoke={setRevoking} />}
      {making && <MakeKey onMade={asked.again} onClose={() => { setMaking(false); }} />}
      {revoking !== undefined && <Revoke of={revoking} onClose={() => { setRevoking(undefined); }} onDone={() => { setRevoking(undefined); setRevoked((times) => times + 1); asked.again(); }} />}
    </Page>
  );
}

function Everybodys({ past, onRevoke }: { past: string | undefined; onRevoke: (key: Key) => void }) {
  const { id } = useGuild();
  const asked = useAsk(KEYS, { guild: id, all: true });
  return (
    <Card flush title={t("Everybody's keys")} note={t("what programs can sign in here with")}>
      <Answered asked={asked}>{(data) => {
        const keys = data.guild?.keys ?? [];
        if (keys.length === 0) return <Empty icon="key" title={t("Nobody has a key")}>{t("As soon as a member makes one it appears here, and you can revoke it.")}</Empty>;
        return <KeyTable label={t("Everybody's keys")} keys={keys} past={past} onRevoke={onRevoke} ofAll />;
      }}</Answered>
    </Card>
  );
}

type Line = Key & { owner: Parameters<typeof Person>[0]["person"] };

function KeyTable({ label, keys, past, onRevoke, ofAll = false }: { label: string; keys: readonly Line[]; past: string | undefined; onRevoke: (key: Key) => void; ofAll?: boolean }) {
  const owner = { name: t("Member"), cell: (key: Line) => <Person person={key.owner} /> };
  return (
    <Table
      label={label}
      rows={keys}
      rowKey={(key) => key.id}
      columns={[
        { name: t("Name"), cell: (key) => <strong className="breaks">{key.name ?? t("a key")}</strong> },
        ...(ofAll ? [owner] : []),
        { name: t("May"), from: "medium", cell: (key) => <span className="row">{key.scopes.map((scope) => <Badge key={scope}>{scopeName(scope)}</Badge>)}</span> },
        { name: t("Last used"), width: 140, from: "medium", cell: (key) => key.usedAt === null ? <span className="muted">{t("never")}</span> : <span title={moment(key.usedAt)}>{ago(key.usedAt)}</span> },
        { name: t("Ends"), width: 130, from: "wide", cell: (key) => <span title={moment(key.endsAt)}>{day(key.endsAt)}</span> },
        { name: t("Do"), width: 120, align: "end", cell: (key) => <Button look="danger" refused={past} onClick={() => { onRevoke(key); }}>{t("Revoke")}</Button> },
      ]}
    />
  );
}

function Revoke({ of, onClose, onDone }: { of: Key; onClose: () => void; onDone: () => void }) {
  const { id } = useGuild();
  const [key] = useState(freshKey);
  const { act, busy } = useDo(REVOKE, (data) => data.keyRevoke);
  async function revoke() {
    const done = await act({ input: { guild: id, id: of.id, key } }, t("The key opens nothing any more."));
    if (done !== undefined) onDone();
  }
  return (
    <Dialog title={t("Revoke {name}?", { name: of.name ?? t("a key") })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button look="danger" busy={busy} onClick={() => { void revoke(); }}>{t("Revoke")}</Button></>}>
      <p>{t("Whatever signs in with it is refused from now on, within two seconds. This cannot be taken back; a new key can be made at any time.")}</p>
      <p className="muted small">{of.usedAt === null ? t("It was never used.") : t("It was last used {when}.", { when: ago(of.usedAt) })}</p>
    </Dialog>
  );
}
