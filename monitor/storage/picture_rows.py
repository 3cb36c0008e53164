"""The writer's part for pictures: their rows, scans and finds, and letting go what no mention shows."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.brands import Brands
from monitor.messages import Box, Detection
from monitor.storage import rows, statements
from monitor.storage.records import Batch, ImageResult, Result
from monitor.storage.standing import Standing, picture_of


class PictureRows:
    """Every method works in the caller's transaction; but for `known`, it holds the lock of the stories."""

    def __init__(self, brands: Brands) -> None:
        self._brands_key = rows.brands_key(brands)
        self._known = statements.select_detections()
        self._pictures = statements.insert_pictures()
        self._take_back = statements.take_back_pictures()
        self._scans = statements.upsert_scans()
        self._no_detections = statements.delete_detections()
        self._detections = statements.insert_detections()
        self._release_pictures = statements.release_pictures()
        self._release_files = statements.release_files()

    async def known(
        self, connection: AsyncConnection, sha256s: Collection[str], model_version: str
    ) -> dict[str, tuple[Detection, ...]]:
        """See `BatchWriter.known_detections`."""
        given = {"sha256s": list(sha256s), "model_version": model_version, "brands_key": self._brands_key}
        scans: dict[str, list[Detection]] = defaultdict(list)
        for (
            sha256,
            brand,
            score,
            x,
            y,
            width,
            height,
            evidence,
            look,
            letters,
            line,
        ) in await connection.execute(self._known, given):
            finds = scans[sha256]
            if brand is not None:
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
        self, connection: AsyncConnection, results: Iterable[Result], brand_ids: Mapping[str, int]
    ) -> set[str]:
        """Returns those of the pictures whose files were removed since they were put."""
        images = {
            (result.picture.sha256, result.model_version): result
            for result in results
            if isinstance(result, ImageResult)
        }
        if not images:
            return set()
        pictures = {image.picture.sha256: rows.picture_row(image) for image in images.values()}
        await connection.execute(self._pictures, statements.arrays(pictures.values(), statements.PICTURE))
        back = await connection.execute(self._take_back, {"sha256s": list(pictures)})
        files_due = set(back.scalars())
        scans = [rows.scan_row(image, self._brands_key) for image in images.values()]
        answer = await connection.execute(self._scans, statements.arrays(scans, statements.SCAN))
        due = [(sha256, version) for sha256, version in answer]
        if not due:
            return files_due
        scans_due = {"picture_sha256": [key[0] for key in due], "model_version": [key[1] for key in due]}
        await connection.execute(self._no_detections, scans_due)
        finds = [row for key in due for row in rows.detection_rows(images[key], brand_ids)]
        if finds:
            await connection.execute(self._detections, statements.arrays(finds, statements.DETECTION))
        return files_due

    async def release(self, connection: AsyncConnection, batch: Batch, standing: Standing) -> int:
        """Let go what no mention shows any more, and files that were put for versions that do not stand or
        were refused; returns how many."""
        gone = 0
        if replaced := standing.pictures_replaced:
            answer = await connection.execute(self._release_pictures, {"sha256s": replaced})
            gone += answer.scalar_one()
        shown = {picture_of(version) for version in standing.versions.values()}
        put = [result.picture for result in batch.results if isinstance(result, ImageResult)]
        put += [rejection.picture for rejection in batch.rejections if rejection.picture is not None]
        files = {picture.sha256: picture.url for picture in put if picture.sha256 not in shown}
        if files:
            given = {"sha256s": list(files), "urls": list(files.values())}
            gone += (await connection.execute(self._release_files, given)).rowcount
        return gone
