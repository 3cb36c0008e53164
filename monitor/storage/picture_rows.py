"""The writer's part for pictures: their rows, scans and finds, and letting go what no mention shows."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.messages import Box, Detection
from monitor.storage import driver, rows
from monitor.storage.driver import Statement, as_json, together
from monitor.storage.picture_tables import logo_detection, picture, picture_scan
from monitor.storage.records import Batch, ImageResult, Result
from monitor.storage.standing import Standing, picture_of

PICTURE: Final = ("sha256", "media_type", "width", "height", "n_bytes", "url", "phash")
SCAN: Final = ("picture_sha256", "model_version", "brands_key")
DETECTION: Final = (
    *("id", "picture_sha256", "model_version", "brand_id", "score"),
    *("x", "y", "width", "height", "evidence", "look", "letters", "line"),
)


async def known(
    connection: AsyncConnection, sha256s: Collection[str], model_version: str, brands_key: str
) -> dict[str, tuple[Detection, ...]]:
    """What a model version found in those of the pictures that it has seen, looking for these brands."""
    given = {"sha256s": list(sha256s), "model_version": model_version, "brands_key": brands_key}
    scans: dict[str, list[Detection]] = defaultdict(list)
    (answer,) = await together(connection, Statement(_KNOWN, given))
    for sha256, brand, x, y, width, height, *found in answer:
        finds = scans[sha256]
        if brand is not None:
            score, evidence, look, letters, line = found
            finds.append(
                Detection(
                    brand=brand,
                    score=score,
                    box=Box(x, y, width, height),
                    evidence=evidence,
                    look=look,
                    letters=letters,
                    line=line,
                )
            )
    return {sha256: tuple(finds) for sha256, finds in scans.items()}


async def write(
    connection: AsyncConnection, results: Iterable[Result], brands_key: str, brand_ids: Mapping[str, int]
) -> set[str]:
    """Write the pictures of mentions, looked at for these brands; returns those whose files were removed
    since they were put. The caller holds the lock of the stories."""
    images = {
        (result.picture.sha256, result.model_version): result
        for result in results
        if isinstance(result, ImageResult)
    }
    if not images:
        return set()
    pictures = {image.picture.sha256: rows.picture_row(image) for image in images.values()}
    _, files_due, scans_due = await together(
        connection,
        Statement(_PICTURES, as_json(pictures.values())),
        Statement(_TAKE_BACK, {"sha256s": list(pictures)}),
        Statement(_SCANS, as_json(rows.scan_row(image, brands_key) for image in images.values())),
    )
    if scans_due:
        sha256s, versions = (list(column) for column in zip(*scans_due, strict=True))
        finds = [row for key in scans_due for row in rows.detection_rows(images[key], brand_ids)]
        await together(
            connection,
            Statement(_NO_DETECTIONS, {"sha256s": sha256s, "versions": versions}),
            *([Statement(_DETECTIONS, as_json(finds))] if finds else []),
        )
    return {sha256 for (sha256,) in files_due}


def release(batch: Batch, standing: Standing) -> list[Statement]:
    """Let go what no mention shows any more, and files that were put for versions that do not stand or were
    refused; each says how many. To be run once the mentions are written."""
    shown = {picture_of(version) for version in standing.versions.values()}
    put = [result.picture for result in batch.results if isinstance(result, ImageResult)]
    put += [rejection.picture for rejection in batch.rejections if rejection.picture is not None]
    files = {picture.sha256: picture.url for picture in put if picture.sha256 not in shown}
    statements = []
    if replaced := standing.pictures_replaced:
        statements.append(Statement(_RELEASE, {"sha256s": replaced}))
    if files:
        given = {"sha256s": list(files), "urls": list(files.values())}
        statements.append(Statement(_RELEASE_FILES, given))
    return statements


# One null row of a scan that found nothing.
_KNOWN: Final = """
    SELECT s.picture_sha256, b.name, d.x, d.y, d.width, d.height,
           d.score, d.evidence, d.look, d.letters, d.line
    FROM picture_scan AS s
    LEFT JOIN logo_detection AS d USING (picture_sha256, model_version)
    LEFT JOIN brand AS b ON b.id = d.brand_id
    WHERE s.picture_sha256 = ANY(CAST(%(sha256s)s AS text[])) AND s.model_version = %(model_version)s
      AND s.brands_key = %(brands_key)s
    ORDER BY s.picture_sha256, d.score DESC, d.id
"""

# Equal bytes are equal rows: whoever came first stays.
_PICTURES: Final = f"{driver.insert(picture, PICTURE, order_by=('sha256',))} ON CONFLICT (sha256) DO NOTHING"

# Pictures that went are shown again; returns those whose files were removed, each time until the sweep
# forgets them: whoever is cut off asks again.
_TAKE_BACK: Final = """
    WITH back AS (
        SELECT sha256, removed_at FROM picture_gone
        WHERE sha256 = ANY(CAST(%(sha256s)s AS text[])) ORDER BY sha256 FOR UPDATE
    ), kept AS (
        DELETE FROM picture_gone AS g USING back WHERE g.sha256 = back.sha256 AND back.removed_at IS NULL
    )
    SELECT sha256 FROM back WHERE removed_at IS NOT NULL
"""

# Returns the scans whose detections have to be written: new ones, and those made for other brands.
_SCANS: Final = f"""{driver.insert(picture_scan, SCAN, order_by=("picture_sha256", "model_version"))}
    ON CONFLICT (picture_sha256, model_version) DO UPDATE
    SET brands_key = excluded.brands_key, scanned_at = now() WHERE excluded.brands_key <> kept.brands_key
    RETURNING picture_sha256, model_version
"""  # noqa: S608 - names of our own tables

_NO_DETECTIONS: Final = """
    DELETE FROM logo_detection AS d
    USING unnest(CAST(%(sha256s)s AS text[]), CAST(%(versions)s AS text[])) AS s(sha256, version)
    WHERE (d.picture_sha256, d.model_version) = (s.sha256, s.version)
"""

# One model may report one box twice; it is one row.
_DETECTIONS: Final = (
    f"{driver.insert(logo_detection, DETECTION, order_by=('id',))} ON CONFLICT (id) DO NOTHING"
)

_RELEASE: Final = "SELECT picture_release(CAST(%(sha256s)s AS text[]))"

_RELEASE_FILES: Final = """
    WITH gone AS (
        INSERT INTO picture_gone (sha256, url, gone_at)
        SELECT sha256, url, now()
        FROM unnest(CAST(%(sha256s)s AS text[]), CAST(%(urls)s AS text[])) AS given(sha256, url)
        WHERE NOT EXISTS (SELECT FROM picture AS p WHERE p.sha256 = given.sha256) ORDER BY sha256
        ON CONFLICT (sha256) DO UPDATE SET url = excluded.url, removed_at = NULL
        RETURNING sha256
    )
    SELECT count(*) FROM gone
"""
