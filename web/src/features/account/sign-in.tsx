/** The way in: by Discord, which knows who somebody is and what they may in which community. */
import { Link, Navigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { t } from "../../i18n";
import { signInIsOffered } from "../../api/csrf";
import { useSession } from "../../session/session";
import { Banner } from "../../ui/notice";
import { Icon } from "../../ui/icon";
import { backTo } from "./back-to";
import "../../shell/shell.css";

const PROBLEMS: Record<string, () => string> = {
  declined: () => t("Discord says that you did not agree. Without that we do not know who you are."),
  expired: () => t("That took too long, or was begun in another window. Try again."),
  forged: () => t("That took too long, or was begun in another window. Try again."),
  discord: () => t("Discord does not answer at the moment. Try again in a minute."),
};

export function SignIn() {
  const session = useSession();
  const { problem, return: wanted } = useSearch({ from: "/sign-in" });
  const [gone, setGone] = useState(false);
  if (session.data?.viewer != null) return <Navigate to="/" replace />;
  const isOffered = signInIsOffered();
  return (
    <main id="main" className="alone">
      <div className="alone-card">
        <div className="row"><img src="/favicon.svg" alt="" width="40" height="40" /><div className="grow"><h1>Reeve</h1><p className="muted small">{t("Keeps order, keeps accounts, forgets nothing.")}</p></div></div>
        {problem !== undefined && <Banner tone="bad">{(PROBLEMS[problem] ?? (() => t("Signing in did not work. Try again.")))()}</Banner>}
        <p className="muted">{t("Sign in with Discord to see your communities. We learn your name, your picture and which communities you are in; never your messages or your password.")}</p>
        {isOffered
          ? <a className="button button-main" href={backTo(wanted)} aria-disabled={gone || undefined} onClick={() => { setGone(true); }}><Icon name="out" />{t("Sign in with Discord")}</a>
          : <Banner tone="warn">{t("Signing in is switched off here. Whoever runs this bot sets DISCORD_CLIENT_SECRET to switch it on.")}</Banner>}
        <p className="small muted row"><a href="/status">{t("Is the bot running?")}</a><span className="grow" /><Link to="/sign-in/operator" search={wanted === undefined ? {} : { return: wanted }}>{t("For operators")}</Link></p>
      </div>
    </main>
  );
}
