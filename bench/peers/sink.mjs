// Whoever receives: answers every POST with 204 and remembers each id once, so that the bench can say that nothing was lost.
// One signature in a hundred is verified, of both kinds. Below /hang nobody ever answers.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const [, , port, secret] = process.argv;
const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
const VERIFIED_EACH = 100;
let ids = new Map();
let arrived = 0, refused = 0, hanging = 0;

function same(said, made) {
  const a = Buffer.from(said ?? ""), b = Buffer.from(made);
  return a.length === b.length && timingSafeEqual(a, b);
}

function genuine(headers, body) {
  const plain = createHmac("sha256", key).update(body).digest("hex");
  const signed = createHmac("sha256", key).update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.`).update(body).digest("base64");
  return same(headers["x-intrex-signature"], `sha256=${plain}`)
    && (headers["webhook-signature"] ?? "").split(" ").some((one) => same(one, `v1,${signed}`));
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (request.method === "GET") return tell(request, response);
  if (request.url.startsWith("/hang")) {
    hanging += 1;
    request.socket.on("close", () => { hanging -= 1; });
    return;
  }
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const id = request.headers["webhook-id"];
    arrived += 1;
    if (request.url.startsWith("/signed") && arrived % VERIFIED_EACH === 0 && !genuine(request.headers, Buffer.concat(parts))) refused += 1;
    if (id && !ids.has(id)) ids.set(id, Date.now());
    response.writeHead(204).end();
  });
});

function tell(request, response) {
  if (request.url === "/forget") {
    ids = new Map();
    arrived = refused = 0;
  }
  const what = request.url === "/times" ? Object.fromEntries(ids) : { arrived, distinct: ids.size, refused, hanging };
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(what));
}

server.listen(Number(port), "127.0.0.1", () => console.log("ready"));
process.on("SIGTERM", () => process.exit(0));
