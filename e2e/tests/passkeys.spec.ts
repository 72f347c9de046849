// Passkeys with Chromium's own authenticator in software: added, used to sign in and to step up, removed; and what is told
// when it does not work.
import { expect, type Page, test } from "@playwright/test";
import { complaintsOf, inspectInBothThemes } from "../checks.ts";
import { code, type Person, person, type Role, signIn, signInWith, tenants } from "../demo.ts";
import { intrex } from "../program.ts";

test.describe.configure({ mode: "serial" });

/** Gives the browser an authenticator; answers how to make its user refuse. */
async function authenticator(page: Page): Promise<{ verify: (isUserVerified: boolean) => Promise<void> }> {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    verify: async (isUserVerified) => {
      await session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
    },
  };
}

/** Somebody whom the other tests leave alone: each person's codes are few, and count once. */
function another(role: Role): Person {
  return tenants()[1].users.filter((user) => user.role === role)[1];
}

async function signOut(page: Page): Promise<void> {
  await page.locator(".menu > summary").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/sign-in/);
}

test("a passkey is added, signs in, steps up, and is removed", async ({ page }) => {
  const complaints = complaintsOf(page);
  const user = await authenticator(page);
  const who = another("branch_manager");
  await signIn(page, who);
  await page.goto("/settings/passkeys");
  await inspectInBothThemes(page, "passkeys-none");
  await page.getByRole("link", { name: "Add a passkey" }).click();
  const status = page.locator(".passkey [role=status]");
  await expect(page.locator(".scriptless")).toBeHidden();

  // The finger is not hers.
  await user.verify(false);
  await page.getByLabel("Name").fill("Work laptop");
  await page.getByRole("button", { name: "Add the passkey" }).click();
  await expect(status).toContainText("No passkey was given");
  await inspectInBothThemes(page, "passkeys-cancelled");
  await user.verify(true);
  await page.getByLabel("Name").press("Enter");
  await expect(page).toHaveURL(/\/settings\/passkeys$/);
  await expect(page.getByText("Work laptop", { exact: true })).toBeVisible();
  await inspectInBothThemes(page, "passkeys-one");

  // The same device is not asked twice.
  await page.goto("/settings/passkeys/new");
  await page.getByRole("button", { name: "Add the passkey" }).click();
  await expect(status).toContainText("has a passkey of yours already");

  await signOut(page);
  await signInWith(page, who.email, who.password);
  await expect(page).toHaveURL(/\/mfa/);
  await expect(page.locator("#code")).toBeFocused();
  await inspectInBothThemes(page, "passkeys-mfa");
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await expect(page).toHaveURL(/\/today/);

  await page.goto("/step-up?next=/settings/passkeys");
  await inspectInBothThemes(page, "passkeys-step-up");
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await expect(page.getByLabel("Password"), "the password first").toBeFocused();
  await page.getByLabel("Password").fill(who.password);
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await expect(page).toHaveURL(/\/settings\/passkeys$/);

  await page.getByRole("link", { name: /^Rename/ }).click();
  await page.locator("#name").fill("Old laptop");
  await inspectInBothThemes(page, "passkeys-rename");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("link", { name: /^Remove.*Old laptop/ }).click();
  await inspectInBothThemes(page, "passkeys-remove");
  await page.getByRole("button", { name: "Remove" }).click();
  await expect(page.getByText("You have no passkeys.")).toBeVisible();
  expect(complaints).toEqual([]);
});

test("an admin whose organisation asks for a passkey adds one before anything else, and a code is not enough", async ({ page }) => {
  const who = person("head_office_admin", 1);
  const tenant = tenants()[1].id;
  const set = (factor: string) =>
    intrex("tenant", "set", "--tenant", tenant, "--admin-second-factor", factor, "--reason", "a browser test");
  await authenticator(page);
  await signIn(page, who);
  await set("passkey");
  try {
    await page.goto("/obligations");
    await expect(page).toHaveURL(/\/settings\/passkeys\/new$/);
    await inspectInBothThemes(page, "passkeys-due");
    await page.getByRole("button", { name: "Add the passkey" }).click();
    await expect(page).toHaveURL(/\/settings\/passkeys$/);
    await signOut(page);
    await signInWith(page, who.email, who.password);
    await expect(page.getByText("A code of the app is not enough")).toBeVisible();
    await expect(page.locator("#code")).toHaveCount(0);
    await inspectInBothThemes(page, "passkeys-mfa-required");
    await page.getByRole("button", { name: "Use a passkey" }).click();
    await expect(page).toHaveURL(/\/today/);
  } finally {
    await set("any");
  }
  // The app is still set up, and counts again.
  await signOut(page);
  await signInWith(page, who.email, who.password);
  await expect(page.locator("#code")).toBeVisible();
});

test("without scripts the page says so, and the code remains", async ({ browser, page }) => {
  await authenticator(page);
  const who = another("operator");
  await signIn(page, who);
  await page.goto("/settings/passkeys/new");
  await page.getByRole("button", { name: "Add the passkey" }).click();
  await expect(page).toHaveURL(/\/settings\/passkeys$/);
  const context = await browser.newContext({ javaScriptEnabled: false });
  const plain = await context.newPage();
  await plain.goto("/sign-in");
  await signInWith(plain, who.email, who.password);
  await expect(plain.getByText("Passkeys need scripts")).toBeVisible();
  await expect(plain.getByRole("button", { name: "Use a passkey" })).toHaveCount(0);
  await plain.locator("#code").fill(code(who.totp_secret));
  await plain.locator("#code").press("Enter");
  await expect(plain).toHaveURL(/\/today/);
  await context.close();
});
