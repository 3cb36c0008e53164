"""Scoring files with the shipped models: an answer or a fault per input, in order, in bounded memory."""

import base64
import codecs
import functools
import io
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.brand_matcher import BrandMatcher
from monitor.brands import load_brands
from monitor.errors import ErrorCode, OutageError
from monitor.files.interface import Columns, Row
from monitor.files.reading import understand
from monitor.logos import load_detector
from monitor.logos.evidence import Look, Veto
from monitor.logos.finder import LogoFinder
from monitor.logos.words.lines import TextLine
from monitor.logos.words.names import NameReader
from monitor.messages import Box, Detection
from monitor.scoring import (
    ImageAnswer,
    ImageFault,
    ImagePolicy,
    TextAnswer,
    TextFault,
    UnscoredText,
    as_available,
    batches,
    encode_line,
    score_images,
    score_texts,
)
from monitor.scoring.answers import PixelDetection, Vetoed
from monitor.sentiment import Asked, SentimentScorer, load_scorer
from monitor.settings import Device, packaged
from tests.typed import typed

ROOT: Final = Path(__file__).parents[1]
PROGRAM: Final = Path(sys.executable).with_name("brand-monitor")
MOST_CHARS: Final = 2_000
MOST_TARGETS: Final = 3


@pytest.fixture(scope="module")
def scorer() -> SentimentScorer:
    return load_scorer(packaged("onnx_models") / "sentiment", Device.CPU, threads=1)


@pytest.fixture(scope="module")
def matcher() -> BrandMatcher:
    return BrandMatcher(load_brands())


@pytest.fixture(scope="module")
def finder() -> LogoFinder:
    """One that looks and reads nothing."""
    folder = packaged("onnx_models") / "logos"
    return LogoFinder(load_detector(folder, load_brands(), Device.CPU, threads=1))


def answers(
    scorer: SentimentScorer,
    matcher: BrandMatcher,
    lines: Sequence[bytes],
    size: int = 4,
) -> list[TextAnswer | UnscoredText | TextFault]:
    file = understand(io.BytesIO(b"\n".join(lines)), name="texts.jsonl")
    found = score_texts(batches(file.rows, size), file.columns, scorer, matcher, MOST_CHARS, MOST_TARGETS)
    return [answer for batch in found for answer in batch]


def line(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def test_answers_come_in_input_order_with_ids_as_given(
    scorer: SentimentScorer, matcher: BrandMatcher
) -> None:
    lines = [
        line(id="a", text="I love VMware and I love Google. VMware is great!"),
        b"nope",
        b"",
        line(text="This is terrible, the worst ever. I hate it."),
        line(id=9, text="Monday"),
        line(id="b", text=""),
    ]
    first, bad, second, third, empty = answers(scorer, matcher, lines, size=2)
    assert isinstance(first, TextAnswer)
    assert (first.id, first.label, first.brands) == ("a", "positive", ["VMware", "Google"])
    assert first.p_negative + first.p_neutral + first.p_positive == pytest.approx(1)
    assert isinstance(bad, TextFault)
    assert (bad.id, bad.error.code) == (2, "json-invalid")
    assert isinstance(second, TextAnswer)
    assert (second.id, second.label) == (4, "negative")
    assert third.id == 9
    assert isinstance(empty, TextFault)
    assert (empty.id, empty.error.code) == ("b", "field-missing")


def test_each_brand_has_an_answer_of_its_own(scorer: SentimentScorer, matcher: BrandMatcher) -> None:
    text = "I love VMware, but Cloudera keeps crashing"
    both, aimed = answers(scorer, matcher, [line(text=text), line(text=text, target="Cloudera")])
    assert isinstance(both, TextAnswer)
    assert isinstance(aimed, TextAnswer)
    assert [(each.brand, text[each.start : each.end], each.label) for each in both.toward] == [
        ("VMware", "VMware", "positive"),
        ("Cloudera", "Cloudera", "negative"),
    ]
    assert aimed.toward == []
    assert aimed.p_negative == pytest.approx(both.toward[1].p_negative, abs=1e-5)


def test_of_many_places_the_first_of_each_brand_are_asked_about(
    scorer: SentimentScorer, matcher: BrandMatcher
) -> None:
    (found,) = answers(scorer, matcher, [line(text="Nike, Nike, Nike and Nike beat Pepsi and Adidas.")])
    assert isinstance(found, TextAnswer)
    assert [each.brand for each in found.toward] == ["Nike", "Pepsi", "Adidas"]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (b"{", ErrorCode.JSON_INVALID),
        (b'{"text": "\xff"}', ErrorCode.JSON_INVALID),
        (b'{"x":' + b"[" * 100_000, ErrorCode.JSON_INVALID),
        (b"[]", ErrorCode.FIELD_INVALID),
        (line(id="a"), ErrorCode.FIELD_MISSING),
        (line(id="a", text=5), ErrorCode.FIELD_INVALID),
        (line(id=["a"], text="x"), ErrorCode.FIELD_INVALID),
        (line(text="x", published_at="2026-03-01T09:30:00"), ErrorCode.DATE_WITHOUT_ZONE),
        (line(text="x", reach=-1), ErrorCode.FIELD_INVALID),
        (line(text=" \n"), ErrorCode.TEXT_EMPTY),
        (line(text="x" * 2_001), ErrorCode.TEXT_TOO_LONG),
        (line(text="good", target="bad"), ErrorCode.FIELD_INVALID),
        (line(text="good", target=[2, 9]), ErrorCode.FIELD_INVALID),
        (line(text="good", target=[-1, 2]), ErrorCode.FIELD_INVALID),
        (line(text="good", target=[2, 2]), ErrorCode.FIELD_INVALID),
        (line(text="good", target=7), ErrorCode.FIELD_INVALID),
    ],
)
def test_each_bad_line_has_its_code_and_costs_only_itself(
    scorer: SentimentScorer, matcher: BrandMatcher, bad: bytes, code: ErrorCode
) -> None:
    before, fault, after = answers(scorer, matcher, [line(text="good"), bad, line(text="good")])
    assert isinstance(fault, TextFault)
    assert fault.error.code == code
    assert isinstance(before, TextAnswer)
    assert isinstance(after, TextAnswer)


def test_the_id_of_a_bad_line_is_kept_where_it_can_be_read(
    scorer: SentimentScorer, matcher: BrandMatcher
) -> None:
    latin = b'{"id": "x", "text": 1, "author": "caf\xe9"}'
    lines = [line(id="x", text=1), line(id=5, txet="typo"), line(id=True, text=1), b"5", latin]
    assert [answer.id for answer in answers(scorer, matcher, lines)] == ["x", 5, 3, 4, 5]


def test_a_byte_order_mark_is_no_part_of_the_first_line(
    scorer: SentimentScorer, matcher: BrandMatcher
) -> None:
    marked = [codecs.BOM_UTF8 + line(id="x", text="good") + b"\r\n", codecs.BOM_UTF8 + line(id="y")]
    good, bad = answers(scorer, matcher, marked)
    assert isinstance(good, TextAnswer)
    assert isinstance(bad, TextFault)
    assert (good.id, bad.id, bad.error.code) == ("x", "y", ErrorCode.FIELD_MISSING)


@pytest.mark.parametrize("target", ["screen", "SCREEN", [6, 12]])
def test_a_target_is_a_part_of_the_text_or_a_span(
    scorer: SentimentScorer, matcher: BrandMatcher, target: str | list[int]
) -> None:
    (answer,) = answers(scorer, matcher, [line(text="great screen, awful battery", target=target)])
    (expected,) = scorer.score(["great screen, awful battery"], [(6, 12)])
    assert isinstance(answer, TextAnswer)
    assert answer.p_positive == pytest.approx(expected.p_positive, abs=1e-5)


def test_a_target_is_found_after_letters_that_change_length_with_case(
    scorer: SentimentScorer, matcher: BrandMatcher
) -> None:
    text = "\u0130\u0130\u0130: great SCREEN, awful battery"
    (answer,) = answers(scorer, matcher, [line(text=text, target="screen")])
    (expected,) = scorer.score([text], [(11, 17)])
    assert isinstance(answer, TextAnswer)
    assert answer.p_positive == pytest.approx(expected.p_positive, abs=1e-5)


def test_guesses_below_the_least_confidence_are_unsure_and_nothing_else_changes(
    scorer: SentimentScorer, matcher: BrandMatcher
) -> None:
    lines = [line(text="I love it, it is wonderful, best ever!"), line(text="table")]
    sure = [one for one in answers(scorer, matcher, lines) if isinstance(one, TextAnswer)]
    top = [max(one.p_negative, one.p_neutral, one.p_positive) for one in sure]
    between = sum(top) / 2
    assert min(top) < between < max(top)
    folder = packaged("onnx_models") / "sentiment"
    doubting = load_scorer(folder, Device.CPU, threads=1, min_confidence=between)
    assert answers(doubting, matcher, lines) == [
        msgspec.structs.replace(one, label="unsure" if value < between else one.label)
        for one, value in zip(sure, top, strict=True)
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.binary(max_size=40) | st.text(max_size=40).map(lambda text: line(text=text)), max_size=6
    )
)
def test_any_lines_are_answered_each_once(
    scorer: SentimentScorer, matcher: BrandMatcher, lines: list[bytes]
) -> None:
    found = answers(scorer, matcher, [line(text="first"), *lines])
    assert len(found) == 1 + sum(bool(one.strip()) for one in b"\n".join(lines).split(b"\n"))


def test_a_text_in_another_language_has_its_brands_and_no_label(
    scorer: SentimentScorer, matcher: BrandMatcher
) -> None:
    found = answers(
        scorer,
        matcher,
        [
            line(text="Mein Paket ist immer noch nicht da, VMware"),
            line(text="VMware, VMware"),
            line(text="I love VMware", lang="de-AT"),
            line(text="Mein Paket ist immer noch nicht da, VMware", lang="en"),
        ],
    )
    assert [type(one) for one in found] == [UnscoredText, TextAnswer, UnscoredText, TextAnswer]
    assert found[0] == UnscoredText(id=1, reason="not scored: language de", language="de", brands=["VMware"])
    assert json.loads(encode_line(found[0]))["label"] is None
    assert [one.language for one in found if not isinstance(one, TextFault)] == ["de", "und", "de", "en"]


class _Fussy:
    """The real scorer, but one that chokes on a word: what a bug in a model would look like."""

    def __init__(self, scorer: SentimentScorer, word: str) -> None:
        self._scorer, self._word = scorer, word
        self.takes_targets = scorer.takes_targets

    def speaks(self, language: str) -> bool:
        return self._scorer.speaks(language)

    def warm_up(self) -> None:
        self.answer([Asked("warm")])

    def answer(self, asked: Sequence[Asked]) -> Any:
        if self._word == "everything" or any(
            self._word in (one.text if isinstance(one.text, str) else one.text.text) for one in asked
        ):
            raise ValueError("choked")
        return self._scorer.answer(asked)


def test_a_text_the_model_fails_on_costs_only_itself(scorer: SentimentScorer, matcher: BrandMatcher) -> None:
    fussy: Any = _Fussy(scorer, "poison")
    found = answers(fussy, matcher, [line(text="good"), line(text="poison"), line(text="good")])
    assert [type(one) for one in found] == [TextAnswer, TextFault, TextAnswer]
    assert isinstance(found[1], TextFault)
    assert found[1].error.code == "scoring-failed"
    assert "choked" in found[1].error.detail


def test_a_model_that_fails_on_everything_stops_the_run(
    scorer: SentimentScorer, matcher: BrandMatcher
) -> None:
    broken: Any = _Fussy(scorer, "everything")
    with pytest.raises(OutageError, match="choked"):
        answers(broken, matcher, [line(text="good"), line(text="fine")])


def test_lines_are_read_a_batch_ahead_not_all_at_once(scorer: SentimentScorer, matcher: BrandMatcher) -> None:
    read = 0

    def rows() -> Iterator[Row]:
        nonlocal read
        for read in range(1, 1_000_000):
            yield Row(f"line {read}", {"text": "good"})

    found = score_texts(batches(rows(), 8), Columns(fields={}), scorer, matcher, MOST_CHARS, MOST_TARGETS)
    next(found)
    next(found)
    assert read == 16


def test_a_stream_that_pauses_is_answered_with_what_is_there() -> None:
    source: queue.Queue[int | None] = queue.Queue()
    found = as_available(iter(source.get, None), size=3)
    source.put(1)
    assert next(found) == [1]
    for number in (2, 3, 4, 5):
        source.put(number)
    source.put(None)
    rest = [one for batch in found for one in batch]
    assert rest == [2, 3, 4, 5]


def test_what_reading_raises_comes_after_what_was_read() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise OSError("the disk went away")

    found = as_available(failing(), size=2)
    assert next(found) == [1]
    with pytest.raises(OSError, match="the disk went away"):
        next(found)


IMAGES: Final = ImagePolicy(max_bytes=2**20, max_pixels=1_000_000, batch_size=2)


def write_picture(path: Path, width: int = 120, height: int = 80) -> Path:
    pixels = np.full((height, width, 3), 200, np.uint8)
    cv2.putText(pixels, "hello", (5, height // 2), cv2.FONT_HERSHEY_SIMPLEX, 1, (0, 0, 0), 2)
    assert cv2.imwrite(str(path), pixels)
    return path


def test_pictures_and_faults_in_input_order(finder: LogoFinder, tmp_path: Path) -> None:
    good = write_picture(tmp_path / "good.png")
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    empty = tmp_path / "empty.jpg"
    empty.touch()
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.truncate(5 * 2**30)  # sparse: takes no disk, and must take no memory
    wide = write_picture(tmp_path / "wide.png", width=2_000, height=600)
    paths = [text, good, tmp_path / "gone.jpg", empty, large, tmp_path, wide, good]
    found = [one for batch in score_images(paths, finder, IMAGES) for one in batch]
    assert [one.file for one in found] == [str(path) for path in paths]
    assert [one.error.code if isinstance(one, ImageFault) else (one.width, one.height) for one in found] == [
        "image-format-unsupported",
        (120, 80),
        "file-unreadable",
        "image-empty",
        "image-too-many-bytes",
        "file-unreadable",
        "image-too-many-pixels",
        (120, 80),
    ]


def test_a_logo_is_boxed_in_pixels_of_the_picture(finder: LogoFinder) -> None:
    path = ROOT / "samples" / "pictures" / "vmware-slide.png"
    ((answer,),) = score_images([path], finder, IMAGES)
    assert isinstance(answer, ImageAnswer)
    assert "VMware" in {detection.brand for detection in answer.detections}
    scores = [detection.score for detection in answer.detections]
    assert scores == sorted(scores, reverse=True)
    for detection in answer.detections:
        x, y, width, height = detection.box
        assert 0 <= x < x + width <= answer.width + 1e-9
        assert 0 <= y < y + height <= answer.height + 1e-9


@given(
    x=st.floats(0, 0.5),
    y=st.floats(0, 0.5),
    width=st.floats(0.01, 0.5),
    height=st.floats(0.01, 0.5),
    columns=st.integers(8, 8_000),
    rows=st.integers(8, 8_000),
)
def test_boxes_in_pixels_are_the_relative_ones_times_the_size(
    x: float, y: float, width: float, height: float, columns: int, rows: int
) -> None:
    relative = Detection(brand="A", score=0.5, box=Box(x, y, width, height), look=0.5)
    found = PixelDetection.of(relative, columns, rows).box
    assert found == pytest.approx((x * columns, y * rows, width * columns, height * rows), abs=0.011)


def test_batches_hold_no_more_pixels_than_the_largest_picture_may(finder: LogoFinder, tmp_path: Path) -> None:
    paths = [write_picture(tmp_path / f"{number}.png", 800, 700) for number in range(3)]
    policy = ImagePolicy(max_bytes=2**20, max_pixels=1_000_000, batch_size=8)
    assert [len(batch) for batch in score_images(paths, finder, policy)] == [1, 1, 1]


def test_annotated_copies_never_overwrite_each_other_or_the_original(
    finder: LogoFinder, tmp_path: Path
) -> None:
    (tmp_path / "sub").mkdir()
    paths = [write_picture(tmp_path / "a.png"), write_picture(tmp_path / "sub" / "a.png", 90, 60)]
    before = [path.read_bytes() for path in paths]
    policy = ImagePolicy(max_bytes=2**20, max_pixels=10**6, batch_size=2, annotate_into=tmp_path)
    list(score_images(paths, finder, policy))
    assert [path.read_bytes() for path in paths] == before
    sizes = [cv2.imread(str(tmp_path / name)).shape[:2] for name in ("a.annotated.jpg", "a-2.annotated.jpg")]
    assert sizes == [(80, 120), (60, 90)]


class BrittleReader:
    """Reads VMware in everything that is wider than high, and breaks on the rest."""

    identity = "brittle"
    device = Device.CPU

    def read(self, pixels: Any) -> tuple[TextLine, ...]:
        if pixels.shape[0] > pixels.shape[1]:
            raise RuntimeError("no memory")
        return (TextLine("VMware", 0.96, ((0.5, 0.25), (0.75, 0.25), (0.75, 0.75), (0.5, 0.75))),)


def test_letters_are_evidence_and_a_picture_without_them_is_told(finder: LogoFinder, tmp_path: Path) -> None:
    paths = [write_picture(tmp_path / "wide.png"), write_picture(tmp_path / "tall.png", 80, 120)]
    reading = LogoFinder(finder.detector, NameReader(BrittleReader(), load_brands()))
    ((wide, tall),) = score_images(paths, reading, IMAGES)
    assert isinstance(wide, ImageAnswer)
    assert isinstance(tall, ImageAnswer)
    (found,) = wide.detections
    assert (found.brand, found.evidence, found.look, found.letters, found.line, found.box) == (
        *("VMware", "letters", None, 0.96, "VMware"),
        (60, 20, 30, 40),
    )
    assert (wide.unread, tall.detections, tall.unread) == (None, [], "RuntimeError: no memory")
    assert b"unread" not in encode_line(wide)


def test_a_veto_names_the_brand_and_what_was_read_instead() -> None:
    look = Look("VMware", 0.93, 0.6, Box(0.1, 0.1, 0.2, 0.1))
    line = TextLine("VMUG", 0.98, ((0.1, 0.1), (0.3, 0.1), (0.3, 0.2), (0.1, 0.2)))
    answer = ImageAnswer(file="a.jpg", width=8, height=8, detections=[], vetoes=[Vetoed.of(Veto(look, line))])
    assert json.loads(encode_line(answer))["vetoes"] == [{"brand": "VMware", "look": 0.93, "line": "VMUG"}]


def run(*words: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    words = ("score", *words, "--threads", "1", "--device", "cpu")
    return typed(*words, environment={**os.environ, **environment}, input=stdin)


def test_the_texts_command_prints_json_lines_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_bytes(line(id="a", text="I love VMware") + b"\nnope\n")
    done = run("texts", str(path), "--batch-size", "1", "--min-confidence", "1")
    assert done.returncode == 0
    good, bad = map(json.loads, done.stdout.splitlines())
    assert list(good) == [
        "id",
        "label",
        "p_negative",
        "p_neutral",
        "p_positive",
        "language",
        "brands",
        "toward",
    ]
    assert (good["id"], good["brands"], good["label"]) == ("a", ["VMware"], "unsure")
    assert (bad["id"], bad["error"]["code"]) == (2, "json-invalid")
    assert done.stderr.decode().splitlines() == ["1 texts could not be scored; their lines carry the error"]
    assert run("texts", "-", stdin=path.read_bytes()).stdout.count(b"\n") == 2


def test_the_images_command_expands_folders_and_annotates(tmp_path: Path) -> None:
    folder = tmp_path / "pictures" / "deep"
    folder.mkdir(parents=True)
    example = json.loads((ROOT / "examples" / "image-mention.json").read_bytes())
    (folder / "b.PNG").write_bytes(base64.b64decode(example["image"]))
    (folder / "notes.txt").write_text("not looked at")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff")
    done = run(
        "images",
        str(tmp_path / "pictures"),
        "-",
        "--annotate",
        str(tmp_path / "out"),
        stdin=f"{broken}\n".encode(),
    )
    assert done.returncode == 0
    good, bad = map(json.loads, done.stdout.splitlines())
    assert list(good) == ["file", "width", "height", "detections"]
    assert (good["width"], good["height"]) == (96, 48)
    assert bad["error"]["code"].startswith("image-")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.annotated.jpg"]


def test_the_images_command_asks_no_database() -> None:
    with socket.create_server(("127.0.0.1", 0)) as database:
        picture = str(ROOT / "samples" / "pictures" / "vmware-shirt.jpg")
        url = f"postgresql://127.0.0.1:{database.getsockname()[1]}/none"
        done = run("images", picture, MONITOR_DATABASE_URL=url)
        assert (done.returncode, done.stderr) == (0, b"")
        assert "VMware" in {one["brand"] for one in json.loads(done.stdout)["detections"]}
        database.setblocking(False)
        with pytest.raises(BlockingIOError):
            database.accept()


def test_the_images_command_reads_letters_when_asked() -> None:
    picture = str(ROOT / "samples" / "pictures" / "vmware-shirt.jpg")
    (found,) = json.loads(run("images", picture, "--ocr", MONITOR_OCR="off").stdout)["detections"]
    assert list(found) == ["brand", "score", "box", "evidence", "look", "letters", "line"]
    assert (found["brand"], found["line"]) == ("VMware", "vmware")
    alone = json.loads(run("images", picture, "--no-ocr", MONITOR_OCR="on").stdout)["detections"]
    assert {one["evidence"] for one in alone} <= {"look"}


def test_a_folder_without_pictures_is_told(tmp_path: Path) -> None:
    done = run("images", str(tmp_path))
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.decode().startswith(f"{tmp_path}: no pictures in this folder")


def test_file_names_in_another_encoding_are_answered(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    try:
        os.close(os.open(name, os.O_CREAT))
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    for words, stdin in ((("images", os.fsdecode(name)), b""), (("images", "-"), name + b"\n")):
        done = run(*words, stdin=stdin)
        assert done.returncode == 0, done.stderr
        (fault,) = map(json.loads, done.stdout.splitlines())
        assert fault["file"].endswith("/caf\\xe9.jpg")
        assert fault["error"]["code"] == ErrorCode.IMAGE_EMPTY


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("texts", "-", "--model", "nosuch"), b"no model 'nosuch'"),
        (("texts", "-", "--model", "logos"), b"logos"),
        (("images", "x.jpg", "--model", "sentiment"), b"sentiment"),
    ],
)
def test_a_model_that_does_not_fit_is_a_clear_error(words: tuple[str, ...], says: bytes) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.startswith(b"error: ")
    assert says in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_reader_that_leaves_ends_the_run_quietly() -> None:
    process = subprocess.Popen(
        [str(PROGRAM), "score", "texts", "-", "--threads", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    errors: list[bytes] = []
    reader = threading.Thread(target=lambda: errors.append(process.stderr.read()))
    reader.start()
    process.stdin.write(line(text="good") + b"\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["id"] == 1  # answered before the input has ended
    process.stdout.close()
    process.stdin.write(line(text="good") + b"\n")
    process.stdin.close()
    assert process.wait(60) == 1
    reader.join()
    assert errors == [b""]


def test_ctrl_c_ends_a_run_that_waits_for_input() -> None:
    process = subprocess.Popen(
        [str(PROGRAM), "score", "texts", "-", "--threads", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # As in a terminal: what a script starts in the background inherits that SIGINT is ignored.
        preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(line(text="good") + b"\n")
    process.stdin.flush()
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130  # with the input still open: a thread waits in it
    process.stdin.close()
    process.stdout.close()
    assert process.stderr
    with process.stderr as errors:
        assert b"Fatal" not in errors.read()
