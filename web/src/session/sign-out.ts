/** Ends the session here, and forgets what was loaded by leaving the page. */
import { csrfToken } from "../api/csrf";
import { t } from "../i18n";
import { toast } from "../ui/toast";

export async function signOut(): Promise<void> {
  try {
    const answer = await fetch("/auth/sign-out", { method: "POST", credentials: "same-origin", headers: { "x-csrf-token": csrfToken() } });
    if (!answer.ok) throw new Error(`HTTP ${String(answer.status)}`);
    location.assign("/sign-in");
  } catch {
    toast(t("You are still signed in: the server did not answer. Try again."), "bad");
  }
}
