"""Spoiled copies of valid bytes, the same for the same seed."""

import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

MOST = 200_000
"""Bytes of a spoiled file."""
PIECES = (
    b"\0", b"\xff", b"\n", b"\r", b"\r\n\r\n", b"\t", b",", b";", b'"', b"'", b"\\",
    b"-1", b"0", b"1e999", b"-1e308", b"nan", b"inf", b"99999999999999999999999",
    b"2147483648", b"-9223372036854775809", b"1" * 5000, b"\xef\xbb\xbf",
    b"\xff\xfe", "\u2028\u202e\U0001f600e\u0301".encode(), b"\xed\xa0\x80", b"[", b"{",
    b"null", b"true", b"[]", b"{}", b"..", b"../../canary", b"/canary", b"<script>",
    b"${oc.env:HOME}", b"!!python/object/apply:os.system ['touch canary']",
    b"_target_: os.system", b"&a [*a]", b"<<: *a", b"%", b"9" * 400 + b".5",
    b"cos\nsystem\n(S'touch canary'\ntR.",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 2**31, 2**63, 10**400, 1.5, -1e308, float("nan"), float("inf"),
    "", "x", "\0", "../../canary", "\ud800", [], {}, [[]], [None], {"": None},
    {"_target_": "os.system", "_args_": ["touch canary"]}, "x" * 5000,
    [0], [0, 3], [12, 3], [3],
    "int32", "bool", "complex64", "float16", "lstm", "relu",
)  # fmt: skip
CODECS = "utf-16", "utf-16-be", "utf-8-sig", "latin-1", "cp1252", "utf-32", "cp037"


def mutated(
    seeds: Sequence[bytes],
    own: int,
    chance: random.Random,
    changes: Sequence["Change"] = (),
) -> bytes:
    """Return a spoiled copy of one of some seeds, by one to three changes."""
    content = seeds[own]
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        change = chance.choice(changes or CHANGES)
        content = change(content, seeds, chance)[:MOST]
    return content


def _flip(content: bytes, _: Any, chance: random.Random) -> bytes:
    spoiled = bytearray(content)
    for _ in range(min(chance.choice((1, 1, 2, 8)), len(spoiled))):
        spoiled[chance.randrange(len(spoiled))] ^= 1 << chance.randrange(8)
    return bytes(spoiled)


def _cut(content: bytes, _: Any, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def _delete(content: bytes, _: Any, chance: random.Random) -> bytes:
    start, end = _span(content, chance)
    return content[:start] + content[end:]


def _repeat(content: bytes, _: Any, chance: random.Random) -> bytes:
    start, end = _span(content, chance)
    return (
        content[:end] + content[start:end] * chance.choice((1, 2, 50)) + content[end:]
    )


def _insert(content: bytes, _: Any, chance: random.Random) -> bytes:
    at = chance.randrange(len(content) + 1)
    piece = chance.choice(PIECES) if chance.random() < 0.8 else chance.randbytes(9)
    return content[:at] + piece + content[at:]


def _swap(content: bytes, _: Any, chance: random.Random) -> bytes:
    start, end = _span(content, chance)
    return content[:start] + content[start:end][::-1] + content[end:]


def _splice(content: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(seeds)
    return _cut(content, None, chance) + other[chance.randrange(len(other) + 1) :]


def _number(content: bytes, _: Any, chance: random.Random) -> bytes:
    """Write another number, or another piece, where a number stands."""
    found = [*re.finditer(rb"-?\d+(\.\d+)?", content[:20_000])]
    if not found:
        return _integer(content, _, chance)
    start, end = chance.choice(found).span()
    return content[:start] + chance.choice(PIECES) + content[end:]


def _integer(content: bytes, _: Any, chance: random.Random) -> bytes:
    """Write an extreme integer of some width over the bytes of a place."""
    width = chance.choice((1, 2, 4, 8))
    value = chance.choice((0, 1, 2 ** (8 * width) - 1, 2 ** (8 * width - 1)))
    piece = value.to_bytes(width, chance.choice(("big", "little")))
    at = chance.randrange(len(content) + 1)
    return content[:at] + piece + content[at + width :]


def _encode(content: bytes, _: Any, chance: random.Random) -> bytes:
    return content.decode("utf-8", "replace").encode(chance.choice(CODECS), "replace")


def _long_line(content: bytes, _: Any, chance: random.Random) -> bytes:
    at = chance.randrange(len(content) + 1)
    piece = chance.choice((b"x", b"1", b" ", b",", b"x ")) * chance.choice(
        (999, 70_000)
    )
    return content[:at] + piece + content[at:]


def _nest(content: bytes, _: Any, chance: random.Random) -> bytes:
    at = chance.randrange(len(content) + 1)
    opened, closed = chance.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"(", b")")))
    deep = chance.choice((9, 2_000))
    if chance.random() < 0.5:
        return content[:at] + opened * deep + closed * deep + content[at:]
    return content[:at] + opened * deep + content[at:]


def other_value(content: bytes, _: Any, chance: random.Random) -> bytes:
    """Change, take out or rename one value of a JSON text."""
    try:
        tree = json.loads(content)
        places = [*_places(tree)]
    except (ValueError, RecursionError):
        return _insert(content, _, chance)
    if not places:
        return json.dumps(chance.choice(VALUES)).encode()
    node, key = chance.choice(places)
    way = chance.random()
    if way < 0.7:
        node[key] = chance.choice(VALUES)
    elif way < 0.85:
        del node[key]
    elif isinstance(node, dict):
        node[str(chance.choice(VALUES))[:99]] = node.pop(key)
    return json.dumps(tree).encode()


def _places(tree: Any) -> Any:
    keys = tree if isinstance(tree, dict) else range(len(tree)) if _list(tree) else ()
    for key in keys:
        yield tree, key
        yield from _places(tree[key])


def _list(tree: Any) -> bool:
    return isinstance(tree, list)


def _span(content: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(content) + 1)
    return start, min(len(content), start + chance.choice((1, 2, 4, 16, 200)))


Change = Callable[[bytes, Sequence[bytes], random.Random], bytes]
CHANGES: tuple[Change, ...] = (
    _flip, _flip, _cut, _delete, _repeat, _insert, _insert, _swap, _splice, _number,
    _number, _integer, _encode, _long_line, _nest, other_value, other_value,
)  # fmt: skip
