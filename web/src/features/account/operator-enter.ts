/** Signs an operator in: asks for the form's token, and sends the form with it. */

export type Filled = { name: string; password: string; code: string };

/** Why it did not work. */
export type Problem = { kind: "wrong" } | { kind: "wait"; secs: number } | { kind: "old" } | { kind: "lost" } | { kind: "fault"; errorId: string | undefined };

const ADDRESS = "/auth/operator";
const PATIENCE_MS = 30_000;

/** Nothing where it worked: then the browser has its session. */
export async function enter(filled: Filled): Promise<Problem | undefined> {
  try {
    const form = await fetch(ADDRESS, { credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!form.ok) return await problemOf(form);
    const { csrf } = (await form.json()) as { csrf: string };
    const answer = await fetch(ADDRESS, {
      method: "POST",
      credentials: "same-origin",
      headers: { "content-type": "application/json", "x-csrf-token": csrf },
      body: JSON.stringify(filled),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return answer.ok ? undefined : await problemOf(answer);
  } catch {
    return { kind: "lost" };
  }
}

export async function problemOf(answer: Response): Promise<Problem> {
  if (answer.status === 401) return { kind: "wrong" };
  if (answer.status === 403) return { kind: "old" };
  if (answer.status === 429) return { kind: "wait", secs: wholeSeconds(answer.headers.get("retry-after")) };
  const told: unknown = await answer.json().catch(() => null);
  const errors = told as { errors?: { extensions?: { errorId?: string } }[] } | null;
  return { kind: "fault", errorId: errors?.errors?.[0]?.extensions?.errorId };
}

/** How long to wait until the next try. */
export function seconds(problem: Problem): number {
  return problem.kind === "wait" ? problem.secs : 0;
}

function wholeSeconds(said: string | null): number {
  const secs = Number(said ?? "");
  return Number.isInteger(secs) && secs > 0 && secs <= 3_600 ? secs : 5;
}
