// `reeve demo` with a browser in front of it: it plays its community, and people sign in through its
// local Discord. REEVE_BINARY says which one.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const BINARY = resolve(process.env.REEVE_BINARY ?? "../target/debug/reeve");
/** A debug build plays its history on a busy machine. */
export const BEGINS_MS = 300_000;
export const PATIENCE_MS = 90_000;

/** Begins a demo of such a community; `end` takes it away again, with its folder when it is ours. */
export async function begin({ members, days, home }) {
  const folder = home ?? mkdtempSync(join(tmpdir(), "reeve-dashboard-"));
  const child = spawn(BINARY, ["--data-dir", folder, "demo", "--members", String(members), "--days", String(days), "--listen", "127.0.0.1:0", "--discord", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "pipe"], env: plain(process.env) });
  const end = async () => {
    if (child.exitCode === null) {
      child.kill("SIGINT");
      await once(child, "exit");
    }
    if (home === undefined) rmSync(folder, { recursive: true, force: true });
  };
  try {
    return { origin: await begun(child), end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Without the variables that are meant for this test: the bot refuses what it does not know. */
function plain(environment) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("REEVE_")));
}

/** Where the demo says that the dashboard is. */
function begun(child) {
  return new Promise((found, failed) => {
    let said = "";
    const timer = setTimeout(() => { failed(new Error(`the demo did not begin: ${said}`)); }, BEGINS_MS);
    const hear = (part) => {
      said += part;
      const address = /Dashboard\s+(http:\/\/\S+)/.exec(said)?.[1];
      if (address === undefined) return;
      clearTimeout(timer);
      found(address);
    };
    child.stdout.setEncoding("utf8").on("data", hear);
    child.stderr.setEncoding("utf8").on("data", hear);
    child.on("exit", (code) => { clearTimeout(timer); failed(new Error(`the demo ended with ${String(code)}: ${said}`)); });
  });
}

/** Signs somebody in, at the overview of the demo's community; without a name whoever is least there. */
export async function signIn(page, origin, name) {
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(origin);
  await page.getByRole("link", { name: "Sign in with Discord" }).click();
  const people = page.getByLabel("Who are you?");
  const option = name ?? await people.locator("optgroup:not([label='In no server']) option").last().textContent();
  await people.selectOption({ label: option });
  await page.getByRole("button", { name: "Authorize" }).click();
  await page.getByRole("heading", { name: "Your communities" }).waitFor();
  await page.locator(".guild-card").first().click();
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
}
