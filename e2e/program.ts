// The program beside the running demonstration, and its API, as a script would use them.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { baseURL } from "./playwright.config.ts";
import type { Person } from "./demo.ts";

const run = promisify(execFile);

/** Runs a command of the program on the demonstration's installation; answers what it printed as JSON. */
export async function intrex<T>(...words: string[]): Promise<T> {
  const program = process.env.E2E_PROGRAM ?? "../target/debug/intrex";
  const env = { ...process.env, INTREX_DATA_DIR: process.env.E2E_DATA, INTREX_ENV: "development", BASE_URL: baseURL };
  // Refused rows make an import end with 1, and its report names them.
  const { stdout } = await run(program, [...words, "--json"], { env }).catch((error: { code: number; stdout: string }) => {
    if (error.code === 1 && error.stdout) return error;
    throw error;
  });
  return JSON.parse(stdout) as T;
}

/** Asks the API as a person's program would. */
export async function api<T>(who: Person, path: string, init: RequestInit = {}): Promise<T> {
  const headers = { ...init.headers, Authorization: `Bearer ${who.api_token}` };
  const answer = await fetch(`${baseURL}/api/v1${path}`, { ...init, headers });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

export interface Item {
  id: string;
  title: string;
  status: string;
  due_on: string;
  reference: string;
  recurrence: string | null;
}

/** The first of somebody's obligations that a filter lets through. */
export async function first(who: Person, filter: string): Promise<Item> {
  const { items } = await api<{ items: Item[] }>(who, `/obligations?limit=1&${filter}`);
  if (items.length === 0) throw new Error(`${who.email} has no obligation with ${filter}`);
  return items[0];
}

/** A day so many days from today, as a form takes it. */
export function day(ahead: number): string {
  const date = new Date();
  date.setUTCDate(date.getUTCDate() + ahead);
  return date.toISOString().slice(0, 10);
}
