"""The writer's SQL of brands, pictures and dead letters: whole columns as arrays, rows in key order.

Arrays (`unnest`) make a batch of any size one statement with one plan. Key order is what keeps two workers
from deadlocking: whoever comes second waits at the first shared row, before it holds one the other needs.
That of mentions stands in `mention_rows`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    Delete,
    Select,
    Table,
    TableValuedAlias,
    Text,
    TextClause,
    Update,
    all_,
    and_,
    bindparam,
    cast,
    column,
    delete,
    exists,
    func,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import TypeEngine

from monitor.storage.gallery_tables import gallery_entry
from monitor.storage.rows import Row
from monitor.storage.tables import (
    brand,
    dead_letter,
    logo_detection,
    picture,
    picture_scan,
)

_TEXT: Final = Text()

BRAND: Final = ("name", "own")
PICTURE: Final = ("sha256", "media_type", "width", "height", "n_bytes", "url", "phash")
SCAN: Final = ("picture_sha256", "model_version", "brands_key")
DETECTION: Final = (
    *("id", "picture_sha256", "model_version", "brand_id", "score"),
    *("x", "y", "width", "height", "evidence", "look", "letters", "line"),
)
POSITION: Final = ("log_id", "topic", "partition", "record_offset", "recorded_at")
DEAD_LETTER: Final = (
    *("id", *POSITION, "error_code", "error_detail", "failed_at"),
    *("record_key", "value_head", "value_bytes"),
)


def arrays(rows: Iterable[Row], names: Sequence[str]) -> dict[str, list[Any]]:
    """Rows turned into the columns a statement takes."""
    kept = list(rows)
    return {name: [row[name] for row in kept] for name in names}


def upsert_brands() -> Insert:
    """Add brands of brands.toml and note whose they are."""
    statement = _insert(brand, BRAND, order_by=("name",))
    changed = statement.excluded.own.is_distinct_from(brand.c.own)
    return statement.on_conflict_do_update(
        index_elements=["name"],
        set_={"own": statement.excluded.own, "watched": True},
        where=changed | ~brand.c.watched,
    )


def unwatch_brands() -> Update:
    """Brands neither named by the array `listed`, those of brands.toml, nor looked for by the gallery are
    watched no more, and not ours."""
    listed = bindparam("listed", type_=ARRAY(Text))
    entry = gallery_entry.c
    in_gallery = exists().where(entry.brand_id == brand.c.id, entry.removed_in.is_(None))
    gone = and_(brand.c.watched, brand.c.name != all_(listed), ~in_gallery)
    return update(brand).values(watched=False, own=False).where(gone)


def insert_pictures() -> Insert:
    """Equal bytes are equal rows: whoever came first stays."""
    return _insert(picture, PICTURE, order_by=("sha256",)).on_conflict_do_nothing(index_elements=["sha256"])


def upsert_scans() -> ReturningInsert[Any]:
    """Returns the scans whose detections have to be written: new ones, and those made for other brands."""
    statement = _insert(picture_scan, SCAN, order_by=("picture_sha256", "model_version"))
    return statement.on_conflict_do_update(
        index_elements=["picture_sha256", "model_version"],
        set_={"brands_key": statement.excluded.brands_key, "scanned_at": func.now()},
        where=statement.excluded.brands_key != picture_scan.c.brands_key,
    ).returning(picture_scan.c.picture_sha256, picture_scan.c.model_version)


def delete_detections() -> Delete:
    """Empty the scans named by the arrays `picture_sha256` and `model_version`."""
    given = _given({"picture_sha256": _TEXT, "model_version": _TEXT})
    named = select(given.c.picture_sha256, given.c.model_version)
    scan = tuple_(logo_detection.c.picture_sha256, logo_detection.c.model_version)
    return delete(logo_detection).where(scan.in_(named))


def insert_detections() -> Insert:
    """One model may report one box twice; it is one row."""
    return _insert(logo_detection, DETECTION, order_by=("id",)).on_conflict_do_nothing(index_elements=["id"])


def take_back_pictures() -> TextClause:
    """Pictures of `sha256s` that went are shown again; returns those whose files were removed, each time
    until the sweep forgets them: whoever is cut off asks again."""
    return text("""
        WITH back AS (
            SELECT sha256, removed_at FROM picture_gone
            WHERE sha256 = ANY(:sha256s) ORDER BY sha256 FOR UPDATE
        ), kept AS (
            DELETE FROM picture_gone AS g USING back WHERE g.sha256 = back.sha256 AND back.removed_at IS NULL
        )
        SELECT sha256 FROM back WHERE removed_at IS NOT NULL
    """)


def release_pictures() -> TextClause:
    """Let those of the pictures `sha256s` go that no mention shows; returns how many went."""
    return text("SELECT picture_release(CAST(:sha256s AS text[]))")


def release_files() -> TextClause:
    """Let files go that were put for versions that do not stand, unless another mention shows them."""
    return text("""
        INSERT INTO picture_gone (sha256, url, gone_at)
        SELECT sha256, url, now()
        FROM unnest(CAST(:sha256s AS text[]), CAST(:urls AS text[])) AS given(sha256, url)
        WHERE NOT EXISTS (SELECT FROM picture AS p WHERE p.sha256 = given.sha256) ORDER BY sha256
        ON CONFLICT (sha256) DO UPDATE SET url = excluded.url, removed_at = NULL
    """)


def insert_dead_letters() -> Insert:
    """A record rejected before keeps its first row."""
    return _insert(dead_letter, DEAD_LETTER, order_by=("id",)).on_conflict_do_nothing(index_elements=["id"])


def select_detections() -> Select[Any]:
    """Finds of one model version and brand set in the pictures `sha256s`; one null row if none."""
    wanted = and_(
        picture_scan.c.picture_sha256 == func.any(bindparam("sha256s", type_=ARRAY(Text))),
        picture_scan.c.model_version == bindparam("model_version", type_=Text),
        picture_scan.c.brands_key == bindparam("brands_key", type_=Text),
    )
    found = logo_detection.c
    return (
        select(
            *(picture_scan.c.picture_sha256, brand.c.name, found.score),
            *(found.x, found.y, found.width, found.height),
            *(found.evidence, found.look, found.letters, found.line),
        )
        .select_from(picture_scan)
        .outerjoin(logo_detection)
        .outerjoin(brand, brand.c.id == found.brand_id)
        .where(wanted)
        .order_by(picture_scan.c.picture_sha256, found.score.desc(), found.id)
    )


def select_brand_ids() -> Select[tuple[str, int]]:
    """Name and id of every brand there ever was."""
    return select(brand.c.name, brand.c.id)


def _insert(table: Table, names: Sequence[str], order_by: Sequence[str]) -> Insert:
    """INSERT … SELECT FROM unnest(one array a column) ORDER BY key."""
    types = {name: table.c[name].type for name in names}
    given = _given(types)
    # PostgreSQL drops a cast to the type a value has already.
    values = [cast(given.c[name], type_) for name, type_ in types.items()]
    return insert(table).from_select(
        list(names), select(*values).order_by(*(given.c[name] for name in order_by))
    )


def _given(types: Mapping[str, TypeEngine[Any]]) -> TableValuedAlias:
    """The parameters as a table: one array a column."""
    parameters = (bindparam(name, type_=ARRAY(type_)) for name, type_ in types.items())
    columns = (column(name, type_) for name, type_ in types.items())
    return func.unnest(*parameters).table_valued(*columns).render_derived(name="given")
