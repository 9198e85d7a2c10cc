/** News of a community: a number that grows whenever something happened there, so that pages ask anew. */
import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useSubscription } from "urql";
import { graphql } from "./graphql";

const CHANGED = graphql(`
  subscription Changed($guild: Snowflake!) { changed(guild: $guild) { seq } }
`);

const News = createContext(0);

/** Read models follow the log: asked at once for what is there, and once more for what came a moment later. */
const AT_ONCE_MS = 120;
const ONCE_MORE_MS = 1_100;

export function LiveProvider({ guild, children }: { guild: string | undefined; children: ReactNode }) {
  const variables = useMemo(() => ({ guild: guild ?? "0" }), [guild]);
  const [result] = useSubscription({ query: CHANGED, variables, pause: guild === undefined });
  const seq = result.data?.changed.seq;
  const [news, setNews] = useState(0);
  const planned = useRef<ReturnType<typeof setTimeout>[]>([]);
  const latest = useRef(seq);
  useEffect(() => {
    latest.current = seq;
    if (seq === undefined || planned.current.length > 0) return;
    const plan = () => {
      const from = latest.current;
      const tell = () => { setNews((before) => before + 1); };
      planned.current = [
        setTimeout(tell, AT_ONCE_MS),
        setTimeout(() => {
          planned.current = [];
          tell();
          if (latest.current !== from) plan();
        }, ONCE_MORE_MS),
      ];
    };
    plan();
  }, [seq]);
  useEffect(() => () => {
    for (const timer of planned.current) clearTimeout(timer);
    planned.current = [];
  }, [guild]);
  return <News value={news}>{children}</News>;
}

export function useNews(): number {
  return useContext(News);
}
