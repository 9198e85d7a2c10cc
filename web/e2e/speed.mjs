// How long people wait in a browser, on the bot itself: the first chart of the overview, a step through
// history, and a change until another browser shows it. A line of JSON for each.
//
//   REEVE_BINARY=../target/release/reeve node e2e/speed.mjs [MEMBERS DAYS]
import { begin, signIn } from "./bot.mjs";
import { launch } from "./browser.mjs";

const TIMES = 20;
const [members, days] = process.argv.slice(2).map(Number);
const began = performance.now();
const demo = await begin({ members: members ?? 400, days: days ?? 90 });
console.log(JSON.stringify({ what: "demo prepared", seconds: Math.round((performance.now() - began) / 100) / 10 }));
const browser = await launch();
try {
  const page = await signedIn();
  await firstChart(page);
  await steps(page);
  await changes(page, await signedIn());
} finally {
  await browser.close();
  await demo.end();
}

/** A browser of its own, which knows how many answers it waits for. */
async function signedIn() {
  const context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce" });
  await context.addInitScript(() => {
    const ask = window.fetch;
    window.waiting = 0;
    window.fetch = async (...asked) => {
      window.waiting += 1;
      try {
        return await ask(...asked);
      } finally {
        setTimeout(() => { window.waiting -= 1; });
      }
    };
  });
  const page = await context.newPage();
  await signIn(page, demo.origin, "Astrid");
  return page;
}

function tell(what, took) {
  const sorted = took.toSorted((one, other) => one - other).map((ms) => Math.round(ms));
  console.log(JSON.stringify({ what, times: sorted.length, p50_ms: sorted[Math.floor(sorted.length / 2)], worst_ms: sorted.at(-1) }));
}

/** From when the address is opened. */
async function firstChart(page) {
  const took = [];
  for (let time = 0; time <= TIMES; time += 1) {
    await page.goto(page.url());
    const drawn = await page.waitForFunction(() => document.querySelector("main canvas, main .sparkline, main .plot svg") !== null && performance.now());
    // The first fills what is kept at hand.
    if (time > 0) took.push(await drawn.jsonValue());
  }
  tell("overview, first chart", took);
}

/** Until the event and what stood then are there. */
async function steps(page) {
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "History", exact: true }).click();
  await page.getByRole("slider", { name: "Moment of history" }).focus();
  const took = [];
  for (let time = 0; time < TIMES; time += 1) {
    await page.waitForFunction(() => window.waiting === 0 && document.querySelector(".skeleton") === null);
    await page.evaluate(() => {
      const shown = location.search;
      window.step = new Promise((done) => {
        document.addEventListener("keydown", () => {
          const pressed = performance.now();
          const look = () => {
            const seq = new URLSearchParams(location.search).get("seq")?.replaceAll('"', "");
            const there = document.querySelectorAll(`main [data-seq="${seq}"]`).length;
            if (location.search !== shown && there === 2) done(performance.now() - pressed);
            else requestAnimationFrame(look);
          };
          requestAnimationFrame(look);
        }, { capture: true, once: true });
      });
    });
    await page.keyboard.press("ArrowLeft");
    took.push(await page.evaluate(() => window.step));
  }
  tell("history, one step", took);
}

/** From the click in one until the other shows it. */
async function changes(one, other) {
  for (const page of [one, other]) {
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Modules", exact: true }).click();
    await page.getByRole("switch", { name: "Moderation" }).waitFor();
  }
  await other.getByText("Live", { exact: true }).waitFor();
  const took = [];
  for (let time = 0; time < TIMES; time += 1) {
    await other.evaluate(() => {
      const is = () => document.querySelector('[role="switch"][aria-label="Moderation"]')?.getAttribute("aria-checked");
      const was = is();
      window.seen = new Promise((done) => {
        const look = () => { if (is() !== was) done(Date.now()); else requestAnimationFrame(look); };
        look();
      });
    });
    const clicked = one.evaluate(() => new Promise((done) => { document.addEventListener("click", () => { done(Date.now()); }, { capture: true, once: true }); }));
    await one.getByRole("switch", { name: "Moderation" }).click();
    took.push(await other.evaluate(() => window.seen) - await clicked);
    await one.waitForFunction(() => window.waiting === 0);
  }
  tell("a change, seen in another browser", took);
}
