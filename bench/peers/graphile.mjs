// graphile-worker with the settings that its own page on performance recommends.
import { Logger, makeWorkerUtils, runMigrations, run } from "graphile-worker";
import pg from "pg";
import { jobs, poster } from "./post.mjs";

const { url, secret, count, concurrency, body } = JSON.parse(process.argv[2]);
const pgPool = new pg.Pool({ max: concurrency + 4 });
const post = poster(url, secret);
const quiet = new Logger(() => () => {});
await runMigrations({ pgPool, logger: quiet });
const utils = await makeWorkerUtils({ pgPool, logger: quiet });
await utils.addJobs(jobs(count, body).map((payload) => ({ identifier: "post", payload })));
await pgPool.query("analyze");

const began = process.hrtime.bigint();
const runner = await run({
  pgPool,
  logger: quiet,
  noHandleSignals: true,
  preset: { worker: { concurrentJobs: concurrency, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
  taskList: { post },
});
await until(async () => (await pgPool.query("select not exists (select from graphile_worker._private_jobs) as done")).rows[0].done);
const seconds = Number(process.hrtime.bigint() - began) / 1e9;
await runner.stop();
await utils.release();
await pgPool.end();
console.log(JSON.stringify({ per_second: count / seconds }));

async function until(done) {
  while (!await done()) await new Promise((resolve) => setTimeout(resolve, 20));
}
