// The core of an operator's day without a mouse: everything is reached by Tab, works by Enter and Space, and shows where the
// focus is.
import { expect, test } from "@playwright/test";
import { code, person } from "../demo.ts";
import { expectVisibleFocus, tabTo } from "../focus.ts";

test("an operator signs in, finds the work and completes it by the keyboard alone", async ({ page }) => {
  const who = person("operator", 1);
  await page.goto("/sign-in");
  await tabTo(page, page.locator("#email"));
  await page.keyboard.type(who.email);
  await tabTo(page, page.locator("#password"));
  await page.keyboard.type(who.password);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/mfa/);
  await expect(page.locator("#code")).toBeFocused();
  await expectVisibleFocus(page);
  await page.keyboard.type(code(who.totp_secret));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/today/);

  // The first stop leads past the navigation.
  await page.keyboard.press("Tab");
  await expectVisibleFocus(page);
  await page.keyboard.press("Enter");
  await expect(page.locator("#main")).toBeFocused();
  const task = page.locator(".task").first();
  const title = (await task.locator("h2").innerText()).trim();
  await tabTo(page, task.getByRole("button", { name: "Mark done" }));
  await page.keyboard.press("Space");
  await expect(page.getByRole("status")).toContainText(title);

  await tabTo(page, page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Obligations" }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/obligations$/);
  await tabTo(page, page.getByRole("link", { name: "Upcoming", exact: true }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/status=upcoming/);
  await tabTo(page, page.locator("tbody th a").first());
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/obligations\/[0-9a-f-]{36}$/);

  const summary = page.locator(".head summary", { hasText: "Mark as completed" });
  await tabTo(page, summary);
  await page.keyboard.press("Enter");
  await expect(page.locator(".head details[open]")).toBeVisible();
  // Escape closes it and gives the focus back; Space opens it again.
  await page.keyboard.press("Escape");
  await expect(page.locator(".head details[open]")).toHaveCount(0);
  await expect(summary).toBeFocused();
  await page.keyboard.press("Space");
  await tabTo(page, page.locator("#complete-note"));
  await page.keyboard.type("Done without a mouse");
  await tabTo(page, page.locator(".head details[open] button"));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("status")).toContainText(/Completed on/);
  await expect(page.getByRole("region", { name: "Timeline" })).toContainText("Done without a mouse");
});
