"""What each kind of bad record must come to: the one table of error codes, and which kinds of fault are on.

A record says in its header `nemesis` what is expected of it: the phase it was published in, and a row of this
table, or nothing where it must be stored.
"""

from typing import Final

HEADER: Final = b"nemesis"

CODES: Final[dict[str, frozenset[str]]] = {
    # what publishers do wrong
    "json": frozenset({"json-invalid"}),
    "msgpack": frozenset({"msgpack-invalid"}),
    "empty": frozenset({"message-empty"}),
    "tombstone": frozenset({"message-empty"}),
    "field-missing": frozenset({"field-missing"}),
    "field-type": frozenset({"field-invalid"}),
    "no-zone": frozenset({"date-without-zone"}),
    "blank-text": frozenset({"text-empty"}),
    "long-text": frozenset({"text-too-long"}),
    "content-type": frozenset({"content-type-unknown"}),
    "base64": frozenset({"base64-invalid"}),
    "picture-empty": frozenset({"image-empty"}),
    "picture-disguised": frozenset({"image-format-unsupported"}),
    "picture-truncated": frozenset({"image-truncated"}),
    "picture-corrupt": frozenset({"image-corrupt", "image-truncated"}),
    "picture-vast": frozenset({"image-too-many-pixels"}),
    "picture-tiny": frozenset({"image-too-small"}),
    # what ends processes
    "kills": frozenset({"kills-the-worker"}),
    "hangs": frozenset({"kills-the-worker"}),
    "spins": frozenset({"kills-the-worker"}),
    "seizes": frozenset({"kills-the-worker"}),
    # Python says MemoryError before the kernel kills: the model raised, or the process died of it
    "swells": frozenset({"scoring-failed", "kills-the-worker"}),
    # too much of a good thing
    "too-many-brands": frozenset({"too-many-brands"}),
    # what no client can read: one letter at the batch's first offset
    "batch": frozenset({"batch-unreadable"}),
    "record": frozenset({"record-unreadable"}),
}

PHASE_OF_UNREADABLE: Final = -1
"""A batch that cannot be read does not say its phase."""

NEEDS_WIRE: Final = frozenset(
    {
        *(
            "codecs",
            "aborted-transactions",
            "committed-transactions",
            "header-names",
            "gzip-bomb",
            "zstd-bomb",
        ),
        *("brand-thousands", "brands-very-many"),
        *("kills", "hangs", "spins", "seizes", "swells"),
        *("partitions-added", "topic-anew", "corrections-elsewhere", "group-deleted", "expired-unread"),
    }
)
"""Kinds of fault that the reader of our own, the quarantine and the order of versions are for. `FAULTS=old`
leaves them out; a group that never committed is left out with them."""
