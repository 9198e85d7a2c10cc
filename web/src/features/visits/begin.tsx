/** For operators: into a community that is not theirs, with a reason that is read there. */
import { Link } from "@tanstack/react-router";
import { useState, type SubmitEvent } from "react";
import { freshKey, useDo } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { moment } from "../../i18n/format";
import { Page } from "../../shell/page";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Field, TextInput } from "../../ui/field";

const BEGIN = graphql(`mutation VisitBegin($input: VisitBegin!) { visitBegin(input: $input) { done { status refusal { rule text } } until } }`);

export function BreakGlass() {
  const [guild, setGuild] = useState("");
  const [reason, setReason] = useState("");
  const [key, setKey] = useState(freshKey);
  const [inside, setInside] = useState<{ guild: string; until: string }>();
  const { act, busy } = useDo(BEGIN, (data) => data.visitBegin.done);
  const problem = !/^\d{15,20}$/.test(guild) ? t("Say which community first.") : reason.trim().length < 10 ? t("Say why, in ten letters or more.") : undefined;
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (problem !== undefined) return;
    const begun = await act({ input: { guild, reason: reason.trim(), key } }, t("You are let in. The community sees it."));
    setKey(freshKey());
    if (begun?.visitBegin.until != null) setInside({ guild, until: begun.visitBegin.until });
  }
  return (
    <Page title={t("Break the glass")} about={t("Who runs this bot sees nothing of a community. Where it must be, say why; its admins see you on every page and can end it.")}>
      <Card title={t("Into a community")} note={t("for an hour, as its admin; what you look at and do is written down there")}>
        <form className="stack" onSubmit={(event) => { void submit(event); }}>
          <Field label={t("The community's Discord id")} help={t("15 to 20 digits.")}>{(wiring) => <TextInput {...wiring} inputMode="numeric" value={guild} onChange={(event) => { setGuild(event.target.value.replace(/\D/g, "").slice(0, 20)); }} />}</Field>
          <Field label={t("Why")} help={t("Its admins read it, now and in the history.")}>{(wiring) => <TextInput {...wiring} maxLength={300} value={reason} onChange={(event) => { setReason(event.target.value); }} />}</Field>
          <div className="row"><Button type="submit" look="danger" busy={busy} refused={problem}>{t("Break the glass")}</Button></div>
        </form>
      </Card>
      {inside !== undefined && (
        <Card title={t("You are let in")} note={t("until {when}", { when: moment(inside.until) })} actions={<Link className="button" to="/g/$guild/overview" params={{ guild: inside.guild }}>{t("To the community")}</Link>}>
          <p className="muted">{t("You may what an admin role may, but not say who may what. Leave as soon as you are done.")}</p>
        </Card>
      )}
    </Page>
  );
}
