// An organisation thinks about leaving, as its head office does it without a mouse: its deletion is asked for, every page says so,
// and it is cancelled in time. The forms ask for both factors given a short time ago: this file signs in by itself.
import { expect, type Page, test } from "@playwright/test";
import { complaintsOf, inspectInBothThemes, WIDTHS } from "../checks.ts";
import { person, signIn, tenants } from "../demo.ts";
import { expectVisibleFocus, tabTo } from "../focus.ts";

const SLOW_MACHINE_MS = 180_000;
const BANNER = /This organisation will be deleted on/;

/** The page at both widths, in both themes. */
async function look(page: Page, name: string): Promise<void> {
  for (const [width, size] of Object.entries(WIDTHS)) {
    await page.setViewportSize(size);
    await inspectInBothThemes(page, `${name}-${width}`);
  }
  await page.setViewportSize(WIDTHS.wide);
}

test("a deletion is asked for and cancelled by the keyboard alone", async ({ page }) => {
  test.setTimeout(SLOW_MACHINE_MS);
  await page.setViewportSize(WIDTHS.wide);
  await signIn(page, person("head_office_admin", 1));
  const complaints = complaintsOf(page);
  await page.goto("/settings/organisation");
  await tabTo(page, page.locator("section", { has: page.locator("#leaving") }).getByRole("link"));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/settings\/organisation\/delete$/);
  await look(page, "leaving-form");

  // The wrong name is refused beside its field, and the reason is still there.
  const name = page.getByLabel("The organisation's name");
  await tabTo(page, name);
  await page.keyboard.type("somebody else");
  await page.keyboard.press("Tab");
  await page.keyboard.type("We close our doors");
  await tabTo(page, page.getByRole("button", { name: "Delete it in a week" }));
  await page.keyboard.press("Enter");
  await expect(name).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByLabel("Reason")).toHaveValue("We close our doors");
  await look(page, "leaving-refused");
  await tabTo(page, name);
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type(tenants()[1].name);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Cancel: keep the organisation" })).toBeVisible();
  await look(page, "leaving-waits");

  // A line stands on every page, for this organisation and no other, and leads to where it is cancelled.
  await page.goto("/today");
  await expect(page.getByText(BANNER)).toBeVisible();
  await look(page, "leaving-banner");
  await tabTo(page, page.getByRole("link", { name: "Look at it, or cancel it" }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/settings\/organisation\/delete$/);
  await tabTo(page, page.getByRole("button", { name: "Cancel: keep the organisation" }));
  await expectVisibleFocus(page);
  await page.keyboard.press("Space");
  await expect(page).toHaveURL(/\/settings\/organisation$/);
  for (const path of ["/settings/organisation", "/today"]) {
    await page.goto(path);
    await expect(page.getByText(BANNER)).toHaveCount(0);
  }
  expect(complaints).toEqual([]);
});
