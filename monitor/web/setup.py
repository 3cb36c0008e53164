"""Whose brand it is and whom it is compared with, for admins to choose; sources; roles of people."""

import threading
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Form, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from monitor.brands import Brand, Brands, load_brands
from monitor.brands_file import BrandsFile
from monitor.catalogue import catalogue, picked
from monitor.doctor.brands import check_brands
from monitor.errors import SetupError
from monitor.storage.brands import write_brands
from monitor.storage.collecting import standings
from monitor.storage.gallery import remove_entry
from monitor.web.framing import framed
from monitor.web.history import HistorySearch
from monitor.web.people import Role
from monitor.web.roles import require
from monitor.web.site import site
from monitor.web.views import Choice

router: Final = APIRouter(include_in_schema=False)

_ONE_AT_A_TIME: Final = threading.Lock()
"""A change reads the file, changes it and writes it back."""

_NOTHING_TYPED: Final[dict[str, Any]] = {
    **dict.fromkeys(("own", "alias", "others", "name", "aliases"), ""),
    "competitor": [],
    "as_ours": False,
}

Viewing = Annotated[Choice, Depends()]
Name = Annotated[str, Form(max_length=200)]
Own = Annotated[bool, Form()]
Words = Annotated[str, Form(max_length=4000, description="Separated by commas or lines.")]


@router.get("/setup")
def setup(request: Request, choice: Viewing, saved: bool = False) -> Response:
    """What is watched; the forms that change it, for admins."""
    return _page(request, choice, saved=saved)


@router.post("/setup/choose")
def choose(
    request: Request,
    choice: Viewing,
    own: Words = "",
    alias: Words = "",
    competitor: Annotated[list[str] | None, Form()] = None,
    others: Words = "",
) -> Response:
    """First of all: our brand and its competitors, in the place of the catalogue."""
    typed = {"own": own, "alias": alias, "others": others, "competitor": competitor or []}

    def change(file: BrandsFile, _: Connection) -> None:
        if file.ours:
            raise SetupError(f"Somebody has chosen already: {', '.join(file.ours)}. Change it below.")
        ours = [picked(name) for name in _words(own)]
        if not ours:
            raise SetupError("Which brand is yours? Write its name.")
        ours[0] = _spelt(ours[0], alias)
        file.choose(ours, [picked(name) for name in (*(competitor or ()), *_words(others))])

    return _changed(request, choice, change, typed)


@router.post("/setup/brands")
def add(
    request: Request, choice: Viewing, name: Name = "", aliases: Words = "", own: Own = False
) -> Response:
    """Add a brand, as it is in the catalogue or by its name alone."""

    def change(file: BrandsFile, _: Connection) -> None:
        if not _sound(name).strip():
            raise SetupError("Which brand? Write its name.")
        file.take(_spelt(picked(name), aliases), own=own)

    return _changed(request, choice, change, {"name": name, "aliases": aliases, "as_ours": own})


@router.post("/setup/brands/change")
def change(request: Request, choice: Viewing, name: Name, aliases: Words = "", own: Own = False) -> Response:
    """Change how a brand is spelt, and whose it is."""
    return _changed(request, choice, lambda file, _: file.change(name, _words(aliases), own=own), {})


@router.post("/setup/brands/remove")
def remove(request: Request, choice: Viewing, name: Name) -> Response:
    """Watch a brand no more, nor look for its logo; what was found stays."""

    def change(file: BrandsFile, rows: Connection) -> None:
        remove_entry(rows, name)
        file.drop(name)

    return _changed(request, choice, change, {})


@router.post("/setup/history")
def search_again(request: Request) -> Response:
    """Apply the file to what is stored already."""
    require(request, Role.ADMIN)
    history: HistorySearch = request.app.state.history
    history.start()
    return RedirectResponse("/setup#history", status_code=303)


def _changed(
    request: Request,
    choice: Choice,
    change: Callable[[BrandsFile, Connection], object],
    typed: dict[str, Any],
) -> Response:
    """Change file and database, or show the page again with what is wrong and what was typed."""
    require(request, Role.ADMIN)
    try:
        with _file(site(request).settings.brands_file) as file, site(request).databases.correcting() as rows:
            change(file, rows)
            write_brands(rows, file.check())
            file.save()  # last before the commit: what fails here leaves the database as it was
    except SetupError as error:
        return _page(request, choice, fault=str(error), typed=typed, status=422)
    return RedirectResponse("/setup?saved=1", status_code=303)


@contextmanager
def _file(path: Path | None) -> Iterator[BrandsFile]:
    if path is None:
        raise SetupError(
            "This server has no brands file of its own: set MONITOR_BRANDS_FILE and start it again."
        )
    with _ONE_AT_A_TIME:
        yield BrandsFile(path, new=not path.exists())


def _page(
    request: Request,
    choice: Choice,
    *,
    saved: bool = False,
    fault: str = "",
    typed: dict[str, Any] | None = None,
    status: int = 200,
) -> Response:
    here = site(request)
    path, people = here.settings.brands_file, here.people
    brands, wrong = _present(path)
    remarks: defaultdict[str, list[str]] = defaultdict(list)
    for each in check_brands(brands, brands.by_logo(), path.parent) if path else ():
        remarks[each.brand].append(each.remark)
    history: HistorySearch = request.app.state.history
    with framed(request, choice) as frame:
        return frame.page(
            "setup.html.j2",
            status=status,
            file=path,
            own=[brand for brand in brands if brand.own],
            competitors=[brand for brand in brands if not brand.own],
            remarks=remarks,
            offered=[brand.name for brand in catalogue()],
            unpicked=[each.name for each in catalogue() if each.name not in {brand.name for brand in brands}],
            fault=fault or wrong,
            saved=saved,
            typed={**_NOTHING_TYPED, **(typed or {})},
            search=history.latest,
            sources=frame.sources,
            collectors=standings(frame.connection),
            topics=(here.settings.topic("text"), here.settings.topic("image")),
            people=[(name, people.role(name).name.lower()) for name in people.with_role(Role.VIEWER)]
            if people
            else [],
        )


def _present(path: Path | None) -> tuple[Brands, str]:
    """The brands watched; and what is wrong with the file, if something is."""
    if path is not None and not path.exists():
        return Brands(), ""
    try:
        return load_brands(path), ""
    except SetupError as error:
        return Brands(), str(error)


def _words(typed: str) -> list[str]:
    """Names and spellings, as people separate them."""
    words = (word.strip() for line in typed.splitlines() for word in line.split(","))
    return [_sound(word) for word in words if word]


def _spelt(brand: Brand, aliases: str) -> Brand:
    """With these aliases besides its own."""
    return msgspec.structs.replace(brand, aliases=tuple(dict.fromkeys((*brand.aliases, *_words(aliases)))))


def _sound(word: str) -> str:
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in word):
        raise SetupError(f"{word!r} has a character in it that nobody can read.")
    return word
