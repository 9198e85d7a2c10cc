/** Who is signed in, asked once for the whole page. */
import { createContext, useContext, type ReactNode } from "react";
import { useAsk, type Asked } from "../api/ask";
import { graphql, type ResultOf } from "../api/graphql";

const VIEWER = graphql(`
  query Viewer {
    viewer {
      userId
      name
      avatarUrl
      isOperator
      guilds { id name iconUrl memberCount permissions }
    }
  }
`);

export type Viewer = NonNullable<ResultOf<typeof VIEWER>["viewer"]>;
export type GuildCard = Viewer["guilds"][number];

const Session = createContext<Asked<ResultOf<typeof VIEWER>> | null>(null);

export function SessionProvider({ children }: { children: ReactNode }) {
  const asked = useAsk(VIEWER, {});
  return <Session value={asked}>{children}</Session>;
}

export function useSession(): Asked<ResultOf<typeof VIEWER>> {
  const session = useContext(Session);
  if (session === null) throw new Error("there is no session outside of its provider");
  return session;
}

/** Within pages that only somebody signed in comes to. */
export function useViewer(): Viewer {
  const viewer = useSession().data?.viewer;
  if (viewer == null) throw new Error("this page is for somebody who is signed in");
  return viewer;
}

/** Within pages of a community: whoever sees one is somebody at Discord. */
export function useOwnId(): string {
  const { userId } = useViewer();
  if (userId === null) throw new Error("a community knows nobody without Discord");
  return userId;
}
