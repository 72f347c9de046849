// What each peer does for a job: both signatures over the body, one POST over a kept connection, anything but 2xx is an error.
import { createHmac } from "node:crypto";
import { Agent, request } from "node:http";

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

export function poster(url, secret) {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const { hostname, port, pathname } = new URL(url);
  return ({ id, body }) => new Promise((resolve, reject) => {
    const stamp = Math.floor(Date.now() / 1000);
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "x-intrex-signature": `sha256=${createHmac("sha256", key).update(body).digest("hex")}`,
      "webhook-id": id,
      "webhook-timestamp": stamp,
      "webhook-signature": `v1,${createHmac("sha256", key).update(`${id}.${stamp}.${body}`).digest("base64")}`,
    };
    const out = request({ agent, hostname, port, path: pathname, method: "POST", headers, timeout: 15_000 }, (answer) => {
      answer.resume();
      answer.on("end", () => answer.statusCode < 300 ? resolve() : reject(new Error(`answered ${answer.statusCode}`)));
    });
    out.on("timeout", () => out.destroy(new Error("no answer in time")));
    out.on("error", reject);
    out.end(body);
  });
}

// The jobs: `count` bodies as the product sends them, each with its id.
export function jobs(count, body) {
  return Array.from({ length: count }, (_, number) => ({ id: `peer-${process.pid}-${number}`, body }));
}
