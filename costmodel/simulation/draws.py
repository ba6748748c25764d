"""Random numbers as a function of what they are for: a hash of (seed, stream, name, entity, repeat, attempt).

No state and no order: the same payment meets the same luck in every scenario, on any number of workers, and a step put
in between shifts nobody else's. Integer arithmetic only, so that plain Python, numpy and compiled code agree bit for
bit. The mixer is the finaliser of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014).
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from functools import lru_cache

import numpy as np
import numpy.typing as npt

MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15
FIRST_FACTOR = 0xBF58476D1CE4E5B9
SECOND_FACTOR = 0x94D049BB133111EB
FIRST_SHIFT, SECOND_SHIFT, THIRD_SHIFT = 30, 27, 31
NAMES_KEPT = 2**12
SHARE_BITS = 53  # decisions compare so many leading bits

Bits = npt.NDArray[np.uint64]


def mix64(x: int) -> int:
    """A 64-bit integer thoroughly mixed; a bijection."""
    x = (x + GOLDEN) & MASK
    x = ((x ^ (x >> FIRST_SHIFT)) * FIRST_FACTOR) & MASK
    x = ((x ^ (x >> SECOND_SHIFT)) * SECOND_FACTOR) & MASK
    return x ^ (x >> THIRD_SHIFT)


def mix64_many(x: Bits) -> Bits:
    """`mix64` of each element; the same bits."""
    x = x + np.uint64(GOLDEN)
    x = (x ^ (x >> np.uint64(FIRST_SHIFT))) * np.uint64(FIRST_FACTOR)
    x = (x ^ (x >> np.uint64(SECOND_SHIFT))) * np.uint64(SECOND_FACTOR)
    return x ^ (x >> np.uint64(THIRD_SHIFT))


@lru_cache(maxsize=NAMES_KEPT)
def name_key(text: str) -> int:
    """A stable 64-bit key of a name."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def stream_key(seed: int, stream: str, key: int) -> int:
    """The key of one named thing in one stream of draws of one seed."""
    return mix64(mix64((seed & MASK) ^ name_key(stream)) ^ key)


def draw_bits(key: int, entity: int, repeat: int = 0, attempt: int = 0) -> int:
    """64 random bits for an entity (a payment's id, which may be negative), its repeat and attempt."""
    bits = mix64(key ^ (entity & MASK))
    return mix64(bits ^ ((repeat << 32) | attempt)) if repeat or attempt else bits


def draw_bits_many(key: int, entities: npt.NDArray[np.int64]) -> Bits:
    """`draw_bits` of each entity at its first repeat and attempt; the same bits."""
    return mix64_many(np.uint64(key) ^ entities.astype(np.int64).view(np.uint64))


def uniform_below(bits: int, share: Decimal) -> bool:
    """A decision that is true with probability `share`, to 2^-53."""
    return (bits >> (64 - SHARE_BITS)) < int(share * 2**SHARE_BITS)


def uniform_below_many(bits: Bits, share: Decimal) -> npt.NDArray[np.bool_]:
    """`uniform_below` of each element."""
    return (bits >> np.uint64(64 - SHARE_BITS)) < np.uint64(int(share * 2**SHARE_BITS))
