/** News of a community: a number that grows whenever something happened there, so that pages ask anew. */
import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useSubscription } from "urql";
import { graphql } from "./graphql";

const CHANGED = graphql(`
  subscription Changed($guild: Snowflake!) { changed(guild: $guild) { seq } }
`);

const News = createContext(0);

/**
 * Read models follow the log: asked for soon after news, however much there is not more often than this, and once more
 * for what came a moment later.
 */
const SOON_MS = 100;
const APART_MS = 250;
const ONCE_MORE_MS = 1_100;

export function LiveProvider({ guild, children }: { guild: string | undefined; children: ReactNode }) {
  const variables = useMemo(() => ({ guild: guild ?? "0" }), [guild]);
  const [result] = useSubscription({ query: CHANGED, variables, pause: guild === undefined });
  const seq = result.data?.changed.seq;
  const [news, setNews] = useState(0);
  const soon = useRef<ReturnType<typeof setTimeout>>(undefined);
  const onceMore = useRef<ReturnType<typeof setTimeout>>(undefined);
  const toldAt = useRef(0);
  useEffect(() => {
    if (seq === undefined) return;
    const tell = () => {
      soon.current = undefined;
      toldAt.current = Date.now();
      setNews((before) => before + 1);
    };
    soon.current ??= setTimeout(tell, Math.max(SOON_MS, toldAt.current + APART_MS - Date.now()));
    clearTimeout(onceMore.current);
    onceMore.current = setTimeout(tell, ONCE_MORE_MS);
  }, [seq]);
  useEffect(() => () => {
    clearTimeout(soon.current);
    clearTimeout(onceMore.current);
    soon.current = undefined;
  }, [guild]);
  return <News value={news}>{children}</News>;
}

export function useNews(): number {
  return useContext(News);
}
