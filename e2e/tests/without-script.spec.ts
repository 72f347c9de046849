// The core without any script: pages are links and forms, and nothing waits for JavaScript.
import { expect, test } from "@playwright/test";
import { code, person, signInWith } from "../demo.ts";

test.use({ javaScriptEnabled: false });

test("a manager signs in, filters, opens and completes without JavaScript", async ({ page }) => {
  const who = person("branch_manager", 1);
  await page.goto("/sign-in");
  await signInWith(page, who.email, who.password);
  await expect(page).toHaveURL(/\/mfa/);
  await page.getByLabel("Six-digit code").fill(code(who.totp_secret));
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page).toHaveURL(/\/today/);

  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Obligations" }).click();
  await page.getByLabel("Severity").selectOption("high");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page).toHaveURL(/severity=high/);
  await page.locator("tbody th a").first().click();
  await page.locator(".head summary", { hasText: "Mark as completed" }).click();
  const form = page.locator(".head details[open] form");
  await form.getByLabel("Note").fill("Done without a script");
  await form.getByRole("button", { name: "Mark as completed" }).click();
  await expect(page.getByRole("status")).toContainText(/Completed on/);
  await expect(page.getByRole("region", { name: "Timeline" })).toContainText("Done without a script");

  await page.locator(".menu > summary").click();
  await page.getByRole("button", { name: "Dark" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.locator(".menu > summary").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/sign-in/);
});
