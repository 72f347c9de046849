// Sign-in by an organisation's own provider, as far as a browser comes without one: an admin configures it and claims a domain, what
// is wrong is told, what was typed is still there after stepping up, and people are told where there is no such sign-in. A domain is
// proven by a public record, which no test can publish: the way there and back is walked in crates/intrex/tests/it/oidc.
import { expect, type Page, test } from "@playwright/test";
import { complaintsOf, inspectInBothThemes, WIDTHS } from "../checks.ts";
import { code, signInWith, tenants } from "../demo.ts";
import { intrex } from "../program.ts";

const SLOW_MACHINE_MS = 300_000;
const PASSWORD = "copper lantern by the river";
const ISSUER = "https://id.provider.example";

/** The page at both widths, in both themes. */
async function look(page: Page, name: string): Promise<void> {
  for (const [width, size] of Object.entries(WIDTHS)) {
    await page.setViewportSize(size);
    await inspectInBothThemes(page, `${name}-${width}`);
  }
}

/** A head office admin of this test's own, signed in: codes are few, and count once. Answers the secret of their app. */
async function admin(page: Page): Promise<string> {
  const email = `sign-in-${Date.now()}@example.com`;
  const invite = ["user", "invite", "--tenant", tenants()[0].id, "--reason", "a walk", "--role", "head_office_admin"];
  const invited = await intrex<{ invitation_url: string }>(...invite, "--name", "Own Sign-in", "--email", email);
  await page.goto(new URL(invited.invitation_url).pathname);
  await page.locator('input[name="password"]').fill(PASSWORD);
  await page.locator('input[name="password"]').press("Enter");
  await signInWith(page, email, PASSWORD);
  await expect(page).toHaveURL(/\/mfa\/setup/);
  const secret = (await page.locator("p.secret span").allInnerTexts()).join("");
  await page.locator('input[name="code"]').fill(code(secret));
  await page.locator('input[name="code"]').press("Enter");
  await expect(page).toHaveURL(/recovery-codes|today/);
  return secret;
}

test("an admin configures a provider, and people are told where there is none", async ({ page }) => {
  test.setTimeout(SLOW_MACHINE_MS);
  const complaints = complaintsOf(page);
  await admin(page);
  await page.goto("/settings/sign-in");
  await expect(page.getByText("No provider is configured.")).toBeVisible();
  await look(page, "sign-in-none");

  // What is wrong is named, and what was typed is still there; the secret alone is not shown again.
  await page.getByRole("link", { name: "Add a provider" }).click();
  await look(page, "sign-in-new");
  await page.locator("#name").fill("Acme account");
  await page.locator("#issuer").fill("http://id.provider.example");
  await page.locator("#client_id").fill("intrex");
  await page.locator("#client_secret").fill("a secret of the provider");
  await page.getByRole("button", { name: "Save the provider" }).click();
  await expect(page.locator("#issuer")).toHaveAttribute("aria-invalid", "true");
  await expect(page.locator("#name")).toHaveValue("Acme account");
  await expect(page.locator("#client_secret")).toHaveValue("");
  await look(page, "sign-in-new-wrong");
  await page.locator("#issuer").fill(ISSUER);
  await page.locator("#client_secret").fill("a secret of the provider");
  await page.getByRole("button", { name: "Save the provider" }).click();
  await expect(page).toHaveURL(/\/settings\/sign-in$/);
  await expect(page.getByRole("heading", { name: "Acme account" })).toBeVisible();
  expect(await page.content()).not.toContain("a secret of the provider");
  await look(page, "sign-in-configured");

  // A domain: a wrong one, one that waits for its record, and a provider that nobody can be sent to yet.
  const domain = page.getByLabel("Add a domain");
  await domain.fill("not a domain");
  await domain.press("Enter");
  await expect(domain).toHaveAttribute("aria-invalid", "true");
  await expect(domain).toHaveValue("not a domain");
  await look(page, "sign-in-domain-wrong");
  await domain.fill("provider.example");
  await domain.press("Enter");
  await expect(page.getByText("_intrex-challenge.provider.example")).toBeVisible();
  await look(page, "sign-in-domain");
  await page.getByRole("button", { name: "Enable (Acme account)" }).click();
  await expect(page.getByText("Prove a domain first")).toBeVisible();
  await look(page, "sign-in-not-enabled");

  await page.getByRole("link", { name: /^Change/ }).click();
  await expect(page.locator("#issuer")).toHaveCount(0);
  await look(page, "sign-in-change");
  await page.goto("/settings/identities");
  await look(page, "identities-none");

  // Whoever types an address that leads nowhere.
  await page.goto("/sign-in/organisation");
  await look(page, "organisation");
  await page.locator("#email").fill("somebody@provider.example");
  await page.locator("#email").press("Enter");
  await expect(page.getByText("There is no sign-in for this address here")).toBeVisible();
  await look(page, "organisation-none");
  await page.goto("/sign-in/organisation?refused=yes");
  await look(page, "organisation-refused");

  await page.goto("/settings/sign-in");
  await page.getByRole("link", { name: /^Remove/ }).click();
  await look(page, "sign-in-remove");
  await page.getByRole("button", { name: "Remove" }).click();
  await expect(page.getByText("No provider is configured.")).toBeVisible();
  expect(complaints).toEqual([]);
});
