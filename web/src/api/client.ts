/** How the dashboard talks with the server: questions by POST, news by one WebSocket. */
import { cacheExchange, Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient, type Sink } from "graphql-ws";
import { connection, heard, lost } from "./connection";
import { csrfToken, learnSession } from "./csrf";

const ENDPOINT = "/graphql";
/** A server that says nothing for so long is taken for unreachable. */
const PATIENCE_MS = 20_000;

const socket = createClient({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${ENDPOINT}`,
  lazy: true,
  retryAttempts: Infinity,
  connectionParams: async () => {
    // After a break the session may be another one.
    if (connection() === "lost") await learnSession();
    return { csrf: csrfToken() };
  },
  // Longer from try to try, at most half a minute, and not all browsers in the same moment.
  retryWait: async (tries) => {
    const wait = Math.min(30_000, 500 * 2 ** tries);
    await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random() / 2)));
  },
  shouldRetry: (problem) => !(problem instanceof CloseEvent && problem.code === 4403),
  on: { connected: heard, closed: lost },
});

async function ask(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  let answer = await send(input, init);
  // Another session than this page began with: somebody signed in anew beside it.
  if (answer.status === 403) {
    await learnSession();
    answer = await send(input, init);
  }
  if (!answer.ok && !(answer.headers.get("content-type") ?? "").includes("json")) throw new Error(`HTTP ${String(answer.status)}`);
  return answer;
}

function send(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const timeout = AbortSignal.timeout(PATIENCE_MS);
  const signal = init?.signal == null ? timeout : AbortSignal.any([init.signal, timeout]);
  const headers = new Headers(init?.headers);
  headers.set("x-csrf-token", csrfToken());
  return fetch(input, { ...init, headers, signal });
}

export function makeClient(): Client {
  return new Client({
    url: ENDPOINT,
    preferGetMethod: false,
    fetch: ask,
    fetchOptions: { credentials: "same-origin" },
    exchanges: [
      cacheExchange,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe({ query: request.query ?? "", variables: request.variables as Record<string, unknown> }, sink as Sink),
          }),
        }),
      }),
    ],
  });
}
