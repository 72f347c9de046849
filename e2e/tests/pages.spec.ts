// Every page of every role, in every state that has a face of its own: reachable, without a violation of the content
// security policy or an error in the console, clean by axe in both themes and both widths, and never wider than the window.
import { expect, type Page, test } from "@playwright/test";
import { complaintsOf, inspectInBothThemes, WIDTHS } from "../checks.ts";
import { person, type Role, signInWith, stateOf } from "../demo.ts";
import { api, day, first } from "../program.ts";

/** A page: its name, where it is, and what is done there before it is looked at. */
type Sight = [name: string, path: string, status?: number, then?: (page: Page) => Promise<void>];

/** Thirty pages in two themes take a minute; a busy machine takes its time. */
const SLOW_MACHINE_MS = 600_000;
const NOBODYS = "/obligations/018f0000-0000-7000-8000-000000000000";

async function adminSights(): Promise<Sight[]> {
  const admin = person("head_office_admin");
  const of = async (filter: string) => `/obligations/${(await first(admin, filter)).id}`;
  const { items: templates } = await api<{ items: { id: string }[] }>(admin, "/templates?limit=1");
  const { items: branches } = await api<{ items: { id: string }[] }>(admin, "/branches?limit=1");
  const { items: events } = await api<{ items: { id: string }[] }>(admin, "/audit/events?limit=1&action=session.started");
  const event = `/audit/${events[0].id}`;
  const open = await of(`status=upcoming&due_from=${day(5)}&owner_id=${person("branch_manager").id}`);
  const { items: seen } = await api<{ items: { id: string }[] }>(admin, "/security-events?limit=1");
  const securityEvent = `/settings/security/events/${seen[0].id}`;
  const [template, branch] = [`/templates/${templates[0].id}`, `/branches/${branches[0].id}`];
  const { items: places } = await api<{ items: { id: string }[] }>(admin, "/jurisdictions?limit=1");
  const place = `/jurisdictions/${places[0].id}`;
  return [
    ["today", "/today"],
    ["obligations", "/obligations"],
    ["obligations-overdue", "/obligations?status=overdue"],
    ["obligations-completed", "/obligations?status=completed"],
    ["obligations-filtered", "/obligations?status=all&severity=critical&q=licence"],
    ["obligations-empty", "/obligations?q=nothing-has-this-name"],
    ["obligations-wrong-filter", "/obligations?due_from=2026-02-30", 422],
    ["obligation-open", open],
    ["obligation-overdue", await of("status=overdue")],
    ["obligation-completed", await of("status=completed")],
    ["obligation-waived", await of("status=waived")],
    ["obligation-action", open, 200, openAction],
    ["obligation-refused", open, 200, refuseAction],
    ["obligation-edit", `${open}/edit`],
    ["obligation-nobodys", NOBODYS, 404],
    ["obligation-new", "/obligations/new"],
    ["obligation-wrong", "/obligations/new", 200, refuseObligation],
    ["branches", "/branches"],
    ["branch", branch],
    ["branch-edit", `${branch}/edit`],
    ["branch-new", "/branches/new"],
    ["branch-wrong", "/branches/new", 200, refuseBranch],
    ["templates", "/templates"],
    ["templates-retired", "/templates?active=false"],
    ["template", template],
    ["template-edit", `${template}/edit`],
    ["places", "/jurisdictions"],
    ["place", place],
    ["place-edit", `${place}/edit`],
    ["place-new", "/jurisdictions/new"],
    ["packs", "/templates/packs"],
    ["pack", "/templates/packs?pack=bangladesh"],
    ["pack-new", "/templates/packs?pack=india"],
    ["template-new", "/templates/new"],
    ["template-wrong", "/templates/new", 200, refuseTemplate],
    ["messages", "/messages"],
    ["messages-all", "/messages?show=all"],
    ["messages-to-acknowledge", "/messages?show=open"],
    ["audit", "/audit"],
    ["audit-event", event],
    ["audit-reveal", `${event}/reveal`],
    ["audit-empty", "/audit?from=1999-01-01&to=1999-01-02"],
    ["settings", "/settings"],
    ["settings-password", "/settings/password"],
    ["settings-second-factor", "/settings/second-factor"],
    ["settings-sessions", "/settings/sessions"],
    ["settings-email", "/settings/email"],
    ["settings-organisation", "/settings/organisation"],
    ["settings-tokens", "/settings/tokens"],
    ["settings-health", "/settings/health"],
    ["routes", "/settings/routes"],
    ["route-new", "/settings/routes/new"],
    ["route", "/settings/routes", 200, (page) => page.locator("main a", { hasText: "Late, for the operations desk" }).click()],
    ["route-looked", "/settings/routes", 200, async (page) => {
        await page.locator("main a", { hasText: "Late, for the operations desk" }).click();
        await page.getByRole("button", { name: "Look back and ahead" }).click();
    }],
    ["notifications", "/settings/notifications"],
    ["simulator", "/messages/simulator"],
    ["deliveries", "/messages/deliveries"],
    ["deliveries-none", "/messages/deliveries?from=1999-01-01&to=1999-01-02"],
    ["delivery", "/messages/deliveries", 200, (page) => page.locator("main table a").first().click()],
    ["deliveries-replay", "/messages/deliveries/replay"],
    ["connectors", "/settings/connectors"],
    ["connector", "/settings/connectors", 200, (page) => page.locator("main a", { hasText: "Operations desk" }).click()],
    ["connector-new", "/settings/connectors/new"],
    ...["webhook", "email_smtp", "telegram_bot", "whatsapp_business"].map((type): Sight => [
      `connector-new-${type}`,
      `/settings/connectors/new?type=${type}`,
    ]),
    ["settings-security", "/settings/security"],
    ["settings-security-filtered", "/settings/security?severity=medium&open=true"],
    ["settings-security-wrong-filter", "/settings/security?severity=terrible", 422],
    ["settings-security-event", securityEvent],
    ["people", "/settings/people"],
    ["people-none", "/settings/people?q=nobody-has-this-name"],
    ["person", `/settings/people/${person("branch_manager").id}`],
    ["person-own", `/settings/people/${admin.id}`],
    ["access-reviews", "/settings/access-reviews"],
    ["access-review", "/settings/access-reviews", 200, beginReview],
    ["step-up", "/step-up"],
    ["nowhere", "/nowhere", 404],
    ["menu", "/today", 200, (page) => page.locator(".menu > summary").click()],
  ];
}

async function managerSights(): Promise<Sight[]> {
  return [
    ["today", "/today"],
    ["obligations", "/obligations"],
    ["branches", "/branches"],
    ["messages", "/messages"],
    ["audit", "/audit"],
    ["settings", "/settings"],
    ["people", "/settings/people"],
    ["person", `/settings/people/${person("branch_manager").id}`],
    ["branch-new", "/branches/new", 403],
  ];
}

async function operatorSights(): Promise<Sight[]> {
  const mine = await first(person("operator"), "status=open");
  return [
    ["today", "/today"],
    ["obligations", "/obligations"],
    ["obligations-empty", "/obligations?q=nothing-has-this-name"],
    ["obligation", `/obligations/${mine.id}`],
    ["messages", "/messages"],
    ["audit", "/audit", 403],
    ["settings", "/settings"],
    ["settings-password", "/settings/password"],
    ["settings-second-factor", "/settings/second-factor"],
    ["settings-sessions", "/settings/sessions"],
    ["settings-email", "/settings/email"],
  ];
}

async function openAction(page: Page): Promise<void> {
  await page.locator("summary", { hasText: "Mark as completed" }).click();
}

async function refuseAction(page: Page): Promise<void> {
  await page.locator("summary", { hasText: "Waive" }).click();
  // Blanks are something to the browser, and nothing to the product.
  await page.getByLabel("Reason").and(page.locator(":visible")).fill("   ");
  await page.getByRole("button", { name: "Waive" }).click();
  await expect(page.locator("#waive-reason")).toHaveAttribute("aria-invalid", "true");
}

async function refuseObligation(page: Page): Promise<void> {
  await page.getByLabel("Due date").fill("9999-12-31");
  await page.getByLabel("Grace days").fill("two");
  await page.getByLabel("Notes").fill("Ask for <Mr. Karim>");
  await page.getByRole("button", { name: "Create the obligation" }).click();
  await expect(page.getByRole("alert")).toBeFocused();
  await expect(page.getByLabel("Grace days")).toHaveValue("two");
  await expect(page.getByLabel("Notes")).toHaveValue("Ask for <Mr. Karim>");
  await expect(page.getByLabel("Title")).toHaveAttribute("aria-invalid", "true");
}

/** Begins a review, or opens the one that is there, and opens a person's form in it. */
async function beginReview(page: Page): Promise<void> {
  const begin = page.getByRole("button", { name: "Begin a review" });
  if (await begin.count()) await begin.click();
  else await page.locator(".rows a.what").first().click();
  await page.locator("details.act summary").first().click();
}

async function refuseBranch(page: Page): Promise<void> {
  await page.getByLabel("Code").fill("a b c");
  await page.getByRole("button", { name: "Create the branch" }).click();
  await expect(page.getByRole("alert")).toBeFocused();
  await expect(page.getByLabel("Code")).toHaveValue("a b c");
}

async function refuseTemplate(page: Page): Promise<void> {
  await page.getByLabel("Reminders").fill("4000");
  await page.getByRole("button", { name: "Create the template" }).click();
  await expect(page.getByRole("alert")).toBeFocused();
  await expect(page.getByLabel("Reminders")).toHaveValue("4000");
}

async function look(page: Page, [name, path, status, then]: Sight, width: string): Promise<void> {
  const complaints = complaintsOf(page);
  const answer = await page.goto(path);
  expect(answer?.status(), path).toBe(status ?? 200);
  await then?.(page);
  await inspectInBothThemes(page, `${name}-${width}`);
  expect(complaints, `${name} in the console`).toEqual([]);
}

const SIGHTS: [Role, () => Promise<Sight[]>][] = [
  ["head_office_admin", adminSights],
  ["branch_manager", managerSights],
  ["operator", operatorSights],
];

for (const [role, sights] of SIGHTS) {
  for (const [width, viewport] of Object.entries(WIDTHS)) {
    test(`${role}: every page, ${width}, light and dark`, async ({ browser }) => {
      test.setTimeout(SLOW_MACHINE_MS);
      const context = await browser.newContext({ storageState: stateOf(role), viewport });
      const page = await context.newPage();
      for (const [name, ...rest] of await sights()) {
        await test.step(name, () => look(page, [`${role}-${name}`, ...rest], width));
      }
      await context.close();
    });
  }
}

for (const [width, viewport] of Object.entries(WIDTHS)) {
  test(`nobody: the way in, ${width}, light and dark`, async ({ browser }) => {
    const context = await browser.newContext({ viewport });
    const page = await context.newPage();
    const who = person("head_office_admin", 1);
    const wrong = async () => {
      await signInWith(page, who.email, "not the password");
      await expect(page.getByRole("alert")).toBeVisible();
      await expect(page.getByLabel("E-mail")).toHaveValue(who.email);
    };
    const half = async () => {
      await signInWith(page, who.email, who.password);
      await expect(page).toHaveURL(/\/mfa/);
    };
    await look(page, ["nobody-sign-in", "/sign-in"], width);
    await look(page, ["nobody-sign-in-wrong", "/sign-in", 200, wrong], width);
    await look(page, ["nobody-forgot-password", "/forgot-password"], width);
    await look(page, ["nobody-mfa", "/sign-in", 200, half], width);
    await context.close();
  });
}
