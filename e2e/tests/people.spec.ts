// People, as head office does it: somebody is invited, looked at, changed and deleted, and a review of everybody's access is begun
// and decided on. The forms ask for both factors given a short time ago: this file signs in by itself.
import { expect, type Page, test } from "@playwright/test";
import { complaintsOf, inspectInBothThemes, WIDTHS } from "../checks.ts";
import { person, signIn } from "../demo.ts";

test.describe.configure({ mode: "serial" });

let page: Page;

test.beforeAll(async ({ browser }) => {
  page = await (await browser.newContext()).newPage();
  await signIn(page, person("head_office_admin", 1));
});

test.afterAll(() => page.context().close());

for (const [width, viewport] of Object.entries(WIDTHS)) {
  test(`somebody comes, changes and goes, ${width}`, async () => {
    await page.setViewportSize(viewport);
    const complaints = complaintsOf(page);
    const email = `nobody.${width}@people.example`;
    await page.goto("/settings/people/new");
    await page.getByLabel("E-mail address").fill("nobody");
    await page.getByLabel("Name").fill("Nusrat Jahan");
    await page.getByRole("button", { name: "Send the invitation" }).click();
    await expect(page.getByLabel("E-mail address")).toHaveAttribute("aria-invalid", "true");
    await expect(page.getByLabel("Name")).toHaveValue("Nusrat Jahan");
    await inspectInBothThemes(page, `people-new-${width}`);
    await page.getByLabel("E-mail address").fill(email);
    await page.getByRole("checkbox").first().check();
    await page.getByRole("button", { name: "Send the invitation" }).click();
    await expect(page.locator("code.secret")).toContainText("/invitation/");
    await inspectInBothThemes(page, `people-invited-${width}`);

    await page.goto(`/settings/people?q=${email}`);
    await page.getByRole("link", { name: "Nusrat Jahan" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Nusrat Jahan");
    await inspectInBothThemes(page, `people-one-${width}`);
    const here = new URL(page.url()).pathname;
    await page.goto(`${here}/edit`);
    await inspectInBothThemes(page, `people-edit-${width}`);
    await page.goto(`${here}/reset-mfa`);
    await inspectInBothThemes(page, `people-reset-${width}`);
    await page.goto(`${here}/delete`);
    await inspectInBothThemes(page, `people-delete-${width}`);
    await page.getByLabel("The person's e-mail address").fill(email);
    await page.getByRole("button", { name: "Delete for good" }).click();
    await expect(page).toHaveURL(/\/settings\/people$/);
    await expect(page.getByText(email)).toHaveCount(0);
    expect(complaints).toEqual([]);
  });
}

test("a review of everybody's access is begun, and somebody is decided on", async () => {
  const complaints = complaintsOf(page);
  await page.goto("/settings/access-reviews");
  const begin = page.getByRole("button", { name: "Begin a review" });
  if (await begin.count()) await begin.click();
  else await page.locator(".rows a.what").first().click();
  await inspectInBothThemes(page, "review-open");
  const row = page.locator(".rows > li", { has: page.locator("details.act") }).first();
  await row.locator("summary").click();
  await row.getByLabel("Decision").selectOption("keep");
  await inspectInBothThemes(page, "review-deciding");
  await row.getByRole("button", { name: "Decide" }).click();
  await expect(page.locator(".rows .tag.ok").first()).toContainText("Keep");
  await page.goto("/today");
  await expect(page.getByRole("region", { name: "Access review" })).toBeVisible();
  expect(complaints).toEqual([]);
});
