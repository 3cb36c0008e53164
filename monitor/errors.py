"""The three kinds of failure, kept apart because each has its own ending.

* `SetupError`: configuration or installation is wrong. Raised at start; the process ends and says what to do.
* `DataError`: one mention is bad. It becomes a dead letter; the stream goes on.
* `OutageError`: a server we depend on is away. Retried, then the worker stops and Kafka redelivers.
"""

from enum import StrEnum


class SetupError(Exception):
    """Configuration or installation is wrong; the message names the thing, the value and the remedy."""


class OutageError(Exception):
    """A server (database, broker, picture store) stayed away through every retry."""


class ErrorCode(StrEnum):
    """Why a mention was dead-lettered; stable words that people search for. Listed in docs/messages.md."""

    CONTENT_TYPE_UNKNOWN = "content-type-unknown"
    MESSAGE_EMPTY = "message-empty"
    JSON_INVALID = "json-invalid"
    MSGPACK_INVALID = "msgpack-invalid"
    FIELD_MISSING = "field-missing"
    FIELD_INVALID = "field-invalid"
    BASE64_INVALID = "base64-invalid"
    DATE_WITHOUT_ZONE = "date-without-zone"
    TOO_OLD = "too-old"
    TEXT_EMPTY = "text-empty"
    TEXT_TOO_LONG = "text-too-long"
    TOO_MANY_BRANDS = "too-many-brands"
    IMAGE_EMPTY = "image-empty"
    IMAGE_FORMAT_UNSUPPORTED = "image-format-unsupported"
    IMAGE_TRUNCATED = "image-truncated"
    IMAGE_CORRUPT = "image-corrupt"
    IMAGE_TOO_MANY_PIXELS = "image-too-many-pixels"
    IMAGE_TOO_MANY_BYTES = "image-too-many-bytes"
    IMAGE_TOO_SMALL = "image-too-small"
    FILE_UNREADABLE = "file-unreadable"
    SCORING_FAILED = "scoring-failed"
    STORAGE_REJECTED = "storage-rejected"
    KILLS_THE_WORKER = "kills-the-worker"
    BATCH_UNREADABLE = "batch-unreadable"
    RECORD_UNREADABLE = "record-unreadable"


class DataError(Exception):
    """One mention cannot be processed, and never will be as it is.

    `code` is for searching and counting, `detail` for the person who has to mend the publisher.
    """

    def __init__(self, code: ErrorCode, detail: str) -> None:
        super().__init__(f"{code.value}: {detail}")
        self.code = code
        self.detail = detail
