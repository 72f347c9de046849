// Every page of every role: reachable, without a violation of the content security policy or an error in the console, clean
// by axe in both themes and both widths, and never wider than the window.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, type Page, test } from "@playwright/test";
import { type Role, stateOf } from "../demo.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const pictures = process.env.E2E_PICTURES;

const PAGES: Record<Role, string[]> = {
  head_office_admin: [
    "/today",
    "/obligations",
    "/obligations?status=overdue",
    "/obligations?q=nothing-has-this-name",
    "/obligations/new",
    "/branches",
    "/branches/new",
    "/messages",
    "/audit",
    "/settings",
    "/settings/sessions",
    "/settings/organisation",
    "/settings/tokens",
    "/step-up",
    "/nowhere",
  ],
  branch_manager: ["/today", "/obligations", "/branches", "/messages", "/audit", "/branches/new", "/settings", "/settings/organisation"],
  operator: ["/today", "/obligations", "/messages", "/audit", "/settings", "/settings/sessions"],
};

const WIDTHS = { wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };

interface Violation {
  id: string;
  nodes: { html: string }[];
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const axe = (globalThis as unknown as { axe: { run: () => Promise<{ violations: Violation[] }> } }).axe;
    return (await axe.run()).violations;
  });
  return found.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(" | ")}`);
}

async function check(page: Page, path: string, name: string): Promise<void> {
  const complaints: string[] = [];
  page.on("console", (message) => {
    // A page that answers 403 or 404 on purpose is told by the browser as an error, too.
    const expected = message.text().includes("the server responded with a status of 40");
    if (message.type() === "error" && !expected) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  const answer = await page.goto(path);
  expect(answer?.status(), path).toBeLessThan(500);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow, `${path} is wider than the window`).toBeLessThanOrEqual(0);
  expect(await violations(page), `${path} by axe`).toEqual([]);
  expect(complaints, `${path} in the console`).toEqual([]);
  if (pictures) await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
}

function nameOf(path: string): string {
  return path.replace(/^\//, "").replace(/[^a-z0-9]+/gi, "-");
}

for (const [role, paths] of Object.entries(PAGES) as [Role, string[]][]) {
  for (const [width, viewport] of Object.entries(WIDTHS)) {
    for (const theme of ["light", "dark"] as const) {
      test(`${role}: every page, ${width}, ${theme}`, async ({ browser }) => {
        const context = await browser.newContext({ storageState: stateOf(role), viewport, colorScheme: theme });
        for (const path of paths) {
          const page = await context.newPage();
          await check(page, path, `${role}-${nameOf(path)}-${width}-${theme}`);
          await page.close();
        }
        await context.close();
      });
    }
  }
}

for (const [width, viewport] of Object.entries(WIDTHS)) {
  for (const theme of ["light", "dark"] as const) {
    test(`nobody: the way in, ${width}, ${theme}`, async ({ browser }) => {
      const context = await browser.newContext({ viewport, colorScheme: theme });
      const page = await context.newPage();
      await check(page, "/sign-in", `nobody-sign-in-${width}-${theme}`);
      await context.close();
    });
  }
}
