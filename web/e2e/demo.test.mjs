// The dashboard on the bot itself: `reeve demo` plays a small community, people sign in through its
// local Discord, and what one does in a browser is what another sees.
//
//   REEVE_BINARY=target/debug/reeve node --test e2e/demo.test.mjs
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { begin, BEGINS_MS, signIn as signInAt } from "./bot.mjs";
import { launch } from "./browser.mjs";

let demo, browser, origin;

before(async () => {
  demo = await begin({ members: 20, days: 3 });
  origin = demo.origin;
  browser = await launch();
}, { timeout: BEGINS_MS + 30_000 });

after(async () => {
  await browser?.close();
  await demo?.end();
});

/** A browser of its own in which somebody is signed in. */
async function signIn(name) {
  const context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce" });
  const page = await context.newPage();
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("console", (message) => { if (message.type() === "error" && /Content Security|Trusted/i.test(message.text())) wrong.push(message.text()); });
  await signInAt(page, origin, name);
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

// Each sees what is theirs: the whole menu, so that a page too many is noticed as well as one too few.
const EVERYBODYS = ["Overview", "Levels", "Leaderboard", "Your bytes", "Giveaways", "Squads", "Tiers", "API keys"];
const STAFF = ["Analytics", "Transactions", "Members", "Cases", "Appeals", "Moderators", "Logs", "Exports"];
const READS_ALL = [...STAFF, "Codes", "Audit log", "History", "Modules", "Settings", "Access"];
const MANAGES = [...READS_ALL, "Webhooks"];
const OPERATORS = ["Projections", "Dead letters", "Effects", "Cases everywhere", "Requests", "Maintenance", "Break the glass"];
const PERSONAS = {
  Lene: { what: "an analyst", sees: ["Analytics", "Transactions", "Members", "Exports"] },
  Jonas: { what: "an auditor", sees: READS_ALL },
  // Moderators of this community may read Discord's own audit log, and so ours.
  Tobi: { what: "a moderator", sees: READS_ALL },
  Maren: { what: "an admin", sees: MANAGES },
  Astrid: { what: "the owner and operator", sees: [...MANAGES, ...OPERATORS] },
};

describe("each persona", () => {
  for (const [name, { what, sees }] of Object.entries(PERSONAS)) {
    it(`${name}, ${what}, sees what is theirs`, async () => {
      const { page, wrong, close } = await signIn(name);
      const links = await page.getByRole("navigation", { name: "Pages" }).locator(".side-link").allInnerTexts();
      assert.deepEqual(links.map((link) => link.trim()).sort(), [...EVERYBODYS, ...sees].sort());
      assert.deepEqual(wrong, []);
      await close();
    });
  }

  it("stands under what they are on the local Discord's page", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(origin);
    await page.getByRole("link", { name: "Sign in with Discord" }).click();
    const groups = page.getByLabel("Who are you?").locator("optgroup");
    await groups.first().waitFor({ state: "attached" });
    for (const [group, who] of [["Owner", "Astrid"], ["Admin", "Maren"], ["Moderator", "Tobi"], ["Auditor", "Jonas"], ["Analyst", "Lene"]]) {
      const people = await page.locator(`optgroup[label="${group}"] option`).allTextContents();
      assert.ok(people.includes(who), `${who} is no ${group}: ${people.join()}`);
    }
    await context.close();
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
