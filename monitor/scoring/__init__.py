"""Scores files without Kafka or a database: one answer per input, in input order, in bounded memory."""

from monitor.scoring.answers import (
    Fault,
    ImageAnswer,
    ImageFault,
    TextAnswer,
    TextFault,
    UnscoredText,
    encode_line,
)
from monitor.scoring.batches import as_available, batches
from monitor.scoring.images import ImagePolicy, score_images
from monitor.scoring.texts import score_texts

__all__ = [
    "Fault",
    "ImageAnswer",
    "ImageFault",
    "ImagePolicy",
    "TextAnswer",
    "TextFault",
    "UnscoredText",
    "as_available",
    "batches",
    "encode_line",
    "score_images",
    "score_texts",
]
