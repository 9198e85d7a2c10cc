/** The way in without Discord, for whoever runs the installation: a name, a password and a code. */
import { Link, Navigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { t } from "../../i18n";
import { useSession } from "../../session/session";
import { Button } from "../../ui/button";
import { Field, TextInput } from "../../ui/field";
import { Banner } from "../../ui/notice";
import { pageOfOurs } from "./back-to";
import { enter, seconds, type Problem } from "./operator-enter";
import "../../shell/shell.css";

export function OperatorSignIn() {
  const session = useSession();
  const { return: wanted } = useSearch({ from: "/sign-in/operator" });
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const [waits, setWaits] = useState(0);
  const code = useRef<HTMLInputElement>(null);

  const isWaiting = waits > 0;
  useEffect(() => {
    if (!isWaiting) return;
    const timer = setInterval(() => { setWaits((secs) => secs - 1); }, 1_000);
    return () => { clearInterval(timer); };
  }, [isWaiting]);

  if (session.data?.viewer != null) return <Navigate to="/" replace />;

  async function submit(form: HTMLFormElement) {
    const given = new FormData(form);
    const text = (name: string) => { const value = given.get(name); return typeof value === "string" ? value : ""; };
    if (busy || isWaiting) return;
    setBusy(true);
    setProblem(undefined);
    const found = await enter({ name: text("name"), password: text("password"), code: text("code") });
    // Everything that was loaded as nobody is loaded anew.
    if (found === undefined) { location.assign(pageOfOurs(wanted) ?? "/ops/projections"); return; }
    setBusy(false);
    setProblem(found);
    setWaits(seconds(found));
    if (code.current !== null) { code.current.value = ""; code.current.focus(); }
  }

  return (
    <main id="main" className="alone">
      <div className="alone-card">
        <div className="row"><img src="/favicon.svg" alt="" width="40" height="40" /><div className="grow"><h1>{t("Operators")}</h1><p className="muted small">{t("For whoever runs this installation, also while Discord is down.")}</p></div></div>
        {problem !== undefined && <Banner tone={problem.kind === "wrong" ? "bad" : "warn"}>{said(problem, waits)}</Banner>}
        <form className="stack" onSubmit={(event) => { event.preventDefault(); void submit(event.currentTarget); }}>
          <Field label={t("Name")}>{(wiring) => <TextInput {...wiring} name="name" required maxLength={64} autoComplete="username" autoCapitalize="none" />}</Field>
          <Field label={t("Password")}>{(wiring) => <TextInput {...wiring} name="password" type="password" required maxLength={256} autoComplete="current-password" />}</Field>
          <Field label={t("Code")} help={t("Six digits of your authenticator, or one of your recovery codes.")}>{(wiring) => <input {...wiring} ref={code} type="text" className="input num" name="code" required maxLength={40} autoComplete="one-time-code" autoCapitalize="none" spellCheck={false} />}</Field>
          <Button type="submit" look="main" icon="key" busy={busy} refused={isWaiting ? t("There were too many tries. It goes on in {secs} s.", { secs: waits }) : undefined}>{t("Sign in")}</Button>
        </form>
        <p className="small muted">{t("Operators are made at the console: reeve operator add. This gives no right in any community; with Discord you see yours.")}</p>
        <p className="small"><Link to="/sign-in" search={wanted === undefined ? {} : { return: wanted }}>{t("Sign in with Discord")}</Link></p>
      </div>
    </main>
  );
}

function said(problem: Problem, waits: number): string {
  switch (problem.kind) {
    case "wrong": return t("The name, the password or the code is wrong. A code works once: wait for the next one.");
    case "wait": return waits > 0 ? t("There were too many tries. It goes on in {secs} s.", { secs: waits }) : t("You can try again now.");
    case "old": return t("This page was open for too long. Try again.");
    case "lost": return t("The server does not answer. Try again in a minute.");
    case "fault": return problem.errorId === undefined ? t("Signing in did not work. Try again.") : t("Something broke on our side. Its error id is {id}.", { id: problem.errorId });
  }
}
