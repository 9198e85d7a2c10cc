// Pictures of pages: node e2e/shots.mjs [folder] [page,page] [dark,light] [1440,360] [mode]
import { mkdirSync } from "node:fs";
import { launch } from "./browser.mjs";
import { PAGES } from "./pages.mjs";
import { serve } from "./standin.mjs";

const [folder = "shots", names = "", schemes = "dark,light", widths = "1440,360", mode] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const server = await serve();
const base = `http://127.0.0.1:${server.address().port}`;
const browser = await launch();
for (const [name, { path, as }] of Object.entries(PAGES)) {
  if (names !== "" && !names.split(",").includes(name)) continue;
  for (const scheme of schemes.split(",")) for (const width of widths.split(",")) {
    const context = await browser.newContext({ viewport: { width: Number(width), height: width === "360" ? 740 : 900 }, colorScheme: scheme });
    await context.addCookies([{ name: "standin", value: mode ?? as ?? "admin", url: base }]);
    const page = await context.newPage();
    page.on("console", (message) => { if (message.type() === "error" && !message.text().includes("WebSocket")) console.log(name, message.text()); });
    page.on("pageerror", (error) => console.log(name, "ERROR", error.message));
    await page.goto(base + path);
    await page.locator("main h1, main h2, main .notice").first().waitFor();
    await page.waitForFunction(() => document.querySelector(".skeleton") === null, undefined, { timeout: mode === "slow" ? 1 : 30_000 }).catch(() => {});
    await page.waitForTimeout(300); // for the picture only: animations end
    await page.screenshot({ path: `${folder}/${name}-${scheme}-${width}.png`, fullPage: width !== "360" });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 0) console.log(name, width, "is wider than the window by", wide);
    await context.close();
  }
}
await browser.close();
server.close();
