"""Counter-based random numbers: randomness as a function, not a sequence. Only the masking lab has another source.

`u(seed, k, stream, entity_id, j)` is the j-th mark of one entity in one stream of replicate k. Any entity can be
drawn alone, in any order, on any machine. No state is consumed, so adding an entity never shifts other draws.

Arrays of entities use splitmix64 (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195) as a counter-based hash.
Single events and their children use keyed blake2b, which gives eight marks of 53 bits in about 1 µs.
"""

import struct
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacysim.compiled import jit

Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_TO_UNIT = 2.0**-53


def stream_key(seed: int, k: int, stream: str) -> int:
    """64-bit key of one stream of draws in replicate k of a study."""
    return int.from_bytes(blake2b(f"{seed}|{k}|{stream}".encode(), digest_size=8).digest(), "little")


@jit
def _mix(x):
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@jit
def _fill(key, ids, first, out):
    golden = np.uint64(0x9E3779B97F4A7C15)
    for i in range(ids.size):
        own = _mix(key ^ _mix(np.uint64(ids[i]) * golden + golden))
        for j in range(out.shape[1]):
            mark = _mix(own + golden * np.uint64(first + j + 1))
            # half a step away from 0 and 1, so that log(u) and quantiles stay finite
            out[i, j] = (np.float64(mark >> np.uint64(11)) + 0.5) * 1.1102230246251565e-16


@jit
def _jitter(keys, first_day, out, span):
    golden = np.uint64(0x9E3779B97F4A7C15)
    for i in range(keys.size):
        for d in range(out.shape[1]):
            mark = _mix(keys[i] + golden * np.uint64(first_day + d + 4096))
            out[i, d] = np.int64(mark % np.uint64(2 * span + 1)) - span


def uniforms(key: int, ids: Any, marks: int = 1, first: int = 0) -> NDArray[np.float64]:
    """Marks `first … first+marks−1` of each id: an array (len(ids), marks), each strictly between 0 and 1."""
    ids = np.ascontiguousarray(ids, dtype=np.int64)
    out = np.empty((ids.size, marks))
    _fill(np.uint64(key), ids, first, out)
    return out


def uniform(key: int, ids: Any, j: int = 0) -> NDArray[np.float64]:
    """Mark j of each id: an array (len(ids),)."""
    return uniforms(key, ids, 1, j)[:, 0]


def hashes(key: int, ids: Any) -> NDArray[np.uint64]:
    """64-bit hash of each id: the key of that entity's own marks."""
    ids = np.ascontiguousarray(ids, dtype=np.int64).astype(np.uint64)
    with np.errstate(over="ignore"):
        x = ids * np.uint64(_GOLDEN) + np.uint64(key)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
        return x ^ (x >> np.uint64(31))


def day_jitter(keys: NDArray[np.uint64], first_day: int, days: int, span_ticks: int) -> NDArray[np.int16]:
    """Integer ticks within ±span for each key and each day from `first_day` on: an array (len(keys), days)."""
    out = np.empty((keys.size, days), dtype=np.int16)
    _jitter(np.ascontiguousarray(keys), first_day, out, span_ticks)
    return out


def marks(key: int, entity_id: int, j: int = 0) -> tuple[float, ...]:
    """Eight marks of a single event, each strictly between 0 and 1; `j` numbers the groups of eight."""
    digest = blake2b(struct.pack("<QI", entity_id & _MASK, j), key=struct.pack("<Q", key), digest_size=64).digest()
    return tuple(((word >> 11) + 0.5) * _TO_UNIT for word in struct.unpack("<8Q", digest))


def child_id(parent_id: int, kind: str, ordinal: int) -> int:
    """Id of the `ordinal`-th child of an event: a hash, non-negative, below 2⁶³."""
    packed = struct.pack("<QI", parent_id & _MASK, ordinal) + kind.encode()
    return int.from_bytes(blake2b(packed, digest_size=8).digest(), "little") >> 1
