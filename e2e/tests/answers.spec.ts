// A reminder arrives by mail and is answered on the way: on a phone, without signing in, by the link of the letter. The installation
// is this file's own, because it has a mail server; the planner looks at what was changed every five minutes.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { complaintsOf, inspectInBothThemes, WIDTHS } from "../checks.ts";
import type { Person, Tenant } from "../demo.ts";
import { expectVisibleFocus, tabTo } from "../focus.ts";
import { Mailbox } from "../mailbox.ts";
import { day } from "../program.ts";

const STARTS_WITHIN_MS = 180_000;
const PLANNED_WITHIN_MS = 400_000;
/** One for each way of answering. */
const LINKS = 3;
/** Not everything that is due soon has been reminded of yet. */
const GIVEN = 15;

test.describe.configure({ mode: "serial" });
test.use({ viewport: WIDTHS.phone });

const data = mkdtempSync(join(tmpdir(), "intrex-e2e-answers-"));
let mailbox: Mailbox;
let program: ChildProcess;
let origin: string;
let links: string[];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (!address || typeof address === "string") throw new Error("there is no free port");
  return address.port;
}

/** Asks the API of this installation as a person's program would. */
async function asked<T>(who: Person, path: string, init: RequestInit = {}): Promise<T> {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${who.api_token}` };
  const answer = await fetch(`${origin}/api/v1${path}`, { ...init, headers });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

test.beforeAll(async () => {
  test.setTimeout(STARTS_WITHIN_MS + PLANNED_WITHIN_MS);
  mailbox = await Mailbox.open();
  const port = await freePort();
  origin = `http://localhost:${port}`;
  program = spawn(process.env.E2E_PROGRAM ?? "../target/debug/intrex", ["demo"], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...process.env,
      INTREX_DATA_DIR: data,
      INTREX_ENV: "development",
      BIND: `127.0.0.1:${port}`,
      BASE_URL: origin,
      SMTP_URL: `smtp://127.0.0.1:${mailbox.port}`,
      SMTP_FROM: "Intrex <reminders@intrex.example>",
      RUST_LOG: "error",
    },
  });
  const ready = async () => (await fetch(`${origin}/readyz`).catch(() => null))?.status;
  await expect.poll(ready, { timeout: STARTS_WITHIN_MS }).toBe(200);

  // Somebody is given what is due soon, and hears of it in one letter with a link for each.
  const [tenant] = (JSON.parse(readFileSync(join(data, "demo.json"), "utf8")) as { tenants: Tenant[] }).tenants;
  const of = (role: string) => tenant.users.filter((user) => user.role === role);
  const [boss] = of("head_office_admin");
  const { items } = await asked<{ items: { id: string; branch_id: string; owner_id: string | null; due_on: string }[] }>(
    boss,
    "/obligations?status=upcoming&limit=200",
  );
  const somebody = of("operator")[0];
  const given = items
    .filter((item) => somebody.branch_ids.includes(item.branch_id) && item.owner_id !== somebody.id)
    .filter((item) => item.due_on > day(2) && item.due_on < day(25))
    .slice(0, GIVEN);
  expect(given.length, "there is enough that is due soon and somebody else's").toBeGreaterThanOrEqual(LINKS);
  for (const { id } of given) {
    const body = JSON.stringify({ owner_id: somebody.id });
    await asked(boss, `/obligations/${id}`, { method: "PATCH", body });
  }
  const found = () => {
    const letters = mailbox.letters.filter((letter) => letter.to === somebody.email);
    const paths = letters.flatMap((letter) => letter.text.match(/\/a\/[A-Za-z0-9_]+/g) ?? []);
    return [...new Set(paths)];
  };
  await expect.poll(() => found().length, { timeout: PLANNED_WITHIN_MS }).toBeGreaterThanOrEqual(LINKS);
  links = found();
});

test.afterAll(async () => {
  if (program?.exitCode === null) {
    program.kill("SIGINT");
    await once(program, "exit");
  }
  mailbox?.close();
  rmSync(data, { recursive: true, force: true });
});

async function opened(page: Page, link: string): Promise<void> {
  await page.goto(`${origin}${link}`);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
}

test("somebody says on the phone, without signing in, that they have it in hand, with a note, once", async ({ page }) => {
  const complaints = complaintsOf(page);
  await opened(page, links[0]);
  await inspectInBothThemes(page, "answer-link");
  await page.getByLabel("Note").fill("I ring them tomorrow");
  await page.getByRole("button", { name: "Acknowledge" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Acknowledged");
  await inspectInBothThemes(page, "answer-done");
  await opened(page, links[0]);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Answered already");
  await inspectInBothThemes(page, "answer-before");
  expect(complaints).toEqual([]);
});

test("somebody puts it off", async ({ page }) => {
  const complaints = complaintsOf(page);
  await opened(page, links[1]);
  await page.getByLabel("Or put it off until").selectOption({ index: 0 });
  await page.getByRole("button", { name: "Snooze" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Put off");
  await inspectInBothThemes(page, "answer-snoozed");
  expect(complaints).toEqual([]);
});

test("a link that does not count says so, and changes nothing", async ({ page }) => {
  const complaints = complaintsOf(page);
  const last = links[2].slice(-1) === "0" ? "1" : "0";
  await opened(page, links[2].slice(0, -1) + last);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("This link does not count");
  await inspectInBothThemes(page, "answer-gone");
  expect(complaints).toEqual([]);
});

test("it is answered by the keyboard alone", async ({ page }) => {
  const complaints = complaintsOf(page);
  await page.setViewportSize(WIDTHS.wide);
  await opened(page, links[2]);
  await inspectInBothThemes(page, "answer-link-wide");
  await tabTo(page, page.getByLabel("Note"));
  await page.keyboard.type("Without a mouse");
  const button = page.getByRole("button", { name: "Acknowledge" });
  await tabTo(page, button);
  await expectVisibleFocus(page);
  await page.keyboard.press("Space");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Acknowledged");
  expect(complaints).toEqual([]);
});
