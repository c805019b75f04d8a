"""Which side of the train/valid split a document lies on: decided by a hash, hence the same on every machine."""

import hashlib

DIGEST_BYTES = 8
DIGEST_RANGE = 1 << (8 * DIGEST_BYTES)


def digest_of(text: str) -> int:
    """Return the first 64 bits of the SHA-256 of a text's UTF-8 bytes."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:DIGEST_BYTES], "big")


def side_of(digest: int, valid_share: float) -> str:
    """Return "valid" for the lowest share of all digests, "train" for the rest."""
    return "valid" if digest < int(valid_share * DIGEST_RANGE) else "train"
