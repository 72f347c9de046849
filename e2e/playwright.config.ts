// The browser's tests run against a demo installation of their own: its own data directory, its own private PostgreSQL,
// its own port. Debian's Chromium is used as it is installed; nothing is downloaded.
import { defineConfig } from "@playwright/test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// The configuration is read again by every worker: what the first reading chose is handed on by the environment.
process.env.E2E_PORT ??= String(20000 + (process.pid % 20000));
process.env.E2E_DATA ??= mkdtempSync(join(tmpdir(), "intrex-e2e-"));

export const baseURL = `http://localhost:${process.env.E2E_PORT}`;

export default defineConfig({
  testDir: "tests",
  outputDir: "results",
  // One demo installation serves all tests, and its people sign in once: one after the other.
  workers: 1,
  forbidOnly: !!process.env.CI,
  retries: 0,
  timeout: 60_000,
  reporter: [["list"]],
  use: {
    baseURL,
    actionTimeout: 15_000,
    timezoneId: "Asia/Dhaka",
    locale: "en-GB",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
      ],
    },
  },
  projects: [
    { name: "sign-in", testMatch: /sign-in\.setup\.ts/ },
    { name: "browser", testMatch: /\.spec\.ts/, dependencies: ["sign-in"] },
  ],
  globalTeardown: "./teardown.ts",
  webServer: {
    command: `${process.env.E2E_PROGRAM ?? "../target/debug/intrex"} demo`,
    url: `${baseURL}/readyz`,
    timeout: 180_000,
    stdout: "ignore",
    stderr: "pipe",
    gracefulShutdown: { signal: "SIGINT", timeout: 30_000 },
    env: {
      INTREX_DATA_DIR: process.env.E2E_DATA,
      BIND: `127.0.0.1:${process.env.E2E_PORT}`,
      BASE_URL: baseURL,
      INTREX_ENV: "development",
      AUTH_RATE_LIMIT_MAX: "1000",
      // What goes wrong, and not each of a thousand requests.
      RUST_LOG: process.env.RUST_LOG ?? "warn,sqlx::postgres::notice=error",
    },
  },
});
