/** What stands around pages: sign-in for those who are not, the shell for those who are, the moment for a community. */
import { Outlet, useLocation, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useRef } from "react";
import { Failed, useAsk, type Asked } from "../api/ask";
import { graphql } from "../api/graphql";
import { LiveProvider } from "../api/live";
import { askAt } from "../api/moment";
import { t } from "../i18n";
import { GuildHere, useGuildCard } from "../session/guild";
import { useSession, useViewer } from "../session/session";
import { VisitBar } from "../features/visits/bar";
import { PastBar } from "../shell/past-bar";
import { Shell } from "../shell/shell";
import { Empty, Skeleton } from "../ui/notice";
import { Toasts } from "../ui/toast";

export function Root() {
  useFocusOnNavigation();
  return <><Outlet /><Toasts /></>;
}

/** After going to another page, the keyboard goes on from that page's content. */
function useFocusOnNavigation() {
  const { pathname } = useLocation();
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    document.getElementById("main")?.focus({ preventScroll: true });
  }, [pathname]);
}

export function SignedInFrame() {
  const session = useSession();
  const { guild } = useParams({ strict: false });
  const { at } = useSearch({ strict: false });
  if (session.data?.viewer == null) {
    if (session.trouble !== undefined && session.trouble.kind !== "signed-out") return <main id="main" className="alone"><div className="alone-card"><h1 className="unseen">Reeve</h1><Failed trouble={session.trouble} again={session.again} /></div></main>;
    if (session.loading) return <main id="main" className="alone"><div className="alone-card"><h1 className="unseen">Reeve</h1><Skeleton lines={5} /></div></main>;
    return <ToSignIn />;
  }
  return <LiveProvider guild={at === undefined ? guild : undefined}><Shell guild={guild} at={at}><Outlet /></Shell></LiveProvider>;
}

/** Goes once, from where it was first: while the other page loads, the location is that page's already. */
function ToSignIn() {
  const { href } = useLocation();
  const navigate = useNavigate();
  const from = useRef(href);
  useEffect(() => {
    void navigate({ to: "/sign-in", search: from.current === "/" ? {} : { return: from.current }, replace: true });
  }, [navigate]);
  return <main id="main" className="alone"><div className="alone-card"><h1 className="unseen">Reeve</h1><Skeleton lines={5} /></div></main>;
}

/** The page as of a moment; where there is no such moment, that is said in its place. */
function AsOf({ asked, name }: { asked: Asked<unknown>; name: string }) {
  if (asked.data !== undefined && asked.trouble === undefined) return <Outlet />;
  return <main id="main" className="page"><h1 className="unseen">{name}</h1>{asked.trouble === undefined ? <Skeleton tall /> : <Failed trouble={asked.trouble} again={asked.again} />}</main>;
}

const MOMENT = graphql(`
  query Moment($guild: Snowflake!, $asOf: Moment) {
    guild(id: $guild, asOf: $asOf) { id asOf { seq at } }
  }
`);

export function GuildFrame() {
  const { guild } = useParams({ from: "/signed-in/g/$guild" });
  const { at } = useSearch({ from: "/signed-in/g/$guild" });
  const { card, loading } = useGuildCard(guild);
  const viewer = useViewer();
  const asked = useAsk(MOMENT, { guild, asOf: askAt(at) }, { pause: at === undefined });
  const here = useMemo(() => card === undefined ? null : { id: card.id, name: card.name, at, permissions: card.permissions }, [card, at]);
  if (here === null && loading) return <main id="main" className="page"><h1 className="unseen">Reeve</h1><Skeleton tall /></main>;
  if (here === null) {
    return <main id="main" className="page"><h1 className="unseen">Reeve</h1><Empty icon="shield" title={t("You do not see this community")} action={<a className="button" href="/">{t("To your communities")}</a>}>{t("Either you are no member, or the bot is not there.")}</Empty></main>;
  }
  return (
    <GuildHere value={here}>
      {(here.permissions.includes("MANAGE_ACCESS") || (viewer.isOperator && here.permissions.includes("VIEW_AUDIT"))) && <VisitBar guild={here.id} onLeft={() => { location.assign("/ops/visits"); }} />}
      {at !== undefined && <PastBar at={at} seq={asked.data?.guild?.asOf?.seq} time={asked.data?.guild?.asOf?.at} />}
      {at === undefined ? <Outlet /> : <AsOf asked={asked} name={here.name} />}
    </GuildHere>
  );
}
