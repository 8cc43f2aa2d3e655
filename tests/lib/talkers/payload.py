"""payload: long contents that both ends can make, and their hash."""

import hashlib
import random

CHUNK_BYTES = 1 << 20


def random_bytes(count, seed):
    source = random.Random(seed)
    while count > 0:
        chunk = source.randbytes(min(count, CHUNK_BYTES))
        yield chunk
        count -= len(chunk)


def digest(chunks):
    total = hashlib.sha256()
    for chunk in chunks:
        total.update(chunk)
    return total.hexdigest()
