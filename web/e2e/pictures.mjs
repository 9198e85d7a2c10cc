// The pictures of README.md, of the running product: node e2e/pictures.mjs <folder> <demo's home>
// A picture is taken again when its page changes; `scripts/pictures` does it.
import { join } from "node:path";
import { begin, signIn } from "./bot.mjs";
import { launch } from "./browser.mjs";

const [folder = "../docs", home] = process.argv.slice(2);
const PICTURES = [
  { name: "overview", scheme: "light", path: "overview" },
  { name: "history", scheme: "dark", path: "history" },
];
const SIZE = { width: 1280, height: 800 };

const demo = await begin({ members: 400, days: 90, home });
const browser = await launch();
try {
  for (const { name, scheme, path } of PICTURES) {
    const context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce", colorScheme: scheme, viewport: SIZE });
    const page = await context.newPage();
    await signIn(page, demo.origin, "Astrid");
    const guild = new URL(page.url()).pathname.split("/")[2];
    await page.goto(`${demo.origin}/g/${guild}/${path}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.waitForFunction(() => document.querySelector(".skeleton") === null);
    await page.screenshot({ path: join(folder, `dashboard-${name}.png`) });
    await context.close();
  }
} finally {
  await browser.close();
  await demo.end();
}
