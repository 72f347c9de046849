// Receives webhooks of Intrex: verifies both signatures, keeps each message once, answers at once.
//
// Node.js and nothing else: `node receiver.mts` from version 22.18 on, and compiled by `tsc` before. Settings come from the
// environment:
//
//   WEBHOOK_SECRETS  the signing secrets to accept, with spaces between: two while the secret changes
//   PORT             where to listen on 127.0.0.1 (8787); 0 is any free port
//   STORE            the folder of what has arrived, one file a message (webhooks)
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { linkSync, mkdirSync, openSync, closeSync, fsyncSync, unlinkSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
const TOLERANCE = 5 * 60; // seconds that a message may be old, or our clock wrong
const MAX_BODY = 64 * 1024; // bytes
const PATIENCE = 10_000; // milliseconds for a sender to say what it has to say
const ID = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$/;
/** The bytes that signing secrets stand for. */
function keysOf(secrets) {
    const found = secrets.split(/\s+/).filter((secret) => secret.startsWith("whsec_"));
    const keys = found.map((secret) => Buffer.from(secret.slice("whsec_".length), "base64"));
    if (keys.length === 0 || keys.some((key) => key.length < 24)) {
        throw new Error("WEBHOOK_SECRETS needs a secret that begins with whsec_");
    }
    return keys;
}
const mac = (key, ...parts) => {
    const hmac = createHmac("sha256", key);
    for (const part of parts)
        hmac.update(part);
    return hmac.digest();
};
/** In constant time: how long it takes tells nobody how much of a guess was right. */
function same(given, expected) {
    const [one, other] = [Buffer.from(given), Buffer.from(expected)];
    return one.length === other.length && timingSafeEqual(one, other);
}
/** X-Intrex-Signature: over the body alone, so by itself it says nothing about when. */
function bodyIsSigned(keys, header, body) {
    return keys.some((key) => same(header, `sha256=${mac(key, body).toString("hex")}`));
}
/** webhook-signature: over id, time and body. One signature of several is enough, by any key that we have. */
function messageIsSigned(keys, id, timestamp, header, body) {
    const expected = keys.map((key) => `v1,${mac(key, `${id}.${timestamp}.`, body).toString("base64")}`);
    return header.split(" ").some((given) => expected.some((one) => same(given, one)));
}
/** Why a message is not taken, as a status; null if it is. */
function refusal(keys, header, body, now) {
    const [id, timestamp] = [header("webhook-id"), header("webhook-timestamp")];
    const signatures = header("webhook-signature");
    if (!ID.test(id) || !/^[0-9]{1,12}$/.test(timestamp))
        return 400;
    if (Math.abs(now - Number(timestamp)) > TOLERANCE)
        return 400;
    if (!messageIsSigned(keys, id, timestamp, signatures, body))
        return 401;
    // While the secret changes, this one is by the old secret, which we need not have any more.
    const changing = signatures.split(" ").length > 1;
    if (!bodyIsSigned(keys, header("x-intrex-signature"), body) && !changing)
        return 401;
    return null;
}
/** Whether it is new: what is sent again has the same id. It is on the disk when this returns, whole or not at all. */
function keep(store, id, body) {
    const half = join(store, `.${randomUUID()}`);
    const file = openSync(half, "wx", 0o600);
    try {
        writeSync(file, body);
        fsyncSync(file);
        linkSync(half, join(store, `${id}.json`));
        return true;
    }
    catch (error) {
        if (error.code === "EEXIST")
            return false;
        throw error;
    }
    finally {
        closeSync(file);
        unlinkSync(half);
    }
}
/** Exactly what was sent: a body that was parsed and written again has other bytes. Null if it is too long. */
async function read(request) {
    const parts = [];
    let length = 0;
    for await (const part of request) {
        length += part.length;
        if (length > MAX_BODY)
            return null;
        parts.push(part);
    }
    return Buffer.concat(parts);
}
async function answer(request, keys, store) {
    if (request.method !== "POST")
        return 405;
    const body = await read(request);
    if (body === null)
        return 413;
    const header = (name) => [request.headers[name] ?? ""].flat().join(",");
    const refused = refusal(keys, header, body, Date.now() / 1000);
    if (refused !== null)
        return refused;
    // A place for the work is elsewhere: whoever does it reads what is kept, after we have said yes.
    const id = header("webhook-id");
    console.log(keep(store, id, body) ? "kept" : "known", id);
    return 204;
}
const keys = keysOf(process.env.WEBHOOK_SECRETS ?? "");
const store = process.env.STORE ?? "webhooks";
mkdirSync(store, { recursive: true });
const server = createServer({ requestTimeout: PATIENCE, headersTimeout: PATIENCE }, (request, response) => {
    answer(request, keys, store)
        // What we could not keep is sent again.
        .catch(() => 500)
        .then((status) => response.writeHead(status, status === 204 ? {} : { connection: "close" }).end());
});
server.listen(Number(process.env.PORT ?? "8787"), "127.0.0.1", () => {
    console.log("listening on port", server.address().port);
});
