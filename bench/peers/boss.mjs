// pg-boss: it polls twice a second at the most, so it gets as many pollers and as large batches as make it fastest here.
import PgBoss from "pg-boss";
import pg from "pg";
import { jobs, poster } from "./post.mjs";

const { url, secret, count, concurrency, body } = JSON.parse(process.argv[2]);
const BATCH = 500;
const pool = new pg.Pool({ max: 2 });
const boss = new PgBoss({ host: process.env.PGHOST, port: Number(process.env.PGPORT), user: process.env.PGUSER, password: process.env.PGPASSWORD, database: process.env.PGDATABASE, max: 8, supervise: false, schedule: false });
boss.on("error", (error) => { console.error(error); process.exit(1); });
const post = poster(url, secret);
await boss.start();
await boss.createQueue("post");
const all = jobs(count, body);
for (let from = 0; from < all.length; from += 5000) {
  await boss.insert(all.slice(from, from + 5000).map((data) => ({ name: "post", data })));
}
await pool.query("analyze");

const began = process.hrtime.bigint();
for (let poller = 0; poller < 4; poller += 1) {
  await boss.work("post", { batchSize: BATCH, pollingIntervalSeconds: 0.5 }, async (batch) => {
    const waiting = batch.map((job) => job.data);
    const lane = async () => { for (let job = waiting.pop(); job; job = waiting.pop()) await post(job); };
    await Promise.all(Array.from({ length: Math.ceil(concurrency / 4) }, lane));
  });
}
await until(async () => (await pool.query("select not exists (select from pgboss.job where name = 'post' and state <> 'completed') as done")).rows[0].done);
const seconds = Number(process.hrtime.bigint() - began) / 1e9;
await boss.stop({ graceful: false });
await pool.end();
console.log(JSON.stringify({ per_second: count / seconds }));

async function until(done) {
  while (!await done()) await new Promise((resolve) => setTimeout(resolve, 20));
}
