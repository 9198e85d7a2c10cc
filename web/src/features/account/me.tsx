/** The viewer's own account: who they are here, and in which browsers they are signed in. */
import { Link } from "@tanstack/react-router";
import { Answered, useAsk } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { ago, moment } from "../../i18n/format";
import { signOut } from "../../session/sign-out";
import { useViewer } from "../../session/session";
import { Page } from "../../shell/page";
import { Avatar } from "../../ui/avatar";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { toast } from "../../ui/toast";
import { useMutation } from "urql";
import { ReadsOfYours } from "../reads/yours";

const SESSIONS = graphql(`
  query Sessions { viewer { sessions { id beganAt seenAt endsAt client isThisOne } } }
`);
const REVOKE = graphql(`
  mutation RevokeSession($id: String!) { sessionRevoke(id: $id) }
`);

export function Me() {
  const viewer = useViewer();
  const asked = useAsk(SESSIONS, {});
  const [revoking, revoke] = useMutation(REVOKE);

  async function end(id: string, isThisOne: boolean) {
    if (isThisOne) return signOut();
    const answer = await revoke({ id });
    if (answer.data?.sessionRevoke === true) toast(t("That browser is signed out."));
    else toast(t("That did not work. Look whether the session is still there."), "bad");
    asked.again();
  }

  return (
    <Page title={t("Your account")}>
      <Card>
        <div className="row">
          <Avatar name={viewer.name} url={viewer.avatarUrl} size={64} />
          <div className="grow"><h2 className="breaks">{viewer.name}</h2><p className="muted small">{viewer.userId === null ? t("Signed in without Discord") : t("Discord id {id}", { id: viewer.userId })}</p></div>
          {viewer.isOperator && <Badge tone="accent">{t("Operator")}</Badge>}
        </div>
      </Card>
      {viewer.userId !== null && <Card title={t("What is held against you")} actions={<Link className="button" to="/me/appeals">{t("To your appeals")}</Link>}>
        <p className="muted">{t("Warnings, timeouts and bans in any community that uses this bot, also where you are no member any more.")}</p>
      </Card>}
      {viewer.userId !== null && <ReadsOfYours />}
      <Card title={t("Where you are signed in")} note={t("End what you do not know.")}>
        <Answered asked={asked}>{(data) => (
          <ul className="stack">
            {(data.viewer?.sessions ?? []).map((session) => (
              <li key={session.id} className="row">
                <div className="grow">
                  <p className="breaks">{browserName(session.client)} {session.isThisOne && <Badge tone="good">{t("this one")}</Badge>}</p>
                  <p className="small muted" title={moment(session.seenAt)}>{t("last used {when}, ends {end}", { when: ago(session.seenAt), end: moment(session.endsAt) })}</p>
                </div>
                <Button look={session.isThisOne ? "plain" : "danger"} busy={revoking.fetching} onClick={() => { void end(session.id, session.isThisOne); }}>{session.isThisOne ? t("Sign out") : t("End")}</Button>
              </li>
            ))}
          </ul>
        )}</Answered>
      </Card>
    </Page>
  );
}

/** Enough of what a browser says of itself to know it again. */
export function browserName(client: string): string {
  const browser = ["Edg", "OPR", "Firefox", "Chrome", "Safari"].find((name) => client.includes(`${name}/`));
  const system = ["Windows", "Android", "iPhone", "iPad", "Mac OS X", "Linux"].find((name) => client.includes(name));
  const names: Record<string, string> = { Edg: "Edge", OPR: "Opera" };
  if (browser === undefined) return client === "" ? t("An unknown browser") : client.slice(0, 80);
  return [names[browser] ?? browser, system].filter(Boolean).join(" · ");
}
