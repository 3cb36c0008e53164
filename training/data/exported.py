"""Corrections people made on the pages, from the database to the files that training reads.

Sentiment becomes the rows `read_corrections` takes; logos become COCO JSON with the pictures beside it. Only
what is in force goes out: not undone, and about the text or picture that is still there.
"""

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from sqlalchemy import Connection, text

from monitor.brands import Brands
from monitor.errors import DataError, OutageError, SetupError
from monitor.logos import decode_picture
from monitor.storage.pictures import PictureStore
from training.data.coco import write_coco
from training.data.pictures import AnnotatedPicture, LogoBox, hashed_split

# Bytes and pixels: the pictures passed the service's own limits when they came in.
_LARGEST: Final = 2**28

COLUMNS: Final = ("kind", "source", "id", "text", "brand", "label", "corrected_by", "corrected_at")

_SENTIMENTS: Final = text("""
    SELECT m.kind, m.source, m.external_id AS id, m.text, coalesce(b.name, '') AS brand, c.label,
           c.corrected_by, c.corrected_at
    FROM sentiment_correction AS c
    JOIN mention AS m ON m.id = c.mention_id LEFT JOIN brand AS b ON b.id = c.brand_id
    ORDER BY c.corrected_at, c.id
""")

# All logos of every picture somebody corrected: those left alone were looked at, too.
_LOGOS: Final = text("""
    SELECT p.sha256, p.url, p.width, p.height, b.name AS brand, d.x, d.y, d.width AS w, d.height AS h
    FROM (SELECT DISTINCT content_sha256 FROM correction WHERE subject = 'logo' AND undone_at IS NULL) AS c
    JOIN picture AS p ON p.sha256 = c.content_sha256
    LEFT JOIN LATERAL (
        SELECT s.model_version FROM picture_scan AS s WHERE s.picture_sha256 = p.sha256
        ORDER BY EXISTS (SELECT FROM logo_detection AS d JOIN correction AS j ON j.detection_id = d.id
                         WHERE d.picture_sha256 = p.sha256 AND d.model_version = s.model_version
                           AND j.undone_at IS NULL) DESC, s.scanned_at DESC LIMIT 1
    ) AS scan ON true
    LEFT JOIN effective_detection AS d
      ON d.picture_sha256 = p.sha256 AND d.model_version = scan.model_version
    LEFT JOIN brand AS b ON b.id = d.brand_id
    ORDER BY p.sha256, b.name, d.x, d.y
""")


def export_sentiments(connection: Connection, path: Path) -> int:
    """Write the corrected labels as .csv, .jsonl or .ndjson; returns how many.

    Raises `SetupError` for another suffix or a file that cannot be written.
    """
    if path.suffix not in (".csv", ".jsonl", ".ndjson"):
        raise SetupError(f"{path}: corrections are written as .csv, .jsonl or .ndjson; name such a file")
    found = [_plain(row._asdict()) for row in connection.execute(_SENTIMENTS)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            if path.suffix == ".csv":
                sheet = csv.DictWriter(file, COLUMNS)
                sheet.writeheader()
                sheet.writerows(found)
            else:
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in found)
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror or error}; give another --out") from error
    return len(found)


def export_logos(
    connection: Connection, folder: Path, store: PictureStore, brands: Brands
) -> tuple[int, int]:
    """Write `annotations.json` (COCO) and `images/` into a folder; returns pictures written, and left out.

    Categories are the brands' logo labels of brands.toml; a brand without one goes by its name. A picture
    that is no longer in the store, or broken, is left out. Raises `SetupError` for a folder that cannot be
    written.
    """
    images = folder / "images"
    written: list[AnnotatedPicture] = []
    left_out = 0
    try:
        images.mkdir(parents=True, exist_ok=True)
        for rows in _by_picture(connection):
            head = rows[0]
            try:
                path = _keep(store.get(head["url"]), images / Path(head["url"]).name)
            except (OutageError, DataError):
                left_out += 1
                continue
            written.append(
                AnnotatedPicture(
                    path=path,
                    width=head["width"],
                    height=head["height"],
                    boxes=tuple(_box(row, brands) for row in rows if row["brand"] is not None),
                    split=hashed_split(path.name),
                    folder=folder.name,
                )
            )
        write_coco(folder / "annotations.json", written)
    except OSError as error:
        raise SetupError(f"{folder}: {error.strerror or error}; give another --logos") from error
    return len(written), left_out


def _keep(data: bytes, path: Path) -> Path:
    """Write the file so that training, which ignores EXIF orientation, sees what the boxes were drawn on."""
    upright = decode_picture(data, max_bytes=_LARGEST, max_pixels=_LARGEST).pixels
    plain = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if plain is not None and np.array_equal(plain, upright):
        path.write_bytes(data)
        return path
    done, encoded = cv2.imencode(".png", upright)
    assert done, "OpenCV always encodes 8-bit BGR as PNG"
    path = path.with_suffix(".png")
    path.write_bytes(encoded.tobytes())
    return path


def _by_picture(connection: Connection) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    for found in connection.execute(_LOGOS):
        row = found._asdict()
        if rows and rows[0]["sha256"] != row["sha256"]:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def _box(row: dict[str, Any], brands: Brands) -> LogoBox:
    labels = next((brand.logos for brand in brands if brand.name == row["brand"]), ())
    return LogoBox(
        labels[0] if labels else row["brand"],
        row["x"] * row["width"],
        row["y"] * row["height"],
        row["w"] * row["width"],
        row["h"] * row["height"],
    )


def _plain(row: dict[str, Any]) -> dict[str, str]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value) for name, value in row.items()
    }
