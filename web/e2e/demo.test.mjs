// The dashboard on the bot itself: `reeve demo` plays a small community, people sign in through its
// local Discord, and what one does in a browser is what another sees.
//
//   REEVE_BINARY=target/debug/reeve node --test e2e/demo.test.mjs
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { launch } from "./browser.mjs";

const BINARY = resolve(process.env.REEVE_BINARY ?? "../target/debug/reeve");
/** A debug build plays its history on a busy machine. */
const BEGINS_MS = 300_000;
const PATIENCE = 90_000;
let home, demo, origin, browser;

before(async () => {
  home = mkdtempSync(join(tmpdir(), "reeve-dashboard-"));
  demo = spawn(BINARY, ["--data-dir", home, "demo", "--members", "20", "--days", "3", "--listen", "127.0.0.1:0", "--discord", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "pipe"], env: plain(process.env) });
  origin = await begun(demo);
  browser = await launch();
}, { timeout: BEGINS_MS + 30_000 });

after(async () => {
  await browser?.close();
  if (demo?.exitCode === null) {
    demo.kill("SIGINT");
    await once(demo, "exit");
  }
  rmSync(home, { recursive: true, force: true });
});

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

/** A browser in which somebody is signed in, at the overview of the demo's community. */
async function signIn(name) {
  const context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("console", (message) => { if (message.type() === "error" && /Content Security|Trusted/i.test(message.text())) wrong.push(message.text()); });
  await page.goto(origin);
  await page.getByRole("link", { name: "Sign in with Discord" }).click();
  const people = page.getByLabel("Who are you?");
  const option = name === undefined ? await people.locator("option").last().textContent() : name;
  await people.selectOption({ label: option });
  await page.getByRole("button", { name: "Authorize" }).click();
  await page.getByRole("heading", { name: "Your communities" }).waitFor();
  await page.locator(".guild-card").first().click();
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  return { page, wrong, close: () => context.close() };
}

const menu = (page, name) => page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name, exact: true }).click();

describe("the owner", () => {
  it("walks through every page, and nothing breaks or leaves the policy", async () => {
    const { page, wrong, close } = await signIn("Astrid");
    for (const name of ["Leaderboard", "Transactions", "Members", "Audit log", "History", "Modules", "Settings", "Access", "Projections", "Dead letters", "Effects", "Maintenance"]) {
      await menu(page, name);
      await page.getByRole("heading", { name, level: 1 }).waitFor();
      await page.waitForFunction(() => document.querySelector(".skeleton") === null);
      assert.equal(await page.getByRole("main").getByRole("alert").count(), 0, `${name} is in trouble`);
    }
    assert.deepEqual(wrong, []);
    await close();
  });

  it("changes a setting, finds it as an event, and takes it back", async () => {
    const { page, close } = await signIn("Astrid");
    await menu(page, "Settings");
    await page.getByRole("link", { name: /Economy/ }).click();
    const field = page.getByLabel("Daily reward", { exact: true }).or(page.locator(".setting input").first()).first();
    const before = await field.inputValue();
    const after = before.replace(/\D/g, "") === "77" ? "78" : "77";
    await field.fill(after);
    await page.getByRole("button", { name: "Look at the difference" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved. It holds from now on").waitFor();
    await page.getByRole("button", { name: "Back to before" }).first().click();
    await page.getByRole("button", { name: "Take back" }).click();
    await page.getByText("Taken back.").waitFor();
    await page.waitForFunction(({ wanted }) => [...document.querySelectorAll(".setting input")].some((input) => input.value === wanted), { wanted: before });
    await menu(page, "Audit log");
    await page.getByText("changed the economy's settings").first().waitFor();
    await close();
  });

  it("sees in one browser what was done in another, without a reload", async () => {
    const one = await signIn("Astrid");
    const other = await signIn("Astrid");
    await other.page.getByText("Live", { exact: true }).waitFor();
    await menu(other.page, "Modules");
    await menu(one.page, "Modules");
    const switches = [one, other].map(({ page }) => page.getByRole("switch", { name: "Moderation" }));
    const was = await switches[0].getAttribute("aria-checked");
    await switches[0].click();
    await other.page.waitForFunction(({ was }) => document.querySelector('[role="switch"][aria-label="Moderation"]')?.getAttribute("aria-checked") !== was, { was });
    await switches[0].click();
    await one.close();
    await other.close();
  });

  it("looks at the past, where nothing can be changed", async () => {
    const { page, close } = await signIn("Astrid");
    await menu(page, "History");
    const slider = page.getByRole("slider", { name: "Moment of history" });
    await slider.focus();
    await page.keyboard.press("Home");
    await page.waitForURL(/seq=1(&|$)/);
    await page.getByText("unaltered").first().waitFor();
    await page.getByRole("link", { name: "All pages as of then" }).click();
    await page.getByText("Viewing the past").waitFor();
    await page.getByRole("link", { name: "Back to now" }).click();
    await page.getByText("Viewing the past").waitFor({ state: "detached" });
    await close();
  });
});

describe("a member", () => {
  it("sees boards and nothing of the staff's, also by address", async () => {
    const { page, close } = await signIn(undefined);
    const pages = await page.getByRole("navigation", { name: "Pages" }).innerText();
    assert.doesNotMatch(pages, /Audit log|Access|Projections/);
    const guild = new URL(page.url()).pathname.split("/")[2];
    await page.goto(`${origin}/g/${guild}/audit`);
    await page.getByText("You may not see this").waitFor();
    await page.goto(`${origin}/ops/projections`);
    await page.getByText("You may not see this").waitFor();
    await close();
  });

  it("is signed out for good", async () => {
    const { page, close } = await signIn(undefined);
    const address = page.url();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("link", { name: "Sign in with Discord" }).waitFor();
    await page.goto(address);
    await page.getByRole("link", { name: "Sign in with Discord" }).waitFor();
    await close();
  });
});
