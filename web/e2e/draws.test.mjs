// Giveaways, codes and squads in a real browser: what a host does, what a stranger checks.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { launch } from "./browser.mjs";
import { GIVEAWAY } from "./draws.mjs";
import { serve } from "./standin.mjs";

const PATIENCE = 60_000;
const GUILD = "/g/900000000000000001";
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

async function open(path, as) {
  const context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce" });
  await context.addCookies([{ name: "standin", value: as, url: base }]);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.goto(base + path);
  return { page, close: () => context.close() };
}

describe("a draw", () => {
  it("is checked by a stranger's own browser, and a forged one is found out", async () => {
    const { page, close } = await open(`/p/giveaway/${GIVEAWAY}`, "anonymous");
    const verify = page.getByRole("button", { name: "Verify in my browser" });
    await verify.click();
    await page.getByText("The draw is right.").waitFor();
    await page.getByText("drawn again: 8, 2, 10, 3, 5").waitFor();
    // Somebody else is said to have won.
    await page.route("**/draw.jsonl", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: (await answer.text()).replace('{"drawn":8', '{"drawn":9') });
    });
    await verify.click();
    await page.getByText("This does not add up.").waitFor();
    await page.getByText("pick 0 is not entry 9").waitFor();
    await page.unroute("**/draw.jsonl");
    await page.route("**/draw.jsonl", (route) => route.abort());
    await verify.click();
    await page.getByText("could not be fetched").waitFor();
    await close();
  });
});

describe("the manager of giveaways", () => {
  // proves: GIV-17
  it("makes one, and says what a rule says no to", async () => {
    const { page, close } = await open(`${GUILD}/giveaways`, "admin");
    await page.getByRole("button", { name: "New giveaway" }).first().click();
    const dialog = page.getByRole("dialog", { name: "New giveaway" });
    await dialog.getByLabel("Prize").fill("nothing");
    await dialog.getByLabel("Channel").selectOption({ label: "#general" });
    const post = dialog.getByRole("button", { name: "Post it" });
    assert.equal(await post.getAttribute("aria-disabled"), "true", "it does not say yet how long it runs");
    await dialog.getByLabel("Runs for").fill("24h");
    await post.click();
    await page.getByText("Choose an end from 10 seconds").waitFor();
    await dialog.getByLabel("Prize").fill("A bench");
    await post.click();
    await page.waitForURL(`**/giveaways/${GIVEAWAY}`);
    await close();
  });

  it("shows a member no deed and no list of who is in", async () => {
    const { page, close } = await open(`${GUILD}/giveaways/${GIVEAWAY}`, "member");
    await page.getByRole("heading", { name: "Proof" }).waitFor();
    await page.getByRole("heading", { name: "Your entry" }).waitFor();
    for (const name of ["Reroll", "Call off", "New giveaway"]) assert.equal(await page.getByRole("button", { name }).count(), 0, name);
    assert.equal(await page.getByRole("heading", { name: "Entrants" }).count(), 0);
    await close();
  });

  it("rerolls only with a reason", async () => {
    const { page, close } = await open(`${GUILD}/giveaways/${GIVEAWAY}`, "admin");
    await page.getByRole("button", { name: "Reroll" }).first().click();
    const dialog = page.getByRole("dialog");
    const go = dialog.getByRole("button", { name: "Reroll" });
    assert.equal(await go.getAttribute("aria-disabled"), "true");
    await dialog.getByLabel("Why").fill("asked for it");
    await go.click();
    await page.getByText("Somebody else is drawn now.").waitFor();
    await close();
  });
});

describe("codes", () => {
  it("are shown once, when they are made", async () => {
    const { page, close } = await open(`${GUILD}/codes`, "admin");
    await page.getByRole("button", { name: "New codes" }).first().click();
    const dialog = page.getByRole("dialog", { name: "New codes" });
    await dialog.getByLabel("Name").fill("Spring");
    await dialog.getByLabel("How many").fill("25");
    await dialog.getByLabel("So many codes").fill("3");
    await dialog.getByRole("button", { name: "Make them" }).click();
    const made = page.getByRole("dialog", { name: "The codes of Spring" });
    assert.match(await made.locator("pre").innerText(), /7KQ2-M9XD-1000\s+7KQ2-M9XD-1001\s+7KQ2-M9XD-1002/);
    await made.getByRole("button", { name: "I have them" }).click();
    await made.waitFor({ state: "detached" });
    assert.doesNotMatch(await page.locator("main").innerText(), /7KQ2/);
    await close();
  });
});

describe("squads", () => {
  // proves: DSH-11
  it("are made with a role, closed and deleted, and a rule's no is told", async () => {
    const { page, close } = await open(`${GUILD}/squads`, "admin");
    await page.getByRole("button", { name: "New squad" }).first().click();
    const dialog = page.getByRole("dialog", { name: "New squad" });
    await dialog.getByLabel("Name").fill("Red");
    await dialog.getByLabel("Role").selectOption({ label: "@Regular" });
    await dialog.getByRole("button", { name: "Make it" }).click();
    await page.getByText("Another squad has this name.").waitFor();
    await dialog.getByLabel("Name").fill("Green");
    await dialog.getByRole("button", { name: "Make it" }).click();
    await page.getByText("Members can join it now.").waitFor();
    await page.getByRole("row", { name: /Red/ }).click();
    await page.getByRole("button", { name: "Deactivate" }).click();
    await page.getByText("Nobody can join it now").waitFor();
    await page.getByRole("button", { name: "Delete" }).click();
    const sure = page.getByRole("dialog", { name: "Delete Red?" });
    await sure.getByText("214 members leave").waitFor();
    await sure.getByRole("button", { name: "Delete" }).click();
    await page.getByText("It is deleted").waitFor();
    await close();
  });
});
