// Every page in every state, in a real browser: no accessibility violation, no error of the content
// policy, nothing wider than a telephone, and no text of a member that becomes markup.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { createRequire } from "node:module";
import { launch } from "./browser.mjs";
import { PAGES } from "./pages.mjs";
import { serve } from "./standin.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE = 60_000;
let server, browser, base;

before(async () => {
  server = await serve();
  base = `http://127.0.0.1:${server.address().port}`;
  browser = await launch();
});
after(async () => {
  await browser.close();
  server.closeAllConnections();
  server.close();
});

/** Opens a page as somebody, and collects what went wrong in it. */
async function open(path, as, { width = 1280, scheme = "light" } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, reducedMotion: "reduce", locale: "en-GB" });
  await context.addCookies([{ name: "standin", value: as, url: base }]);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("dialog", (dialog) => { wrong.push(`a dialog said ${dialog.message()}`); void dialog.dismiss(); });
  // The stand-in has no news to tell: its WebSocket is refused.
  page.on("console", (message) => { if (message.type() === "error" && !/WebSocket|404|net::ERR/.test(message.text())) wrong.push(message.text()); });
  await page.goto(base + path);
  await page.locator("main h1, main .notice-title").first().waitFor();
  await page.waitForFunction(() => document.querySelector(".skeleton") === null);
  return { page, wrong, close: () => context.close() };
}

async function violations(page) {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const result = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    return result.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).slice(0, 3).join(" | ")}`);
  });
}

for (const [name, { path, as = "admin" }] of Object.entries(PAGES)) {
  describe(name, () => {
    const states = [
      { state: "as it is", mode: as, scheme: "light" },
      { state: "dark", mode: as, scheme: "dark" },
      ...(as === "anonymous" ? [] : [{ state: "empty", mode: "empty", scheme: "light" }, { state: "broken", mode: "broken", scheme: "light" }]),
    ];
    for (const { state, mode, scheme } of states) {
      it(`${state}: accessible, and within its policy`, async () => {
        const { page, wrong, close } = await open(path, mode, { scheme });
        assert.deepEqual(await violations(page), []);
        assert.deepEqual(wrong, []);
        await close();
      });
    }
    // proves: DSH-14
    it("fits a telephone", async () => {
      const { page, close } = await open(path, as, { width: 360 });
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(beyond <= 0, `${String(beyond)} pixels too wide`);
      await close();
    });
  });
}

describe("the dashboard", () => {
  const GUILD = "/g/900000000000000001";

  it("shows the difference before it saves, and what a rule said no to", async () => {
    const { page, close } = await open(`${GUILD}/settings/economy`, "admin");
    await page.getByLabel("Daily reward").fill("13");
    await page.getByRole("button", { name: "Look at the difference" }).click();
    const dialog = page.getByRole("dialog", { name: "This changes" });
    assert.match(await dialog.getByRole("list").innerText(), /Daily reward[\s\S]*120[\s\S]*13/);
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.getByText("use another number than 13").waitFor();
    await dialog.getByRole("button", { name: "Back" }).click();
    await page.getByLabel("Daily reward").fill("20000");
    await page.getByText("use 0 to 10,000").waitFor();
    await close();
  });

  it("goes anywhere by typing, and gives the keyboard back", async () => {
    const { page, close } = await open(`${GUILD}/overview`, "admin");
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").fill("audit");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/audit");
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").fill("#1200");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/history?seq=1200");
    await close();
  });

  it("lets nobody change the past, and says so", async () => {
    const { page, close } = await open(`${GUILD}/settings/economy?at=1200`, "admin");
    await page.getByText("Viewing the past").waitFor();
    await page.getByRole("switch", { name: "Announce rewards" }).click({ force: true });
    assert.equal(await page.getByRole("button", { name: "Look at the difference" }).count(), 0);
    await page.getByRole("link", { name: "Back to now" }).click();
    await page.getByRole("switch", { name: "Announce rewards" }).click();
    await page.getByRole("button", { name: "Look at the difference" }).waitFor();
    await close();
  });

  // proves: API-10
  it("makes a webhook, shows its secret once, and what it was told", async () => {
    const { page, wrong, close } = await open(`${GUILD}/webhooks`, "admin");
    await page.getByRole("button", { name: "Make a webhook" }).click();
    const dialog = page.getByRole("dialog", { name: "Make a webhook" });
    await dialog.getByLabel("Name").fill("our website");
    await dialog.getByLabel("Address").fill("https://example.org/hook");
    const make = dialog.getByRole("button", { name: "Make the webhook" });
    assert.equal(await make.getAttribute("title"), "Choose first what it hears of.");
    await dialog.getByRole("checkbox", { name: /^Economy/ }).check();
    await make.click();
    const told = page.getByRole("dialog", { name: "Its secret" });
    assert.match(await told.getByLabel("Secret").inputValue(), /^reevewh_/);
    assert.deepEqual(await violations(page), []);
    await told.getByRole("button", { name: "It is kept" }).click();
    await page.waitForURL("**/webhooks?webhook=*");
    const deliveries = page.getByRole("table", { name: "Deliveries" });
    assert.match(await deliveries.innerText(), /its receiver answered 500/);
    assert.deepEqual(wrong, []);
    await close();
  });

  it("hides from a member what is not theirs", async () => {
    const { page, close } = await open(`${GUILD}/overview`, "member");
    const pages = await page.getByRole("navigation", { name: "Pages" }).innerText();
    assert.match(pages, /Leaderboard/);
    assert.doesNotMatch(pages, /Audit log|Settings|Projections/);
    await close();
  });

  it("scrolls ten thousand lines without drawing them all, to the last", async () => {
    const { page, close } = await open(`${GUILD}/transactions`, "admin");
    const frame = page.getByRole("group", { name: "Movements" });
    const rows = frame.locator("tbody tr");
    await page.getByRole("button", { name: "Show more" }).click();
    await page.waitForFunction(() => document.querySelector(".table-long") !== null);
    for (;;) {
      const more = page.getByRole("button", { name: "Show more" });
      if ((await more.count()) === 0) break;
      await frame.evaluate((element) => { element.scrollTop = element.scrollHeight; });
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    }
    assert.ok((await rows.count()) < 120, "only what is in sight is drawn");
    await close();
  });

  // proves: ANA-05, ANA-09
  it("explores numbers by its address, draws them as a table too, and opens the events of a point", async () => {
    const { page, wrong, close } = await open(`${GUILD}/analytics?metric=joins&days=7&cmp=1`, "admin");
    await page.getByRole("heading", { name: "Joins", level: 2 }).waitFor();
    const button = page.locator("section", { has: page.getByRole("heading", { name: "Joins", level: 2 }) }).getByRole("button", { name: "Show as table" });
    await button.click();
    const rows = page.getByRole("table", { name: "Joins" }).locator("tbody tr");
    assert.equal(await rows.count(), 7, "a row for each day");
    assert.match(await page.getByRole("table", { name: "Joins" }).locator("thead").innerText(), /the 7 days before/);
    const saved = page.waitForEvent("download");
    await page.locator("section", { has: page.getByRole("heading", { name: "Joins", level: 2 }) }).getByRole("button", { name: "Save as CSV" }).click();
    assert.equal((await saved).suggestedFilename(), "joins-day.csv");
    await rows.first().click();
    await page.waitForURL(/\/audit\?/);
    assert.match(new URL(page.url()).searchParams.get("q"), /^type:activity\.member_joined since:2026-11-\d\dT\S+Z until:2026-11-21T23:00:00Z$/);
    await page.goBack();
    await page.getByLabel("Number").selectOption("COMMANDS");
    await page.waitForURL(/metric=commands/);
    await page.getByLabel("Split").selectOption("COMMAND");
    await page.waitForURL(/split=command/);
    await page.getByText("giveaway list").first().waitFor();
    assert.deepEqual(wrong, []);
    await close();
  });

  // proves: ECO-12, ANA-09
  it("saves a whole list by one press, narrowed as the page is, and says why where it cannot", async () => {
    const { page, wrong, close } = await open(`${GUILD}/transactions?kind=transfer&at=1200`, "admin");
    const asked = page.waitForRequest("**/api/v1/**");
    const saved = page.waitForEvent("download");
    await page.getByRole("group", { name: "Save the whole list transactions" }).getByRole("button", { name: "Parquet" }).click();
    const address = new URL((await asked).url());
    assert.match(address.pathname, /\/api\/v1\/guilds\/\d+\/exports\/transactions$/);
    assert.deepEqual(Object.fromEntries(address.searchParams), { format: "parquet", asOf: "#1200", kind: "transfer" });
    assert.equal((await saved).suggestedFilename(), "transactions.parquet");
    await page.goto(`${base}${GUILD}/exports`);
    const narrowed = page.waitForRequest("**/api/v1/**since=2026-11-02**");
    await page.getByLabel("From", { exact: true }).fill("2026-11-02");
    await page.getByRole("group", { name: "Save the whole list logs" }).getByRole("button", { name: "CSV" }).click();
    await narrowed;
    await page.route("**/api/v1/**", (route) => route.fulfill({ status: 429, contentType: "application/json", body: JSON.stringify({ errors: [{ message: "You had many files in a short time." }] }) }));
    await page.getByRole("group", { name: "Save the whole list cases" }).getByRole("button", { name: "CSV" }).click();
    await page.getByText("You had many files in a short time.").waitFor();
    assert.deepEqual(wrong.filter((line) => !line.includes("429")), []);
    await close();
  });

  // proves: OPS-03
  it("looks every half minute by itself whether all is well, and says so when nobody answers", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    await page.clock.install();
    await page.goto(`${base}/status`);
    await page.getByText("All is well.").waitFor();
    const again = page.waitForRequest("**/graphql");
    await page.clock.fastForward(31_000);
    await again;
    await page.route("**/graphql", (route) => route.abort());
    await page.clock.fastForward(31_000);
    await page.getByText("No connection").waitFor();
    await context.close();
  });

  it("shows a picture where there is one, and initials where it does not load", async () => {
    const { page, wrong, close } = await open(`${GUILD}/leaderboard`, "admin");
    await page.route("https://cdn.discordapp.com/**", (route) => route.fulfill({ contentType: "image/svg+xml", body: '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>' }));
    await page.reload();
    const first = page.locator("tbody tr").first();
    await first.locator("img.avatar").waitFor();
    await page.unroute("https://cdn.discordapp.com/**");
    await page.route("https://cdn.discordapp.com/**", (route) => route.abort());
    await page.reload();
    await first.locator("span.avatar").waitFor();
    assert.deepEqual(wrong, []);
    await close();
  });

  it("speaks German when asked to, and keeps it", async () => {
    const { page, close } = await open(`${GUILD}/overview`, "admin");
    await page.getByRole("button", { name: "Deutsch" }).click();
    await page.getByRole("heading", { name: "Überblick", level: 1 }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Überblick", level: 1 }).waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), "de");
    await close();
  });

  it("says that it waits while a server is slow, and what to do when it is gone", async () => {
    const context = await browser.newContext();
    await context.addCookies([{ name: "standin", value: "slow", url: base }]);
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    await page.goto(`${base}${GUILD}/overview`);
    await page.getByText("Loading").first().waitFor({ state: "attached" });
    await page.route("**/graphql", (route) => route.abort());
    await page.reload();
    await page.getByText("No connection").waitFor();
    await page.unroute("**/graphql");
    await context.addCookies([{ name: "standin", value: "admin", url: base }]);
    await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
    await context.close();
  });
});

describe("an operator without Discord", () => {
  const fill = async (page, name, code) => {
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password").fill("correct horse battery");
    await page.getByLabel("Code").fill(code);
    await page.getByRole("button", { name: "Sign in" }).click();
  };

  it("signs in, sees the operators' pages that are no community's, and no more", async () => {
    const { page, wrong, close } = await open("/sign-in", "anonymous");
    await page.getByRole("link", { name: "For operators" }).click();
    await fill(page, "ada", "123456");
    await page.getByRole("heading", { name: "Projections", level: 1 }).waitFor();
    const pages = await page.getByRole("navigation", { name: "Pages" }).innerText();
    assert.match(pages, /Projections[\s\S]*Maintenance/);
    assert.doesNotMatch(pages, /Cases everywhere|Break the glass|Overview/);
    await page.goto(`${base}/`);
    await page.getByText("You are signed in without Discord").waitFor();
    assert.deepEqual(wrong, []);
    await close();
  });

  it("is told that something was wrong, not what; and keeps what was typed but the code", async () => {
    const { page, close } = await open("/sign-in/operator?return=/ops/effects", "anonymous");
    await fill(page, "ada", "000000");
    await page.getByText("The name, the password or the code is wrong.").waitFor();
    assert.deepEqual(await violations(page), []);
    assert.equal(await page.getByLabel("Name").inputValue(), "ada");
    assert.equal(await page.getByLabel("Code").inputValue(), "");
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("name")), "code");
    await page.getByLabel("Code").fill("123456");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Effects", level: 1 }).waitFor();
    await close();
  });

  it("waits after too many tries, sees how long, and goes on by itself", async () => {
    const context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce" });
    await context.addCookies([{ name: "standin", value: "anonymous", url: base }]);
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    await page.clock.install();
    await page.goto(`${base}/sign-in/operator`);
    await fill(page, "locked", "123456");
    await page.getByRole("status").getByText(/It goes on in \d+ s\./).waitFor();
    assert.equal(await page.getByRole("button", { name: "Sign in" }).getAttribute("aria-disabled"), "true");
    assert.deepEqual(await violations(page), []);
    await page.clock.runFor(43_000);
    await page.getByText("You can try again now.").waitFor();
    await fill(page, "broken", "123456");
    await page.getByText("Its error id is e-7F3K2.").waitFor();
    await context.close();
  });
});

describe("moderation", () => {
  const GUILD = "/g/900000000000000001";

  it("acts on a member from their page, and shows what a rule said no to", async () => {
    const { page, wrong, close } = await open(`${GUILD}/members/100000000000000003`, "admin");
    await page.getByRole("button", { name: "Warn" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Why").fill("spam");
    await dialog.getByRole("button", { name: "Warn" }).click();
    await page.getByText("Your highest role must be above theirs for this.").waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Time out" }).click();
    await dialog.getByLabel("How long").fill("soon");
    await dialog.getByText("Write a length from 1 minute to 5 years").waitFor();
    await dialog.getByRole("button", { name: "7d" }).click();
    await dialog.getByRole("button", { name: "Time out" }).click();
    await page.getByText("Ordered. Whether Discord did it stands on the case in a moment.").waitFor();
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(wrong, []);
    await close();
  });

  // proves: DSH-10
  it("turns from case to case with j and k, and its filters stand in the address", async () => {
    const { page, close } = await open(`${GUILD}/cases`, "admin");
    await page.getByLabel("Kind", { exact: true }).selectOption("ban");
    await page.waitForURL("**/cases?kind=ban");
    await page.getByLabel("Only what holds").check();
    await page.waitForURL("**/cases?kind=ban&active=1");
    await page.getByRole("link", { name: "#58" }).click();
    // The title has the case's kind once its neighbours are known.
    await page.getByRole("heading", { level: 1, name: "Case 58:" }).waitFor();
    await page.keyboard.press("j");
    await page.getByRole("heading", { level: 1, name: "Case 57:" }).waitFor();
    await page.keyboard.press("k");
    await page.getByRole("heading", { level: 1, name: "Case 58:" }).waitFor();
    await close();
  });

  it("plays a case again, and leads to what it was then", async () => {
    const { page, close } = await open(`${GUILD}/cases/41`, "admin");
    const replay = page.getByRole("group", { name: "Replay" });
    await replay.getByRole("slider").fill("1");
    await replay.getByText("1 / 9").waitFor();
    assert.equal(await page.locator(".timeline-title .entry-later").count(), 8);
    await replay.getByRole("button", { name: "Replay" }).click();
    await replay.getByText("9 / 9").waitFor();
    await page.getByRole("link", { name: "As it was then" }).first().click();
    await page.getByText("Viewing the past").waitFor();
    assert.equal(await page.getByRole("button", { name: "Add a note" }).getAttribute("aria-disabled"), "true");
    await close();
  });

  it("saves a case as a text, without whom it is about unless one says so", async () => {
    const { page, close } = await open(`${GUILD}/cases/41`, "admin");
    const name = (await page.locator(".case-head .person bdi").first().innerText()).trim();
    const saves = async () => {
      const saved = page.waitForEvent("download");
      await page.getByRole("button", { name: "Save", exact: true }).click();
      const file = await saved;
      assert.equal(file.suggestedFilename(), "case-41.md");
      return readFileSync(await file.path(), "utf8");
    };
    await page.getByRole("button", { name: "Save as a text" }).click();
    const without = await saves();
    assert.match(without, /^# Case 41: /);
    assert.match(without, /The member/);
    assert.equal(without.includes(name), false, without);
    assert.equal(/\d{15,20}/.test(without), false, without);
    await page.getByRole("button", { name: "Save as a text" }).click();
    await page.getByRole("switch", { name: "With names and ids" }).click();
    assert.equal((await saves()).includes(name), true);
    await close();
  });

  it("has a member appeal, also where they were banned, and tells why not", async () => {
    const { page, close } = await open("/me/appeals", "member");
    const again = page.getByRole("article", { name: "Case 4", exact: true });
    await again.getByText("Write again once you have two-factor authentication.").waitFor();
    await again.getByRole("button", { name: "Appeal" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Why it should be looked at again").fill("no");
    await dialog.getByRole("button", { name: "Appeal" }).click();
    await page.getByText("Your appeal is being looked at. Wait for the answer.").waitFor();
    await dialog.getByLabel("Why it should be looked at again").fill("I have it now");
    await dialog.getByRole("button", { name: "Appeal" }).click();
    await page.getByText("Your appeal is with the moderators of The Other Place.").waitFor();
    const waiting = page.getByRole("article", { name: "Case 41" });
    assert.equal(await waiting.getByRole("button", { name: "Appeal" }).getAttribute("title"), "Your appeal is being looked at.");
    await close();
  });

  it("shows what taking back would come to before it is done", async () => {
    const { page, close } = await open(`${GUILD}/moderators`, "admin");
    await page.getByRole("button", { name: "Take back by cause" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Of the last hours").fill("2");
    await dialog.getByText("14 warnings, 2 timeouts and 1 bans").waitFor();
    await dialog.getByRole("button", { name: "Take 17 back" }).click();
    await page.getByText("Taken back.").waitFor();
    await close();
  });
});
