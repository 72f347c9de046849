#!/usr/bin/env python3
"""A second implementation of the audit format, independent of the Rust one: Python's standard library alone.

    verify.py [DIRECTORY]

reads the golden vectors beside it (or in DIRECTORY), recomputes every entry, commitment and hash, and exits 1 at any
difference. Written from docs/audit-format.md; if the three disagree, the vectors are right.
"""

import datetime
import hashlib
import json
import pathlib
import re
import sys

SNAKE = r"[a-z][a-z0-9_]{0,63}"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
NIL = "00000000-0000-0000-0000-000000000000"
REQUIRED = {"v", "epoch", "partition", "tenant", "id", "recorded_at", "actor", "category", "action", "outcome",
            "metadata", "personal"}
OPTIONAL = {"entity", "branch", "request_id"}


def need(condition, why):
    if not condition:
        raise ValueError(why)


def canonical(value):
    """RFC 8785, for values without floats."""
    if value is None or isinstance(value, (bool, str)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    need(isinstance(value, dict), "not a JSON value of this format")
    keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
    return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in keys) + "}"


def check_values(value, depth, machine):
    need(depth <= 16 or not isinstance(value, (dict, list)), "nested too deeply")
    if isinstance(value, dict):
        for key, member in value.items():
            need(not machine or re.fullmatch(r"[A-Za-z0-9_.:-]{1,64}", key), "metadata key")
            check_values(member, depth + 1, machine)
    elif isinstance(value, list):
        for item in value:
            check_values(item, depth + 1, machine)
    elif isinstance(value, str):
        need(not machine or "\0" not in value, "U+0000 in metadata")
    elif type(value) is int:
        need(abs(value) <= 2**53 - 1, "integer out of range")


def read_json(text):
    def members(pairs):
        need(len(dict(pairs)) == len(pairs), "a key twice")
        return dict(pairs)

    def refuse(literal):
        raise ValueError("not an integer: " + literal)

    return json.loads(text, object_pairs_hook=members, parse_float=refuse, parse_constant=refuse)


def parse_entry(data):
    """Strictly reads the bytes of an entry or raises ValueError."""
    need(len(data) <= 16 * 1024, "longer than 16 KiB")
    try:
        entry = read_json(data.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error

    def matches(value, pattern):
        return isinstance(value, str) and re.fullmatch(pattern, value) is not None

    def is_u32(value):
        return type(value) is int and 0 <= value < 2**32

    def optional_id(value):
        return value is None or (matches(value, UUID) and value != NIL)

    need(isinstance(entry, dict), "not an object")
    need(type(entry.get("v")) is int and entry["v"] == 1, "version")
    need(REQUIRED <= set(entry) <= REQUIRED | OPTIONAL, "members")
    need(not any(entry[name] is None for name in entry), "null instead of an absent member")
    need(is_u32(entry["epoch"]) and is_u32(entry["partition"]), "epoch or partition")
    need(matches(entry["tenant"], UUID), "tenant")
    need(matches(entry["id"], UUID7), "id")
    need(matches(entry["recorded_at"], r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"), "recorded_at")
    year, month, *rest = map(int, re.findall("[0-9]+", entry["recorded_at"]))
    datetime.datetime(year, month, *rest)
    need(year >= 1970 and entry["partition"] == year * 100 + month, "partition")

    actor = entry["actor"]
    need(isinstance(actor, dict) and {"kind"} <= set(actor) <= {"kind", "id", "person"}, "actor")
    need(None not in actor.values(), "null instead of an absent member")
    kind, actor_id, person = actor["kind"], actor.get("id"), actor.get("person")
    need(kind in ("person", "token", "worker", "operator", "anonymous"), "actor.kind")
    need(optional_id(actor_id) and optional_id(person), "actor ids")
    need(actor_id is not None or kind not in ("person", "token"), "actor without id")
    need(person is None or kind not in ("person", "anonymous"), "actor with person")
    need(actor_id is None or kind != "anonymous", "anonymous with id")

    need(matches(entry["category"], SNAKE), "category")
    need(matches(entry["action"], r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*") and len(entry["action"]) <= 128, "action")
    need(entry["outcome"] in ("success", "failure", "denied"), "outcome")
    if "entity" in entry:
        entity = entry["entity"]
        need(isinstance(entity, dict) and set(entity) == {"type", "id"}, "entity")
        need(matches(entity["type"], SNAKE) and matches(entity["id"], r"[A-Za-z0-9_.:/-]{1,128}"), "entity")
    need(optional_id(entry.get("branch")), "branch")
    need("request_id" not in entry or matches(entry["request_id"], r"[A-Za-z0-9_-]{1,64}"), "request_id")

    need(isinstance(entry["metadata"], dict) and isinstance(entry["personal"], dict), "metadata or personal")
    check_values(entry["metadata"], 2, True)
    need(len(canonical(entry["metadata"]).encode()) <= 2 * 1024, "metadata longer than 2 KiB")
    need(len(entry["personal"]) <= 32, "more than 32 personal fields")
    for name, value in entry["personal"].items():
        need(matches(name, SNAKE) and matches(value, "[0-9a-f]{64}"), "personal")

    need(canonical(entry).encode("utf-8") == data, "not canonical")
    return entry


def commitment(field, value, salt):
    data = b"intrex/field/v1\0" + salt + field.encode() + b"\0" + value.encode()
    return hashlib.sha256(data).hexdigest()


def leaf_hash(chain_key, seq, prev_hash, entry):
    key = chain_key.encode()
    return hashlib.sha256(b"intrex/chain/v1\0" + len(key).to_bytes(4, "big") + key + seq.to_bytes(8, "big") + prev_hash
                          + len(entry).to_bytes(4, "big") + entry).digest()


def first_broken(chain):
    """The number of the first broken event of a chain, or None."""
    seq, last, epoch, ids = 0, bytes(32), 0, set()
    for event in chain["events"]:
        entry = event["entry"].encode("utf-8")
        if event["seq"] != seq + 1:
            return min(seq + 1, event["seq"])
        seq += 1
        if bytes.fromhex(event["prev_hash"]) != last or bytes.fromhex(event["hash"]) != leaf_hash(
                chain["chain_key"], seq, last, entry):
            return seq
        try:
            parsed = parse_entry(entry)
        except ValueError:
            return seq
        if parsed["tenant"] != chain["chain_key"] or parsed["epoch"] < epoch or parsed["id"] in ids:
            return seq
        last, epoch = bytes.fromhex(event["hash"]), parsed["epoch"]
        ids.add(parsed["id"])
    head = chain["head"]
    if head["seq"] != seq:
        return min(head["seq"], seq) + 1
    return None if bytes.fromhex(head["hash"]) == last else seq


def build_entry(draft):
    """The canonical text of the entry that a draft describes."""
    entry = {key: value for key, value in draft.items() if key != "personal"}
    entry["v"] = 1
    entry["partition"] = int(draft["recorded_at"][0:4] + draft["recorded_at"][5:7])
    entry["personal"] = {}
    for field in draft["personal"]:
        if field["field"] == "diff":
            diff = read_json(field["value"])
            check_values(diff, 1, False)
            need(canonical(diff) == field["value"], "the diff is not canonical")
        entry["personal"][field["field"]] = commitment(field["field"], field["value"], bytes.fromhex(field["salt"]))
    return canonical(entry)


def refused(data):
    try:
        parse_entry(data)
    except ValueError:
        return True
    return False


def main():
    directory = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    differences, checks = [], 0

    def compare(name, found, expected):
        nonlocal checks
        checks += 1
        if found != expected:
            differences.append(f"{name}: expected {expected!r}, computed {found!r}")

    def load(name):
        vectors = json.loads((directory / name).read_text("utf-8"))
        need(vectors, f"{name} holds no vectors")
        return vectors

    for vector in load("commitments.json"):
        found = commitment(vector["field"], vector["value"], bytes.fromhex(vector["salt"]))
        compare(vector["name"], found, vector["commitment"])
    for vector in load("entries.json"):
        compare(vector["name"], build_entry(vector["draft"]), vector["entry"])
        compare(vector["name"] + " is valid", refused(vector["entry"].encode()), False)
        compare(vector["name"] + " SHA-256", hashlib.sha256(vector["entry"].encode()).hexdigest(), vector["sha256"])
    for vector in load("refused.json"):
        data = bytes.fromhex(vector["entry_hex"]) if "entry_hex" in vector else vector["entry"].encode("utf-8")
        compare(vector["name"] + " is refused", refused(data), True)
    for chain in load("chains.json"):
        compare(chain["name"], first_broken(chain), chain["first_broken"])

    for difference in differences:
        print(difference, file=sys.stderr)
    print(f"{checks} checks, {len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
