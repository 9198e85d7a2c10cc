/** The token that shows that a request comes from our own page: it goes with every request, and the server tells it with the session. */

type Told = { signedIn: boolean; csrf: string | null; canSignIn: boolean };

let token = "";
let canSignIn = true;

export function csrfToken(): string {
  return token;
}

/** Whether this installation knows how to have people sign in. */
export function signInIsOffered(): boolean {
  return canSignIn;
}

/** Asks the server anew; what cannot be asked is found out by the next request. */
export async function learnSession(): Promise<void> {
  try {
    const answer = await fetch("/auth/session", { credentials: "same-origin" });
    if (!answer.ok || !(answer.headers.get("content-type") ?? "").includes("json")) return;
    const told = (await answer.json()) as Told;
    token = told.csrf ?? "";
    canSignIn = told.canSignIn;
  } catch {
    // Offline: the first question tells people so.
  }
}
