/** Asking: the answer, what is shown until it is there, and what when there is none. */
import type { AnyVariables, TypedDocumentNode } from "@urql/core";
import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useClient, useMutation, useQuery } from "urql";
import { t } from "../i18n";
import { Button } from "../ui/button";
import { Skeleton, Trouble as TroubleNotice } from "../ui/notice";
import { toast } from "../ui/toast";
import { useNews } from "./live";
import { append, refreshFront, type Edges } from "./pages";
import { troubleOf, type Trouble } from "./trouble";

export type Asked<D> = { data: D | undefined; trouble: Trouble | undefined; loading: boolean; again: () => void };

type Settings = {
  pause?: boolean;
  /** Shows what was there until the answer to other variables is. */
  keep?: boolean;
  /** What is asked for never changes, as the past does not: it is asked for once. */
  still?: boolean;
};

/** Asks, and asks again whenever the community has news. */
export function useAsk<D, V extends AnyVariables>(query: TypedDocumentNode<D, V>, variables: V, { pause = false, keep = false, still = false }: Settings = {}): Asked<D> {
  const asked = { query, variables, pause, requestPolicy: still ? "cache-first" as const : "cache-and-network" as const };
  const [result, run] = useQuery<D, V>(asked);
  const again = useCallback(() => { run({ requestPolicy: "network-only" }); }, [run]);
  useOnNews(again, pause || still);
  useRetry(result.error?.networkError !== undefined, again);
  const isOfThese = result.operation === undefined || JSON.stringify(result.operation.variables) === JSON.stringify(variables);
  const data = keep || isOfThese ? result.data ?? undefined : undefined;
  return {
    data,
    trouble: result.error === undefined || !isOfThese ? undefined : troubleOf(result.error),
    loading: data === undefined && result.error === undefined && !pause,
    again,
  };
}

function useOnNews(told: () => void, pause: boolean) {
  const news = useNews();
  const seen = useRef(news);
  useEffect(() => {
    if (pause || seen.current === news) return;
    seen.current = news;
    told();
  }, [news, pause, told]);
}

/** A server that comes back is met by itself. */
const RETRY_MS = 5_000;

function useRetry(failed: boolean, again: () => void) {
  useEffect(() => {
    if (!failed) return;
    const timer = setInterval(again, RETRY_MS);
    return () => { clearInterval(timer); };
  }, [failed, again]);
}

export type Listed<N> = { rows: readonly N[]; trouble: Trouble | undefined; loading: boolean; again: () => void; more: { any: boolean; loading: boolean; load: () => void } };

type Pages<N> = { rows: readonly N[]; cursor: string | null; any: boolean };

const NONE = { rows: [], cursor: null, any: false };

/** A list by cursor: further pages below, news at the front. */
export function useList<D, V extends AnyVariables, N>(
  query: TypedDocumentNode<D, V>,
  variables: Omit<V, "after">,
  pick: (data: D) => Edges<N> | null | undefined,
  keyOf: (node: N) => string,
): Listed<N> {
  const client = useClient();
  const key = JSON.stringify(variables);
  const [pages, setPages] = useState<{ key: string; pages: Pages<N> | null }>({ key, pages: null });
  const [trouble, setTrouble] = useState<Trouble>();
  const [busy, setBusy] = useState(false);
  const picks = useRef({ pick, keyOf });
  useEffect(() => { picks.current = { pick, keyOf }; });
  const current = pages.key === key ? pages.pages : null;

  const read = useCallback(async (after: string | null): Promise<Edges<N> | undefined> => {
    const asked = { ...(JSON.parse(key) as object), after } as unknown as V;
    const result = await client.query(query, asked, { requestPolicy: "network-only" }).toPromise();
    setTrouble(result.error === undefined ? undefined : troubleOf(result.error));
    // An answer that is nothing but trouble has `null` where the data would be.
    const data = result.data ?? undefined;
    const found = data === undefined ? undefined : picks.current.pick(data);
    return found ?? (result.error === undefined && data !== undefined ? { edges: [], pageInfo: { hasNextPage: false } } : undefined);
  }, [client, key, query]);

  const refresh = useCallback(async () => {
    const page = await read(null);
    if (page === undefined) return;
    const front = page.edges.map((edge) => edge.node);
    setPages((before) => {
      const old = before.key === key ? before.pages : null;
      const merged = old === null ? null : refreshFront(old.rows, front, picks.current.keyOf);
      const begun = { rows: front, cursor: page.pageInfo.endCursor ?? null, any: page.pageInfo.hasNextPage };
      return { key, pages: old === null || merged === null || old.rows.length <= front.length ? begun : { ...old, rows: merged } };
    });
  }, [key, read]);

  const again = useCallback(() => { void refresh(); }, [refresh]);
  useEffect(() => { void refresh(); }, [refresh]);
  useOnNews(again, false);
  useRetry(trouble?.kind === "offline", again);

  const load = useCallback(() => {
    const cursor = current?.cursor ?? null;
    if (busy || cursor === null) return;
    setBusy(true);
    void read(cursor).then((page) => {
      setBusy(false);
      if (page === undefined) return;
      setPages((before) => {
        if (before.key !== key || before.pages === null) return before;
        const rows = append(before.pages.rows, page.edges.map((edge) => edge.node), picks.current.keyOf);
        return { key, pages: { rows, cursor: page.pageInfo.endCursor ?? null, any: page.pageInfo.hasNextPage } };
      });
    });
  }, [busy, current, key, read]);

  const { rows, any } = current ?? NONE;
  return useMemo(() => ({ rows, trouble: current === null ? trouble : undefined, loading: current === null && trouble === undefined, again, more: { any, loading: busy, load } }), [rows, any, current, trouble, again, busy, load]);
}

/** The answer, or what stands in its place. */
export function Answered<D>({ asked, waiting, children }: { asked: Asked<D>; waiting?: ReactNode; children: (data: D) => ReactNode }) {
  if (asked.data !== undefined && asked.trouble === undefined) return <>{children(asked.data)}</>;
  if (asked.trouble !== undefined) return <Failed trouble={asked.trouble} again={asked.again} />;
  return <>{waiting ?? <Skeleton />}</>;
}

export function Failed({ trouble, again }: { trouble: Trouble; again?: (() => void) | undefined }) {
  const action = trouble.kind === "signed-out"
    ? <a className="button button-main" href="/sign-in">{t("Sign in")}</a>
    : again !== undefined && ["offline", "busy", "fault"].includes(trouble.kind) && <Button icon="undo" onClick={again}>{t("Try again")}</Button>;
  return <TroubleNotice title={trouble.title} errorId={trouble.errorId} action={action}>{trouble.text}</TroubleNotice>;
}

/** A key of one intention: pressing twice, or again after a lost answer, does it once. */
export function freshKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

type Outcome = { status: string; refusal?: { text: string } | null };

/** Does something and tells what became of it. Answers whether it was done. */
export function useDo<D, V extends AnyVariables>(mutation: TypedDocumentNode<D, V>, outcomeOf: (data: D) => Outcome) {
  const [result, run] = useMutation<D, V>(mutation);
  const act = async (variables: V, said: string): Promise<D | undefined> => {
    const answer = await run(variables);
    if (answer.error !== undefined) {
      const trouble = troubleOf(answer.error);
      toast(trouble.errorId === undefined ? trouble.text : `${trouble.text} (${trouble.errorId})`, "bad");
      return undefined;
    }
    const data = answer.data ?? undefined;
    if (data === undefined) return undefined;
    const outcome = outcomeOf(data);
    if (outcome.refusal != null) {
      toast(outcome.refusal.text, "bad");
      return undefined;
    }
    toast(said);
    return data;
  };
  return { act, busy: result.fetching };
}
