#!/usr/bin/env python3
"""Receives webhooks of Intrex: verifies both signatures, keeps each message once, answers at once.

Python 3.9 or newer and nothing else. Settings come from the environment:

  WEBHOOK_SECRETS  the signing secrets to accept, with spaces between: two while the secret changes
  PORT             where to listen on 127.0.0.1 (8787); 0 is any free port
  STORE            the SQLite file of what has arrived (webhooks.sqlite)
"""

import base64
import hashlib
import hmac
import os
import re
import sqlite3
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE = 5 * 60  # seconds that a message may be old, or our clock wrong
MAX_BODY = 64 * 1024  # bytes
PATIENCE = 10  # seconds for a sender to say what it has to say
ID = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def keys(secrets):
    """The bytes that signing secrets stand for."""
    found = [base64.b64decode(s[len("whsec_"):], validate=True) for s in secrets.split() if s.startswith("whsec_")]
    if not found or any(len(key) < 24 for key in found):
        raise SystemExit("WEBHOOK_SECRETS needs a secret that begins with whsec_")
    return found


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def same(given, expected):
    """In constant time: how long it takes tells nobody how much of a guess was right."""
    return hmac.compare_digest(given.encode(), expected.encode())


def body_is_signed(keys, header, body):
    """X-Intrex-Signature: over the body alone, so by itself it says nothing about when."""
    return any([same(header, "sha256=" + mac(key, body).hex()) for key in keys])


def message_is_signed(keys, id, timestamp, header, body):
    """webhook-signature: over id, time and body. One signature of several is enough, by any key that we have."""
    signed = f"{id}.{timestamp}.".encode() + body
    expected = ["v1," + base64.b64encode(mac(key, signed)).decode() for key in keys]
    return any([same(given, one) for given in header.split(" ") for one in expected])


def refusal(keys, headers, body, now):
    """Why a message is not taken, as a status; None if it is."""
    id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")
    if not ID.fullmatch(id) or not re.fullmatch("[0-9]{1,12}", timestamp):
        return 400
    if abs(now - int(timestamp)) > TOLERANCE:
        return 400
    if not message_is_signed(keys, id, timestamp, signatures, body):
        return 401
    # While the secret changes, this one is by the old secret, which we need not have any more.
    changing = len(signatures.split(" ")) > 1
    if not body_is_signed(keys, headers.get("x-intrex-signature", ""), body) and not changing:
        return 401
    return None


def keep(store, id, body):
    """Whether it is new: what is sent again has the same id. It is on the disk when this returns."""
    with sqlite3.connect(store, timeout=PATIENCE) as db:
        db.execute("create table if not exists messages (id text primary key, body blob not null, done integer default 0)")
        kept = db.execute("insert into messages (id, body) values (?, ?) on conflict do nothing", (id, body))
        new = kept.rowcount == 1
    db.close()
    return new


class Receiver(BaseHTTPRequestHandler):
    timeout = PATIENCE
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not re.fullmatch("[0-9]{1,9}", length):
            return self.answer(411)
        if int(length) > MAX_BODY:
            return self.answer(413)
        # Exactly what was sent: a body that was parsed and written again has other bytes.
        body = self.rfile.read(int(length))
        status = refusal(self.server.keys, self.headers, body, time.time())
        if status is None:
            # A place for the work is elsewhere: whoever does it reads what is kept, after we have said yes.
            new = keep(self.server.store, self.headers["webhook-id"], body)
            print("kept" if new else "known", self.headers["webhook-id"], flush=True)
        self.answer(status or 204)

    def answer(self, status):
        # What was not read may be anything: no other request comes by this connection.
        self.close_connection = self.close_connection or status != 204
        self.send_response(status)
        if status != 204:
            self.send_header("content-length", "0")
            self.send_header("connection", "close")
        self.end_headers()

    def log_message(self, *_):
        pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8787"))), Receiver)
    server.keys = keys(os.environ.get("WEBHOOK_SECRETS", ""))
    server.store = os.environ.get("STORE", "webhooks.sqlite")
    print("listening on port", server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
