// The main job, as head office does it: spreadsheets come in, an obligation is found, done, waived, moved and opened again,
// and the audit log proves all of it.
import { readFileSync } from "node:fs";
import { expect, type Page, test } from "@playwright/test";
import { complaintsOf, inspectInBothThemes } from "../checks.ts";
import { person, stateOf, tenants } from "../demo.ts";
import { api, day, intrex } from "../program.ts";

interface Report {
  rows: number;
  created: number;
  updated: number;
  unchanged: number;
  errors: { row: number; field: string | null; message: string }[];
}

const EXAMPLES = "../packs/examples/";
/** When the risk analysis of the branch in Austin is due by the spreadsheet. */
const DUE_IN_AUSTIN = "2027-01-22";

/** A spreadsheet over the API. */
function upload(kind: string, file: string, dryRun: boolean): Promise<Report> {
  const path = `/imports?kind=${kind}&dry_run=${dryRun}&file_name=${file}`;
  return api<Report>(person("head_office_admin"), path, {
    method: "POST",
    headers: { "Content-Type": "text/csv" },
    body: readFileSync(EXAMPLES + file),
  });
}

/** A spreadsheet over the command line. */
function importFile(kind: string, file: string, ...options: string[]): Promise<Report> {
  return intrex<Report>("import", kind, EXAMPLES + file, "--tenant", tenants()[0].id, ...options);
}

/** Looks for the words in the list, and opens the only item that has them. */
async function open(page: Page, words: string): Promise<void> {
  await page.goto("/obligations");
  await page.getByRole("search").getByRole("searchbox").fill(words);
  await page.getByRole("search").getByRole("searchbox").press("Enter");
  await expect(page.locator("tbody tr")).toHaveCount(1);
  await page.locator("tbody th a").click();
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
}

/** Opens one of an item's actions and answers the form. */
async function action(page: Page, name: string) {
  await page.locator(".head summary", { hasText: name }).click();
  return page.locator(".head details[open] form");
}

function timeline(page: Page) {
  return page.getByRole("region", { name: "Timeline" });
}

test.describe.configure({ mode: "serial" });
test.use({ storageState: stateOf("head_office_admin") });

test("spreadsheets come in: tried first, then applied, and a second time nothing changes", async ({ page }) => {
  const own = "dhaka-pharmacy-chain";
  expect(await importFile("branches", `${own}.branches.csv`)).toMatchObject({ rows: 12, unchanged: 12, errors: [] });
  const obligations = `${own}.obligations.csv`;
  expect(await importFile("obligations", obligations, "--dry-run")).toMatchObject({ rows: 150, created: 150, errors: [] });
  expect(await importFile("obligations", obligations)).toMatchObject({ created: 150, updated: 0, errors: [] });
  expect(await importFile("obligations", obligations)).toMatchObject({ created: 0, updated: 0, unchanged: 150, errors: [] });

  // Another group of branches is taken over: nothing of it is there yet.
  const branches = "texas-clinic-group.branches.csv";
  expect(await upload("branches", branches, true)).toMatchObject({ rows: 8, created: 8, errors: [] });
  await page.goto("/branches");
  await expect(page.getByRole("link", { name: "Houston Heights" })).toHaveCount(0);
  expect(await upload("branches", branches, false)).toMatchObject({ rows: 8, created: 8, errors: [] });
  await page.reload();
  await expect(page.getByRole("link", { name: "Houston Heights" })).toBeVisible();
  await inspectInBothThemes(page, "walk-branches");

  const clinics = "texas-clinic-group.obligations.csv";
  const promised = await upload("obligations", clinics, true);
  expect(promised).toMatchObject({ rows: 121, created: 121, updated: 0, errors: [] });
  await page.goto("/obligations?status=all&q=SRA-HOU");
  await expect(page.getByText("Nothing matches these filters")).toBeVisible();
  expect(await upload("obligations", clinics, false)).toMatchObject({ created: 121, errors: [] });
  expect(await upload("obligations", clinics, false)).toMatchObject({ created: 0, updated: 0, unchanged: 121 });
});

test("what came in is found in the list by branch, category and words", async ({ page }) => {
  const complaints = complaintsOf(page);
  await page.goto("/today");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Obligations" }).click();
  await expect(page.getByRole("link", { name: "Open", exact: true })).toHaveAttribute("aria-current", "page");
  await inspectInBothThemes(page, "walk-list");
  await page.getByLabel("Branch").selectOption({ label: "Houston Heights" });
  await page.getByLabel("Category").selectOption("inspection_renewal");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page).toHaveURL(/category=inspection_renewal/);
  const rows = page.locator("tbody tr");
  await expect(rows.first()).toContainText("Houston Heights");
  const ofBranch = await rows.count();
  await inspectInBothThemes(page, "walk-filtered");
  await page.getByLabel("Words").fill("HIPAA");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page.getByRole("link", { name: /HIPAA.*remove this filter/ })).toBeVisible();
  expect(await rows.count()).toBeLessThan(ofBranch);
  // The address alone leads to the same list.
  const address = page.url();
  const narrowed = await rows.count();
  await page.goto("/today");
  await page.goto(address);
  await expect(rows).toHaveCount(narrowed);
  await page.getByRole("link", { name: /HIPAA.*remove this filter/ }).click();
  await expect(rows).toHaveCount(ofBranch);
  expect(complaints).toEqual([]);
});

test("an obligation is completed with a note, and the next one takes its place", async ({ page }) => {
  const complaints = complaintsOf(page);
  await open(page, "SRA-HOU-26");
  await inspectInBothThemes(page, "walk-open");
  const form = await action(page, "Mark as completed");
  await form.getByLabel("Note").fill("Report signed by the security officer");
  await inspectInBothThemes(page, "walk-completing");
  await form.getByRole("button", { name: "Mark as completed" }).click();
  await expect(page.getByRole("status")).toContainText(/Completed on .* by Farhana Akter/);
  await expect(timeline(page)).toContainText("Report signed by the security officer");
  await inspectInBothThemes(page, "walk-completed");
  const done = page.url();
  await page.getByRole("status").getByRole("link", { name: /^Next:/ }).click();
  await expect(page).not.toHaveURL(done);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("HIPAA security risk analysis");
  // A year from the day on which it was done.
  const facts = page.getByRole("region", { name: "Details" });
  await expect(facts).toContainText(String(new Date().getUTCFullYear() + 1));
  await expect(page.locator(".head summary", { hasText: "Mark as completed" })).toBeVisible();
  await inspectInBothThemes(page, "walk-successor");
  expect(complaints).toEqual([]);
});

test("one is waived and opened again, another is moved, each with its reason", async ({ page }) => {
  const complaints = complaintsOf(page);
  await open(page, "SRA-DAL-26");
  const waive = await action(page, "Waive");
  await waive.getByLabel("Reason").fill("The branch closes before it is due");
  await waive.getByRole("button", { name: "Waive" }).click();
  await expect(page.getByRole("status")).toContainText("Waived by Farhana Akter");
  await expect(timeline(page)).toContainText("The branch closes before it is due");
  await inspectInBothThemes(page, "walk-waived");

  const reopen = await action(page, "Reopen");
  await reopen.getByLabel("Reason").fill("It stays open for another year");
  await reopen.getByRole("button", { name: "Reopen" }).click();
  await expect(page.locator(".head summary", { hasText: "Waive" })).toBeVisible();
  await expect(timeline(page)).toContainText("It stays open for another year");
  await inspectInBothThemes(page, "walk-reopened");

  await open(page, "SRA-AUS-26");
  // Two months ahead, or a day more where that is the very day of the spreadsheet: nothing is moved to where it is.
  const to = [day(60), day(61)].find((date) => date !== DUE_IN_AUSTIN)!;
  const move = await action(page, "Reschedule");
  await move.getByLabel("New due date").fill(to);
  await move.getByLabel("Reason").fill("The assessor comes in two months");
  await inspectInBothThemes(page, "walk-moving");
  await move.getByRole("button", { name: "Reschedule" }).click();
  await expect(timeline(page)).toContainText("The assessor comes in two months");
  const shown = new Date(`${to}T00:00:00Z`).toLocaleDateString("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  });
  await expect(page.getByRole("region", { name: "Details" })).toContainText(shown);
  await inspectInBothThemes(page, "walk-moved");
  expect(complaints).toEqual([]);
});

test("the audit log has all of it, and its chains hold", async ({ page }) => {
  const complaints = complaintsOf(page);
  await page.goto("/audit");
  const events = page.getByRole("table");
  for (const told of [
    "Obligation rescheduled",
    "Obligation reopened",
    "Obligation waived",
    "Obligation completed",
  ]) {
    await expect(events.getByText(told, { exact: true }).first()).toBeVisible();
  }
  await inspectInBothThemes(page, "walk-audit");
  await page.getByRole("button", { name: "Verify" }).click();
  await expect(page.getByRole("status")).toBeVisible();
  await inspectInBothThemes(page, "walk-verified");
  const verified = await intrex<{ intact: boolean; chains: { chain_key: string; events: number }[] }>("audit", "verify");
  expect(verified.intact).toBe(true);
  const chain = verified.chains.find((found) => found.chain_key === tenants()[0].id);
  expect(chain?.events).toBeGreaterThan(300);
  expect(complaints).toEqual([]);
});
