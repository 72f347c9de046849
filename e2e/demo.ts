// The demo installation's people, as the program wrote them down, and the codes of their authenticator.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type Page } from "@playwright/test";

export type Role = "head_office_admin" | "branch_manager" | "operator";

export interface Person {
  id: string;
  email: string;
  password: string;
  totp_secret: string;
  role: Role;
  branch_ids: string[];
  api_token: string;
}

export interface Tenant {
  id: string;
  name: string;
  branches: { id: string; code: string }[];
  users: Person[];
}

export function tenants(): Tenant[] {
  const file = join(process.env.E2E_DATA ?? "", "demo.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { tenants: Tenant[] }).tenants;
}

/** The first person of a role in the first tenant. */
export function person(role: Role, tenant = 0): Person {
  const found = tenants()[tenant].users.find((user) => user.role === role);
  if (!found) throw new Error(`the demo has no ${role}`);
  return found;
}

/** Where the cookies of a signed-in person are kept between tests. */
export function stateOf(role: Role): string {
  return join(process.env.E2E_DATA ?? "", `state-${role}.json`);
}

const STEP_SECONDS = 30;
const used = new Map<string, number>();

/** RFC 6238: SHA-1, six digits, 30 seconds. A step is never given twice; the product accepts one step ahead. */
export function code(secret: string): string {
  const now = Math.floor(Date.now() / 1000 / STEP_SECONDS);
  const step = Math.max(now, (used.get(secret) ?? 0) + 1);
  used.set(secret, step);
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", base32(secret)).update(counter).digest();
  const offset = mac[mac.length - 1] & 15;
  const number = (mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000;
  return String(number).padStart(6, "0");
}

function base32(text: string): Buffer {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  let bits = "";
  for (const letter of text.replace(/=+$/, "")) bits += alphabet.indexOf(letter).toString(2).padStart(5, "0");
  return Buffer.from(bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []);
}

/** The first step at the sign-in page. */
export async function signInWith(page: Page, email: string, password: string): Promise<void> {
  await page.locator('input[name="email"]').fill(email);
  await page.locator('input[name="password"]').fill(password);
  await page.locator('input[name="password"]').press("Enter");
}

/** Signs in as a person would: e-mail, password, code. */
export async function signIn(page: Page, who: Person): Promise<void> {
  await page.goto("/sign-in");
  await signInWith(page, who.email, who.password);
  await expect(page).toHaveURL(/\/mfa/);
  await page.locator('input[name="code"]').fill(code(who.totp_secret));
  await page.locator('input[name="code"]').press("Enter");
  await expect(page).toHaveURL(/\/today/);
}
