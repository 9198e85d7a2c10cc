#!/usr/bin/env python3
"""Checks proof bundles of Reeve (docs/proof-bundle.md) with nothing but Python.

    python3 verify.py BUNDLE...                 against the keys inside the bundles
    python3 verify.py --key KEY BUNDLE...       against a key that you trust

For each bundle one line of JSON: valid, events, erased, problems. Exit code 1 if one is not valid.
Reading the whole file at once, it is meant for bundles of up to some hundred thousand events.
"""
import base64, hashlib, json, re, struct, sys, uuid

def need(holds, problem):
    if not holds:
        raise ValueError(problem)

def h(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def b64(text):
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text, "a hash, key or signature is not base64")
    return data

def number(text):
    need(isinstance(text, str) and re.fullmatch(r"0|[1-9][0-9]*", text, re.A), "a number is not one")
    return int(text)

# Ed25519 (RFC 8032). A point is x, y, z, t with x = X/Z, y = Y/Z and x*y = T/Z.
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P

def add(a, b):
    s, t = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    u, v = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    return (t - s) * (v - u) % P, (v + u) * (t + s) % P, (v - u) * (v + u) % P, (t - s) * (t + s) % P

def times(k, point):
    sum = (0, 1, 1, 0)
    while k:
        if k & 1:
            sum = add(sum, point)
        point, k = add(point, point), k >> 1
    return sum

def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    need(y < P and x * x % P == square and (x or not sign), "a key or signature is no point")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P

BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))

def genuine(key, text, signature):
    if len(signature) != 64 or (s := int.from_bytes(signature[32:], "little")) >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % L
    a, b = times(s, BASE), add(point(signature[:32]), times(k, point(key)))
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0

def signed_lines(note, keys, guild):
    """The lines of a note that one of the keys has signed for this guild."""
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    origin, *lines = text.splitlines()
    need(origin == f"reeve/{guild}" and text.count("\n") == 3, "a note is not one of this guild")
    signed = False
    for line in signatures.removesuffix("\n").split("\n"):
        dash, name, data = line.split(" ")
        need(dash == "\u2014" and signatures.endswith("\n"), "a signature line is not one")
        for key in keys:
            signer, id, public = key.split("+", 2)
            public, data_ = b64(public), b64(data)
            need(public[0] == 1 and id == h(signer.encode(), b"\n", public)[:4].hex(), "no key")
            if signer == name == origin and data_[:4].hex() == id:
                need(genuine(public[1:], text.encode(), data_[4:]), "a signature was forged")
                signed = True
    need(signed, "a note is not signed with this key")
    return lines

def checkpoint(note, keys, guild):
    size, root = signed_lines(note, keys, guild)
    need(len(b64(root)) == 32, "a root is not one")
    return number(size), b64(root)

# Merkle trees (RFC 6962), told by the tree's shape instead of by bits.
def node(left, right):
    return h(b"\1", left, right)

def middle(begin, end):
    return begin + (1 << (end - begin - 1).bit_length() - 1)

def from_path(index, begin, end, leaf, path):
    """The root over begin..end, from a leaf and the hashes beside its way up."""
    if end - begin == 1:
        need(not path and index == begin, "a proof has another length")
        return leaf
    m = middle(begin, end)
    need(path and begin <= index < end, "a proof has another length")
    if index < m:
        return node(from_path(index, begin, m, leaf, path[:-1]), path[-1])
    return node(path[-1], from_path(index, m, end, leaf, path[:-1]))

def grown(older, begin, end, old_root, path, whole=True):
    """The older and the newer root, from the hashes of a consistency proof."""
    if older == end:
        need(len(path) == (0 if whole else 1), "a proof has another length")
        return (old_root, old_root) if whole else (path[0], path[0])
    m = middle(begin, end)
    need(path and begin < older < end, "a proof has another length")
    if older <= m:
        old, new = grown(older, begin, m, old_root, path[:-1], whole)
        return old, node(new, path[-1])
    old, new = grown(older, m, end, old_root, path[:-1], False)
    return node(path[-1], old), node(path[-1], new)

class Growing:
    """A tree from left to right, of the hashes of full subtrees and of leaves."""
    def __init__(self):
        self.size, self.parts = 0, []

    def add(self, hash, level=0):
        self.size += 1 << level
        while self.parts and self.parts[-1][0] == level:
            hash, level = node(self.parts.pop()[1], hash), level + 1
        self.parts.append((level, hash))

    def up_to(self, end, hashes):
        for hash in hashes:
            need(self.size < end, "a range has too many hashes beside it")
            fits = (end - self.size).bit_length() - 1
            aligned = (self.size & -self.size).bit_length() - 1
            self.add(hash, min(fits, aligned) if self.size else fits)
        need(self.size == end, "a range has too few hashes beside it")

    def root(self):
        root = self.parts[-1][1]
        for _, hash in self.parts[-2::-1]:
            root = node(hash, root)
        return root

FIELDS = ("aggregate_type", "aggregate_id", "event_type", "metadata", "payload")

def leaf(event, guild):
    need(len(event) == 11 and event["guild"] == guild, "an event is not one of this guild")
    numbers = [number(event[name]) for name in ("guild", "guild_seq", "sequence", "event_version")]
    at = event["recorded_at"]
    need(re.fullmatch(r"0|-?[1-9][0-9]*", at, re.A), "a time is not one")
    id = uuid.UUID(event["event_id"])
    need(str(id) == event["event_id"], "an id is not one")
    parts = [b"reeve.event.v1\n", id.bytes, struct.pack(">QQQQq", *numbers, int(at))]
    for text in (event[name].encode() for name in FIELDS):
        parts += struct.pack(">Q", len(text)), text
    return h(b"\0", h(*parts))

def objects(payload):
    within = [json.loads(payload)]
    while within:
        value = within.pop()
        if isinstance(value, dict):
            yield value
        within += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()

def once(pairs):
    need(len(dict(pairs)) == len(pairs), "a name stands twice in a line")
    return dict(pairs)

def verify(data, trusted, seen):
    lines = data.split(b"\n")
    need(lines.pop() == b"", "the bundle was cut: its last line is missing")
    end, body = lines.pop(), lines
    lines = [json.loads(line.decode(), object_pairs_hook=once) for line in body]
    header, lines = lines[0], lines[1:][::-1]
    need(header["reeve_proof"] == 1, "this is no bundle of a form that is known here")
    guild, inside = header["guild"], []
    number(guild)
    while lines and set(lines[-1]) == {"key"}:
        inside.append(lines.pop()["key"])
    keys = trusted or inside
    need(set(lines[-1]) == {"checkpoint"}, "the checkpoint is missing")
    size, root = checkpoint(lines.pop()["checkpoint"], keys, guild)
    if set(lines[-1]) == {"since", "consistency"}:
        line = lines.pop()
        older, old_root = checkpoint(line["since"], keys, guild)
        path = [b64(hash) for hash in line["consistency"]]
        need(0 < older <= size, "the older checkpoint is the newer one")
        need(grown(older, 0, size, old_root, path) == (old_root, root), "the history was rewritten")

    def proven(event, proof):
        index = number(event["guild_seq"]) - 1
        path = [b64(hash) for hash in proof]
        found = from_path(index, 0, size, leaf(event, guild), path)
        need(found == root, "an event is not the one that was signed: it or its proof was altered")

    erased, last = set(), 0
    while lines and set(lines[-1]) == {"erased", "proof"}:
        line = lines.pop()
        event = line["erased"]
        proven(event, line["proof"])
        need((event["aggregate_type"], event["event_type"]) == ("people", "people.person_erased"), "no erasure")
        need(number(event["guild_seq"]) > last, "erasures are in another order")
        last = number(event["guild_seq"])
        erased.add(json.loads(event["payload"])["person_erased"]["person"])

    tree, what = Growing(), set(header) - {"reeve_proof", "guild"}
    need(what in ({"from", "to"}, {"stream"}, {"person"}), "the first line does not say which events these are")
    if what == {"from", "to"}:
        begin, to = number(header["from"]), number(header["to"])
        need(1 <= begin <= to <= size and set(lines[-1]) == {"left", "right"}, "the range is not one")
        sides = lines.pop()
        tree.up_to(begin - 1, [b64(hash) for hash in sides["left"]])
    last, version = 0, 0
    for line in reversed(lines):
        event = line["event"]
        seq = number(event["guild_seq"])
        in_order = seq > last
        if what == {"from", "to"}:
            need(set(line) == {"event"}, "a line is not an event")
            in_order = seq == tree.size + 1
            tree.add(leaf(event, guild))
        else:
            need(set(line) == {"event", "proof"}, "a line is not an event and its proof")
            proven(event, line["proof"])
        if what == {"stream"}:
            stream = event["aggregate_type"] + "/" + event["aggregate_id"]
            need(stream == header["stream"], "an event is one of another stream")
            in_order = in_order and number(event["sequence"]) == version + 1
        if what == {"person"}:
            person, actor = number(header["person"]), json.loads(event["metadata"]).get("actor")
            names = [value.get(name) for value in objects(event["payload"]) for name in ("person", "from", "to", "owner")]
            need(actor == f"person:{person}" or person in names, "an event does not name the person")
        need(in_order, "events are missing, doubled or in another order")
        last, version = seq, number(event["sequence"])
        seen["events"] += 1
        sealed = [value for value in objects(event["payload"]) if set(value) == {"owner", "sealed"}] if erased else ()
        seen["erased"] += any(value["owner"] in erased for value in sealed)
    if what == {"from", "to"}:
        need(tree.size == to, "the bundle was cut: the last event is missing")
        tree.up_to(size, [b64(hash) for hash in sides["right"]])
        need(tree.root() == root, "the events are not those that were signed")
    digest = base64.b64encode(h(*(line + b"\n" for line in body))).decode()
    note = json.loads(end.decode())["end"]
    need(end == ('{"end":%s}' % json.dumps(note, ensure_ascii=False)).encode(), "the last line is not whole")
    says = signed_lines(note, keys, guild)
    need(says == [f"bundle of {seen['events']} events", digest], "the last line does not fit what is before it")

def main(arguments):
    trusted, good = [], True
    while arguments[:1] == ["--key"]:
        trusted, arguments = trusted + arguments[1:2], arguments[2:]
    if not arguments:
        sys.exit(__doc__)
    for path in arguments:
        answer = {"valid": True, "events": 0, "erased": 0, "problems": []}
        try:
            with open(path, "rb") as file:
                verify(file.read(), trusted, answer)
        except Exception as error:  # whatever does not fit, is not valid
            answer.update(valid=False, problems=[str(error) or type(error).__name__])
        good = good and answer["valid"]
        print(json.dumps(answer))
    sys.exit(0 if good else 1)

main(sys.argv[1:])
