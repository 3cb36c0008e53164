"""The wall of pictures with the logos found in them, and the picture files themselves.

Files are decoded and encoded anew before a browser gets them: what a publisher hid in a file (a place in its
EXIF, a script behind its last byte) stays in the picture store.
"""

import functools
from typing import Annotated, Final, Literal

import cv2
import numpy as np
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi import Path as InPath
from sqlalchemy import text
from starlette.responses import Response

from monitor.errors import DataError, OutageError
from monitor.logos import decode_picture
from monitor.reports.pictures import shown_pictures
from monitor.storage.pictures import PictureStore
from monitor.web.framing import framed
from monitor.web.site import site
from monitor.web.views import Choice

router: Final = APIRouter(include_in_schema=False)

_WALL: Final = 24
"""Pictures of a page."""

_SIDES: Final = {"small": 520, "large": 1600}
"""Pixels of the longer side: sharp in a wall on a phone, and worth a look on a large screen."""

_QUALITY: Final = 82
_KEPT: Final = 256
"""Encoded pictures kept in memory: about 20 MB of small ones."""

# The pictures passed the service's own limits when they came in, which may have been higher than today's.
_MAX_BYTES: Final = 2**30
_MAX_PIXELS: Final = 2**28
_HOUR: Final = 3600
"""Seconds for which a browser may show a picture without asking whether it was deleted."""

Share = Annotated[float, Query(ge=0, le=1, description="Least confidence of a logo.")]


@router.get("/pictures")
def wall(
    request: Request,
    choice: Annotated[Choice, Depends()],
    score: Share = 0.0,
    unnamed: Annotated[bool, Query(description="Only pictures whose post does not name the brand.")] = False,
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> Response:
    """Pictures that show logos, a page at a time."""
    with framed(request, choice) as frame:
        found = shown_pictures(
            frame.connection,
            frame.view.chosen,
            _WALL + 1,
            offset=(page - 1) * _WALL,
            lowest_score=score,
            unnamed_only=unnamed,
        )
        return frame.page(
            "pictures.html.j2",
            pictures=found[:_WALL],
            more=len(found) > _WALL,
            number=page,
            score=score,
            unnamed=unnamed,
        )


@router.get("/pictures/{sha256}/{size}.jpg")
def picture(
    request: Request,
    sha256: Annotated[str, InPath(pattern="^[0-9a-f]{64}$")],
    size: Literal["small", "large"],
) -> Response:
    """A picture file of the store, re-encoded; 404 where there is none or it cannot be read."""
    here = site(request)
    with here.databases.reading() as connection:
        url = connection.execute(
            text("SELECT url FROM picture WHERE sha256 = :sha256"), {"sha256": sha256}
        ).scalar()
    if url is None:
        raise HTTPException(404, "There is no such picture.")
    # The address holds the content's hash: what a browser has is right while there is such a picture.
    headers = {"cache-control": f"private, max-age={_HOUR}", "etag": f'"{sha256}"'}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    try:
        encoded = _encoded(here.pictures, url, _SIDES[size])
    except (OutageError, DataError) as error:
        raise HTTPException(404, "The picture store does not have this picture any more.") from error
    return Response(encoded, media_type="image/jpeg", headers=headers)


@functools.lru_cache(maxsize=_KEPT)
def _encoded(store: PictureStore, url: str, longest_side: int) -> bytes:
    """JPEG, shrunk to fit. Raises `OutageError` and `DataError`."""
    pixels = decode_picture(store.get(url), max_bytes=_MAX_BYTES, max_pixels=_MAX_PIXELS).pixels
    height, width = pixels.shape[:2]
    scale = min(1.0, longest_side / max(height, width))
    if scale < 1:
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    done, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done, "OpenCV always encodes 8-bit BGR as JPEG"
    return encoded.tobytes()
