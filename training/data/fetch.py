"""`brand-train fetch sentiment`: fetches the public text sets and makes corpora for `--data` out of them.

brand-train fetch sentiment --out data/text --list
brand-train fetch sentiment --out data/text
brand-train fetch sentiment --out data/text --set airline --from archive.zip
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from monitor.errors import SetupError
from monitor.inference.manifest import sha256_of
from training.data.public.download import Lock, RemoteFile, download
from training.data.public.logo_registry import PublicPictures
from training.data.public.registry import PUBLIC_SETS, PublicSet
from training.data.public.rows import count_rows, drop_test_texts, write_rows

LOCK: Final = "downloads.lock.json"
DOWNLOADS: Final = "downloads"


@dataclass(frozen=True)
class Fetched:
    """What a run made: corpora by path with their rows, and the sets that have to be fetched by hand."""

    corpora: dict[Path, int]
    by_hand: tuple[PublicSet, ...]


def fetch_sentiment(
    out: Path, sets: Sequence[PublicSet], given: Mapping[str, Path] | None = None, *, console: Console
) -> Fetched:
    """Fetch and convert `sets` into `out`; `given` are local files to take instead of downloads, by name.

    Downloads are kept in `out/downloads`, so that a second run fetches nothing. A set without an address is
    skipped unless its files are given. Raises `SetupError` and `OutageError` as `download` does.
    """
    given = given or {}
    out.mkdir(parents=True, exist_ok=True)
    lock = Lock(out / LOCK)
    made: list[Path] = []
    by_hand = []
    for one in sets:
        if not one.files and not set(one.wanted) <= set(given):
            by_hand.append(one)
            continue
        say(console, f"[bold]{one.name}[/bold]: {one.about}\n  licence: {one.licence}")
        files = {name: given[name] for name in one.file_names if name in given}
        files |= {
            file.name: fetch_file(file, out / DOWNLOADS, lock, console)
            for file in one.files
            if file.name not in files
        }
        for name, rows in one.convert(files).items():
            path = out / f"{name}.parquet"
            write_rows(rows, path)
            _write_source(one, files, path)
            made.append(path)
    for path, dropped in drop_test_texts(_corpora(out)).items():
        if dropped:
            say(console, f"{path.name}: {dropped:,} rows dropped from train, equal to a test text")
    return Fetched({path: sum(count_rows(path).values()) for path in made}, tuple(by_hand))


def summarise(fetched: Fetched, console: Console) -> None:
    """What was made, and what is left for a person to do."""
    for path, rows in fetched.corpora.items():
        say(console, f"{path}: {rows:,} rows")
    for one in fetched.by_hand:
        say(console, f"[bold]{one.name}[/bold] cannot be fetched by a program: {one.by_hand}")


def describe(sets: Sequence[PublicSet | PublicPictures], console: Console) -> None:
    """Address, size, hash and licence of each set."""
    for one in sets:
        say(console, f"[bold]{one.name}[/bold]: {one.about}\n  licence: {one.licence}")
        for file in one.files:
            size = f"{file.size:,} bytes" if file.size else "size not published"
            say(console, f"  {file.url}\n    {size}, SHA-256 {file.sha256 or 'not published'}")
        if one.by_hand:
            say(console, f"  by hand: {one.by_hand}")


def choose(names: Sequence[str]) -> list[PublicSet]:
    """The sets of these names, all for none; raises `SetupError` for an unknown one."""
    known = {one.name: one for one in PUBLIC_SETS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SetupError(f"no set {', '.join(unknown)}; there are: {', '.join(known)}")
    return [known[name] for name in names] or list(PUBLIC_SETS)


def match_files(sets: Sequence[PublicSet], paths: Sequence[Path]) -> dict[str, Path]:
    """Which of the set's files each path is: by name, or the only one there is.

    Raises `SetupError` where that is not clear, or a file is missing.
    """
    if not paths:
        return {}
    if len(sets) != 1:
        raise SetupError("--from wants exactly one --set, so that it is clear what the file is")
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise SetupError(f"--from {', '.join(missing)}: no such file")
    names = sets[0].file_names
    if len(names) == 1 and len(paths) == 1:
        return {names[0]: paths[0]}
    strange = [path.name for path in paths if path.name not in names]
    if strange:
        raise SetupError(f"--from {', '.join(strange)}: {sets[0].name} is made of {', '.join(names)}")
    return {path.name: path for path in paths}


def fetch_file(file: RemoteFile, folder: Path, lock: Lock, console: Console) -> Path:
    """Download a file into `folder`, its size and proof told before. Raises as `download` does."""
    known = file.sha256 or (locked.sha256 if (locked := lock.get(file.url)) else None)
    size = f"{file.size:,} bytes" if file.size else "size not published"
    proof = f"SHA-256 {known}" if known else f"SHA-256 not published: this first download's goes to {LOCK}"
    say(console, f"  {file.url}\n  {size}, {proof}")
    columns = (TextColumn("  {task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(file.name, total=file.size)
        return download(
            file, folder, lock, progress=lambda done, total: bars.update(task, completed=done, total=total)
        )


def _write_source(one: PublicSet, files: Mapping[str, Path], path: Path) -> None:
    """<corpus>.SOURCE.md: where it came from, and under which terms."""
    addresses = {file.name: file.url for file in one.files}
    lines = [f"# {one.about}", "", f"Licence: {one.licence}", ""]
    lines += [
        f"* {addresses.get(name, 'given by hand')}: SHA-256 {sha256_of(file)}" for name, file in files.items()
    ]
    counts = sorted(count_rows(path).items())
    lines += ["", "Rows as converted:", *(f"* {split} {label}: {rows:,}" for (split, label), rows in counts)]
    path.with_suffix(".SOURCE.md").write_text("\n".join(lines) + "\n", "utf-8")


def say(console: Console, text: str) -> None:
    """Addresses and hashes are for copying: not coloured by guess, not broken into lines."""
    console.print(text, highlight=False, soft_wrap=True)


def _corpora(out: Path) -> list[Path]:
    return sorted(out.glob("*.parquet"))
