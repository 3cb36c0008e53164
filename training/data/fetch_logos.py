"""`brand-train fetch logos`: fetches the public picture sets and makes folders for `--data` out of them.

brand-train fetch logos --out data/logos --list
brand-train fetch logos --out data/logos --set fl27 --set bsds500
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from monitor.errors import SetupError
from monitor.inference.manifest import sha256_of
from training.data.coco import write_coco
from training.data.fetch import DOWNLOADS, LOCK, fetch_file, say
from training.data.public.download import Lock
from training.data.public.logo_registry import PUBLIC_PICTURES, PublicPictures


def fetch_logos(
    out: Path, sets: Sequence[PublicPictures], given: Mapping[str, Path], *, console: Console
) -> dict[str, int]:
    """Fetch and convert `sets` into `out`; returns how many pictures each has.

    `given` are local files to take instead of downloads, by name. Downloads are kept in `out/downloads`, so
    that a second run fetches nothing. Raises `SetupError` and `OutageError` as `download` does.
    """
    out.mkdir(parents=True, exist_ok=True)
    lock = Lock(out / LOCK)
    made: dict[str, int] = {}
    for one in sets:
        if not one.files and not set(one.wanted) <= set(given):
            say(console, f"[bold]{one.name}[/bold] cannot be fetched by a program: {one.by_hand}")
            continue
        say(console, f"[bold]{one.name}[/bold]: {one.about}\n  licence: {one.licence}")
        files = {name: given[name] for name in one.file_names if name in given}
        folder = out / one.name if one.convert is None else out / DOWNLOADS
        files |= {
            file.name: fetch_file(file, folder, lock, console) for file in one.files if file.name not in files
        }
        if one.convert is None:
            say(console, f"  {len(files)} archives -> {folder}: give it to --vectors")
            continue
        pictures = one.convert(files, out / one.name / "images")
        if not pictures:
            raise SetupError(f"{one.name}: no picture in {', '.join(map(str, files.values()))}")
        write_coco(out / one.name / "annotations.json", pictures)
        boxes = Counter(box.label for picture in pictures for box in picture.boxes)
        _write_source(one, files, out / one.name)
        say(
            console,
            f"  {len(pictures):,} pictures, {boxes.total():,} boxes of {len(boxes)} brands -> {one.name}/",
        )
        made[one.name] = len(pictures)
    return made


def choose(names: Sequence[str]) -> list[PublicPictures]:
    """The sets of these names, all for none; raises `SetupError` for an unknown one."""
    known = {one.name: one for one in PUBLIC_PICTURES}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SetupError(f"no set {', '.join(unknown)}; there are: {', '.join(known)}")
    return [known[name] for name in names] or list(PUBLIC_PICTURES)


def match_files(sets: Sequence[PublicPictures], paths: Sequence[Path]) -> dict[str, Path]:
    """Which of the one set's files each path is, by name or as the only one. Raises `SetupError`."""
    if not paths:
        return {}
    missing = [str(path) for path in paths if not path.is_file()]
    if len(sets) != 1 or missing:
        fault = f"{', '.join(missing)}: no such file" if missing else "wants exactly one --set"
        raise SetupError(f"--from {fault}")
    names = sets[0].file_names
    if len(names) == 1 and len(paths) == 1:
        return {names[0]: paths[0]}
    strange = [path.name for path in paths if path.name not in names]
    if strange:
        raise SetupError(f"--from {', '.join(strange)}: {sets[0].name} is made of {', '.join(names)}")
    return {path.name: path for path in paths}


def _write_source(one: PublicPictures, files: Mapping[str, Path], folder: Path) -> None:
    """SOURCE.md: where it came from, and under which terms."""
    addresses = {file.name: file.url for file in one.files}
    lines = [f"# {one.about}", "", f"Licence: {one.licence}", ""]
    lines += [
        f"* {addresses.get(name, 'given by hand')}: SHA-256 {sha256_of(file)}" for name, file in files.items()
    ]
    lines += [
        "",
        "Splits: by a hash of the file name, 70% train, 15% val, 15% test; near-duplicates not joined.",
    ]
    (folder / "SOURCE.md").write_text("\n".join(lines) + "\n", "utf-8")
