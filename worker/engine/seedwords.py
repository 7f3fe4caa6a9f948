"""The first word of numpy's `SeedSequence` for many spawn keys of one seed, without mixing the seed's pool for each.

Of a pool of 24 words the first is all that a first word of state depends on: what is left is a few products a key, 1 µs
instead of 7. The constants and the order of mixing are numpy's (`numpy/random/bit_generator.pyx`), who promises that
they stay; the method is M. E. O'Neill's `seed_seq_fe`.
"""

from collections.abc import Sequence

import numpy as np

_MASK = 0xFFFFFFFF
_INIT_A, _MULT_A = 0x43B0D7E5, 0x931E8875
_INIT_B, _MULT_B = 0x8B51F9DD, 0x58F38DED
_MIX_L, _MIX_R = 0xCA01F9DD, 0x4973F715
_LONGEST = 8  # words of a spawn key


class SeedWords:
    """Of one seed and size of pool."""

    def __init__(self, seed: int, *, pool_words: int) -> None:
        """Mixes the pool once; seed: not negative."""
        sequence = np.random.SeedSequence(seed, pool_size=pool_words)
        self._pooled = int(sequence.pool[0])
        # Filling and mixing the pool took one step of the hash for each pair of words; each further word takes a row.
        steps = (pool_words * pool_words + word * pool_words for word in range(_LONGEST))
        self._hashes = tuple(_INIT_A * pow(_MULT_A, step, _MASK + 1) & _MASK for step in steps)

    def first(self, spawn_key: Sequence[int]) -> int:
        """`SeedSequence(seed, spawn_key=…, pool_size=…).generate_state(1)[0]`; each number of the key below 2³²."""
        state = self._pooled
        for word, begun in zip(spawn_key, self._hashes, strict=False):
            hashed = (word ^ begun) * (begun * _MULT_A & _MASK) & _MASK
            mixed = (_MIX_L * state - _MIX_R * (hashed ^ hashed >> 16)) & _MASK
            state = mixed ^ mixed >> 16
        told = (state ^ _INIT_B) * (_INIT_B * _MULT_B & _MASK) & _MASK
        return told ^ told >> 16
