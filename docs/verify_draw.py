#!/usr/bin/env python3
"""Checks the draw of a giveaway of Reeve (docs/draw.md) with nothing but Python.

    python3 verify_draw.py BUNDLE...

For each bundle one line of JSON: valid, entries, drawn, problems. Exit code 1 if one is not valid.
"""
import hashlib, hmac, json, re, sys, uuid

def need(holds, problem):
    if not holds:
        raise ValueError(problem)

def h(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def keyed(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()

def four(number):
    return number.to_bytes(4, "big")

def digest(text):
    need(re.fullmatch(r"[0-9a-f]{64}", text, re.A), "a digest is not 64 digits of 0-9 and a-f")
    return bytes.fromhex(text)

def root(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else h()
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return h(b"\1", root(leaves[:left]), root(leaves[left:]))

def pick(key, id, k, weights):
    """The entry that is drawn, and how often it had to be tried."""
    total, j = sum(weights), 0
    if not total:
        return None
    while (x := int.from_bytes(keyed(key, id, four(k), four(j))[:8], "big")) >= 2**64 // total * total:
        j += 1
    place = x % total
    for entry, weight in enumerate(weights, 1):
        if place < weight:
            return entry, j
        place -= weight

def once(pairs):
    need(len(dict(pairs)) == len(pairs), "a name stands twice in a line")
    return dict(pairs)

def verify(data, answer):
    body, last = data.decode().rsplit("\n", 1)
    need(last == "", "the bundle was cut: its last line is not whole")
    header, *lines = [json.loads(line, object_pairs_hook=once) for line in body.split("\n")]
    need(set(header) == {"reeve_draw", "giveaway", "commitment", "winners", "entries", "root", "message", "seed"}
         and header["reeve_draw"] == 1, "this is no draw of a form that is known here")
    count, winners = header["entries"], header["winners"]
    id = uuid.UUID(header["giveaway"])
    need(str(id) == header["giveaway"], "the giveaway's id is not one")
    id, seed = id.bytes, digest(header["seed"])
    need(re.fullmatch(r"[1-9][0-9]*", header["message"], re.A), "the message's number is not one")
    need(h(b"dv1", id, seed) == digest(header["commitment"]), "the seed is not the one that was committed to")
    entries, record, end = lines[:count], lines[count:-1], lines[-1]
    weights, leaves = [], []
    for number, line in enumerate(entries, 1):
        need(set(line) == {"entry", "weight", "tag"} and line["entry"] == number, "an entry is missing or doubled")
        need(type(line["weight"]) is int and 0 < line["weight"] < 2**32, "an entry has no weight")
        weights.append(line["weight"])
        leaves.append(h(b"\0", id, four(number), four(line["weight"]), digest(line["tag"])))
    need(len(entries) == count and root(leaves) == digest(header["root"]), "the entries are not those of the root")
    need(end == {"end": len(record)}, "the bundle was cut: lines of the record are missing")
    key = keyed(int(header["message"]).to_bytes(8, "big") + digest(header["root"]), seed)
    k = 0
    for line in record:
        if set(line) == {"out", "why"}:
            need(1 <= line["out"] <= count and weights[line["out"] - 1] and line["why"], "an entry is left out twice")
            weights[line["out"] - 1] = 0
        elif set(line) == {"drawn", "k", "j", "why"}:
            need(line["k"] == k and (line["why"] == "prize") == (k < winners), "a pick is not the one that comes next")
            need(pick(key, id, k, weights) == (line["drawn"], line["j"]), f"pick {k} is not entry {line['drawn']}")
            weights[line["drawn"] - 1] = 0
            answer["drawn"].append(line["drawn"])
            k += 1
        else:
            need(set(line) == {"nobody_left", "prizes"}, "a line of the record is not one")
            need(not any(weights) and line["nobody_left"] == k and line["prizes"] > 0, "somebody was left")
            winners = min(winners, k)
    need(k >= winners, "fewer were drawn than there are prizes")
    answer["entries"] = count

def main(arguments):
    if not arguments:
        sys.exit(__doc__)
    good = True
    for path in arguments:
        answer = {"valid": True, "entries": 0, "drawn": [], "problems": []}
        try:
            with open(path, "rb") as file:
                verify(file.read(), answer)
        except Exception as error:  # whatever does not fit, is not valid
            answer.update(valid=False, problems=[str(error) or type(error).__name__])
        good = good and answer["valid"]
        print(json.dumps(answer))
    sys.exit(0 if good else 1)

if __name__ == "__main__":
    main(sys.argv[1:])
