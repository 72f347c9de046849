// Somebody joins, sets their authenticator app up and keeps recovery codes; on another day the phone is gone: a code lets them
// in, and another app takes the place of the lost one.
import { expect, type Page, test } from "@playwright/test";
import { complaintsOf, inspectInBothThemes, WIDTHS } from "../checks.ts";
import { code, signInWith, tenants } from "../demo.ts";
import { intrex } from "../program.ts";

const SLOW_MACHINE_MS = 300_000;
const PASSWORD = "copper lantern by the river";

/** The page at both widths, in both themes. */
async function look(page: Page, name: string): Promise<void> {
  for (const [width, size] of Object.entries(WIDTHS)) {
    await page.setViewportSize(size);
    await inspectInBothThemes(page, `${name}-${width}`);
  }
}

/** The secret that a page shows for an app. */
async function secretOn(page: Page): Promise<string> {
  return (await page.locator("p.secret span").allInnerTexts()).join("");
}

test("a lost phone locks nobody out", async ({ page }) => {
  test.setTimeout(SLOW_MACHINE_MS);
  const complaints = complaintsOf(page);
  const email = `lost-${Date.now()}@example.com`;
  const tenant = tenants()[0].id;
  const invite = ["user", "invite", "--tenant", tenant, "--reason", "a walk", "--role", "operator"];
  const invited = await intrex<{ invitation_url: string }>(...invite, "--name", "Lost Phone", "--email", email);
  await page.goto(new URL(invited.invitation_url).pathname);
  await page.locator('input[name="password"]').fill(PASSWORD);
  await page.locator('input[name="password"]').press("Enter");
  await signInWith(page, email, PASSWORD);
  await expect(page).toHaveURL(/\/mfa\/setup/);
  await page.locator('input[name="code"]').fill(code(await secretOn(page)));
  await page.locator('input[name="code"]').press("Enter");

  // Codes are offered while everything is at hand.
  await expect(page).toHaveURL(/recovery-codes\?next=/);
  await look(page, "recovery-codes-offer");
  await page.getByRole("button", { name: "Make recovery codes" }).click();
  const codes = (await page.locator("code.codes").innerText()).split("\n");
  expect(codes).toHaveLength(10);
  await look(page, "recovery-codes-made");
  await page.emulateMedia({ media: "print" });
  await expect(page.locator("code.codes")).toBeVisible();
  await expect(page.getByRole("link", { name: "I have kept them" })).toBeHidden();
  await page.emulateMedia({ media: "screen" });
  await page.getByRole("link", { name: "I have kept them" }).click();
  await expect(page).toHaveURL(/\/today/);

  // The phone is gone.
  await page.context().clearCookies();
  await page.goto("/sign-in?next=/messages");
  await signInWith(page, email, PASSWORD);
  await expect(page).toHaveURL(/\/mfa/);
  await page.getByRole("link", { name: "Use a recovery code" }).click();
  await page.locator('input[name="recovery_code"]').fill("not one of mine");
  await page.locator('input[name="recovery_code"]').press("Enter");
  await expect(page.locator("#recovery_code-error")).toBeVisible();
  await look(page, "mfa-recovery-wrong");
  await page.locator('input[name="recovery_code"]').fill(codes[0].toLowerCase().replaceAll("-", " "));
  await page.locator('input[name="recovery_code"]').press("Enter");
  await expect(page.getByText("9 recovery codes are left.")).toBeVisible();
  await look(page, "second-factor-used");
  await expect(page.getByRole("link", { name: "Continue" })).toHaveAttribute("href", "/messages");

  // Another app, with a code that is none of its own first.
  await page.getByRole("link", { name: "Set up another app" }).click();
  await look(page, "authenticator");
  await page.locator('input[name="code"]').fill("000000");
  await page.locator('input[name="code"]').press("Enter");
  await expect(page.locator("#code-error")).toBeVisible();
  const secret = await secretOn(page);
  await page.locator('input[name="code"]').fill(code(secret));
  await page.locator('input[name="code"]').press("Enter");
  await expect(page.getByText("The other app is set up")).toBeVisible();
  await look(page, "authenticator-replaced");

  // Stepping up asks for either.
  await page.goto("/step-up?next=/settings/tokens/new&with=recovery");
  await look(page, "step-up-recovery");
  await page.getByRole("link", { name: "Use a code of the app" }).click();
  await page.locator('input[name="password"]').fill(PASSWORD);
  await page.locator('input[name="code"]').fill(code(secret));
  await page.locator('input[name="code"]').press("Enter");
  await expect(page).toHaveURL(/\/settings\/tokens\/new/);
  expect(complaints).toEqual([]);
});
