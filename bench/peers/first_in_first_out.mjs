// The control of fairness: the same messages in a queue that serves whoever came first. How late each healthy one is, and the
// whole time for what has not arrived when the control ends.
import { Logger, makeWorkerUtils, run, runMigrations } from "graphile-worker";
import pg from "pg";
import { jobs, poster } from "./post.mjs";

const { hang, url, secret, stuck, count, concurrency, seconds, body } = JSON.parse(process.argv[2]);
const pgPool = new pg.Pool({ max: concurrency + 4 });
pgPool.on("error", () => {});
const quiet = new Logger(() => () => {});
await runMigrations({ pgPool, logger: quiet });
const utils = await makeWorkerUtils({ pgPool, logger: quiet });
for (let left = stuck; left > 0; left -= 10_000) {
  await utils.addJobs(jobs(Math.min(left, 10_000), body).map((payload) => ({ identifier: "stuck", payload })));
}
await utils.addJobs(jobs(count, body).map((payload) => ({ identifier: "healthy", payload })));
await pgPool.query("analyze");

const late = [];
const toHealthy = poster(url, secret), toStuck = poster(hang, secret);
const began = Date.now();
const runner = await run({
  pgPool,
  logger: quiet,
  noHandleSignals: true,
  concurrency,
  taskList: {
    stuck: (job) => toStuck(job),
    healthy: async (job) => { await toHealthy(job); late.push(Date.now() - began); },
  },
});
runner.promise.catch(() => {});
await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
while (late.length < count) late.push(seconds * 1000);
console.log(JSON.stringify({ late_ms: late }));
process.exit(0);
