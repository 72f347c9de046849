// What holds of every page, wherever a test comes across it: clean by axe, no wider than the window, nothing refused by the
// content security policy, no error in the console.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, type Page } from "@playwright/test";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const pictures = process.env.E2E_PICTURES;
/** Taller pictures tell nothing more, and the joining of contact sheets refuses them. */
const TALLEST_PICTURE = 3600;

export const WIDTHS = { wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
export const THEMES = ["light", "dark"] as const;

interface Violation {
  id: string;
  nodes: { html: string }[];
}

async function violations(page: Page): Promise<string[]> {
  // Once a page: the other theme finds it there.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const axe = (globalThis as unknown as { axe: { run: () => Promise<{ violations: Violation[] }> } }).axe;
    return (await axe.run()).violations;
  });
  return found.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(" | ")}`);
}

/** Collects what a page complains about from now on, until somebody else asks. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.removeAllListeners("console").removeAllListeners("pageerror");
  page.on("console", (message) => {
    // A page that answers 403, 404 or 422 on purpose is told by the browser as an error, too.
    const expected = message.text().includes("the server responded with a status of 4");
    if (message.type() === "error" && !expected) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  return complaints;
}

/** The page as it stands: never wider than the window, and clean by axe. Keeps a picture of it if they are wanted. */
export async function inspect(page: Page, name: string): Promise<void> {
  const { overflow, height } = await page.evaluate(() => ({
    overflow: document.documentElement.scrollWidth - window.innerWidth,
    height: document.documentElement.scrollHeight,
  }));
  expect(overflow, `${name} is wider than the window`).toBeLessThanOrEqual(0);
  expect(await violations(page), `${name} by axe`).toEqual([]);
  if (!pictures) return;
  const width = page.viewportSize()?.width ?? 0;
  const clip = { x: 0, y: 0, width, height: Math.min(height, TALLEST_PICTURE) };
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true, clip });
}

/** The same in both themes, on the page where a walk has come to. */
export async function inspectInBothThemes(page: Page, name: string): Promise<void> {
  for (const theme of THEMES) {
    // Without motion: colours on their way from one theme to the other are neither.
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await inspect(page, `${name}-${theme}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
}
