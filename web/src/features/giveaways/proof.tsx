/** The public proof of a draw: no account, no names; the reader's own browser draws again. */
import { useParams } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { Answered, useAsk } from "../../api/ask";
import { graphql, type ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { number } from "../../i18n/format";
import { Button } from "../../ui/button";
import { Facts } from "../../ui/card";
import { Empty } from "../../ui/notice";
import { piecesOf } from "./lines";
import { verify, type Verdict } from "./verify";
import { PickBadge, StateBadge } from "./words";
import "../../shell/shell.css";
import "./giveaways.css";

const DRAW = graphql(`
  query PublicDraw($giveaway: ID!) {
    draw(giveaway: $giveaway) { id state winnerCount entries commitment root message seed picks { k entry why state } }
  }
`);

type Draw = NonNullable<ResultOf<typeof DRAW>["draw"]>;

export function ProofPage() {
  const { giveaway } = useParams({ from: "/p/giveaway/$giveaway" });
  const asked = useAsk(DRAW, { giveaway });
  useEffect(() => { document.title = `${t("Proof of a draw")} · Reeve`; }, []);
  return (
    <main id="main" className="alone">
      <div className="alone-card alone-wide">
        <div className="row"><img src="/favicon.svg" alt="" width="32" height="32" /><h1 className="grow">{t("Proof of a draw")}</h1></div>
        <Answered asked={asked}>{(data) => data.draw == null ? <Empty icon="gift" title={t("There is no such giveaway")}>{t("Look at the address: it may be cut, or the community has switched giveaways off.")}</Empty> : <Proof draw={data.draw} />}</Answered>
      </div>
    </main>
  );
}

function Proof({ draw }: { draw: Draw }) {
  const rows: [string, React.ReactNode][] = [
    [t("Giveaway"), <code key="i" className="digest">{draw.id}</code>],
    [t("State"), <StateBadge key="s" state={draw.state} />],
    [t("Prizes"), number(draw.winnerCount)],
    [t("Entries that were in"), number(draw.entries)],
    [t("Committed to"), <code key="c" className="digest">{draw.commitment}</code>],
    [t("Entries' root"), draw.root == null ? <span className="muted">{t("shown when it closes")}</span> : <code className="digest">{draw.root}</code>],
    [t("Seed"), draw.seed == null ? <span className="muted">{t("shown with the draw")}</span> : <code className="digest">{draw.seed}</code>],
  ];
  if (draw.message != null) rows.push([t("Message that told of the close"), <code key="m">{draw.message}</code>]);
  return (
    <div className="stack">
      <p className="muted">{t("Nobody is named here. Entrants find themselves by the number, salt and tag on their receipt.")}</p>
      <Facts rows={rows} />
      {draw.picks.length > 0 && (
        <section className="stack" aria-labelledby="picks">
          <h2 id="picks">{t("Drawn, in this order")}</h2>
          <ol className="proof-picks">{draw.picks.map((pick) => <li key={pick.k} className="proof-pick"><span className="muted">{pick.k + 1}.</span><strong>{t("Entry {entry}", { entry: number(pick.entry) })}</strong><PickBadge state={pick.state} /></li>)}</ol>
        </section>
      )}
      {draw.seed == null ? <p className="muted">{t("It has not been drawn yet. Come back after the draw to check it.")}</p> : <Check draw={draw} />}
    </div>
  );
}

type Checking = { done: number; of: number };

function Check({ draw }: { draw: Draw }) {
  const [checking, setChecking] = useState<Checking>();
  const [verdict, setVerdict] = useState<Verdict>();
  const leaving = useRef(new AbortController());
  useEffect(() => {
    const controller = new AbortController();
    leaving.current = controller;
    return () => { controller.abort(); };
  }, []);
  const address = `/p/giveaway/${draw.id}/draw.jsonl`;
  // Browsers keep their hashes from pages that are not encrypted.
  const cannot = "subtle" in crypto ? undefined : t("Your browser checks only over https. Download the bundle and run reeve verify.");
  async function check() {
    setVerdict(undefined);
    setChecking({ done: 0, of: 0 });
    const found = await judged(address, draw, leaving.current.signal, (done, of) => { setChecking({ done, of }); });
    if (leaving.current.signal.aborted) return;
    setChecking(undefined);
    setVerdict(found);
  }
  return (
    <section className="stack" aria-labelledby="check">
      <h2 id="check">{t("Check it yourself")}</h2>
      <ol className="proof-steps small muted">
        <li>{t("Your browser fetches all entries and hashes them anew to the root above.")}</li>
        <li>{t("It hashes the seed to what was committed to before anybody entered.")}</li>
        <li>{t("It draws again, pick by pick, and compares.")}</li>
        <li>{t("What no page can do for you: compare the commitment, the root and the message with what was posted in Discord.")}</li>
      </ol>
      <div className="row">
        <Button look="main" icon="check" busy={checking !== undefined} refused={cannot} onClick={() => { void check(); }}>{t("Verify in my browser")}</Button>
        <a className="button" href={address} download>{t("Download the bundle")}</a>
      </div>
      {cannot !== undefined && <p className="small muted">{cannot}</p>}
      <div aria-live="polite">
        {checking !== undefined && <div className="proof-progress"><span className="small muted">{checking.of === 0 ? t("Fetching the entries …") : t("{done} of {of} entries hashed", { done: number(checking.done), of: number(checking.of) })}</span><progress aria-label={t("Progress")} value={checking.done} max={Math.max(1, checking.of)} /></div>}
        {verdict !== undefined && <Told verdict={verdict} />}
      </div>
    </section>
  );
}

function Told({ verdict }: { verdict: Verdict }) {
  if (!verdict.valid) return <div className="proof-verdict proof-bad"><strong>{t("This does not add up.")}</strong><span>{verdict.problem}</span></div>;
  return (
    <div className="proof-verdict proof-good">
      <strong>{t("The draw is right.")}</strong>
      <span>{t("{count, plural, one {# entry} other {# entries}} hashed to the root; drawn again: {drawn}.", { count: verdict.entries, drawn: verdict.drawn.length === 0 ? t("nobody") : verdict.drawn.map(number).join(", ") })}</span>
    </div>
  );
}

/** The bundle, checked, and compared with what this page says. */
async function judged(address: string, draw: Draw, signal: AbortSignal, told: (done: number, of: number) => void): Promise<Verdict> {
  const bad = (problem: string): Verdict => ({ valid: false, entries: 0, drawn: [], problem });
  try {
    const answer = await fetch(address, { signal });
    if (!answer.ok || answer.body === null) return bad(t("The bundle could not be fetched (HTTP {status}). Try again in a minute.", { status: answer.status }));
    const verdict = await verify(piecesOf(answer.body), told);
    const { header } = verdict;
    if (!verdict.valid || header === undefined) return verdict;
    const same = header.giveaway === draw.id && header.commitment === draw.commitment && header.root === draw.root && header.seed === draw.seed && header.message === draw.message;
    return same ? verdict : { ...verdict, valid: false, problem: t("The bundle is of another draw than this page shows. Load the page anew.") };
  } catch {
    return bad(t("The bundle could not be fetched. Check your connection and try again."));
  }
}
