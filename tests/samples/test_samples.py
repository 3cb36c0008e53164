"""Good samples decode, bad ones fail with the code they name, every picture has a source."""

import base64
import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import cv2
import msgspec
import numpy as np
import pytest
from PIL import Image

from monitor.errors import DataError
from monitor.files.pictures import read_images
from monitor.logos import decode_picture
from monitor.messages import TextMention, decode_image, decode_text
from monitor.publishing.records import Defaults, Outgoing
from monitor.settings import Settings

SAMPLES: Final = Path(__file__).parents[2] / "samples"
LIMITS: Final = Settings.model_construct()
TALK: Final = (
    "VMware Horizon rocks!",
    "I don't like it at all. It does not work the way I think it should",
    "It crashes. It's buggy. Don't waste your time on this",
    "This software is market leading and will change the world",
)


def lines(name: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in (SAMPLES / name).read_bytes().splitlines()]


def texts() -> list[TextMention]:
    return [
        decode_text(line, max_chars=LIMITS.text_max_chars)
        for line in (SAMPLES / "texts.jsonl").read_bytes().splitlines()
    ]


def picture_files(folder: str) -> set[str]:
    return {f"{folder}/{path.name}" for path in (SAMPLES / folder).iterdir()}


def test_texts_are_mentions_with_names_of_their_own() -> None:
    mentions = texts()
    assert len(mentions) >= 40
    assert len({(mention.source, mention.id) for mention in mentions}) == len(mentions)
    assert tuple(mention.text for mention in mentions if mention.source == "talk") == TALK


def test_texts_spread_over_weeks_and_sources() -> None:
    mentions = texts()
    moments = [mention.published_at for mention in mentions]
    assert max(moments) - min(moments) > timedelta(days=14)
    assert len({mention.source for mention in mentions}) >= 5
    assert any(mention.reach for mention in mentions)
    assert any(mention.reach is None for mention in mentions)


def test_every_picture_is_listed_once() -> None:
    listed = [line["file"] for line in lines("pictures.jsonl")]
    assert sorted(listed) == sorted(picture_files("pictures"))
    assert len(listed) >= 16


def test_every_picture_has_a_source() -> None:
    named = set(re.findall(r"`((?:pictures|material)/[^`]+)`", (SAMPLES / "SOURCES.md").read_text("utf-8")))
    assert named == picture_files("pictures") | picture_files("material")


def test_pictures_stay_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 4 * 2**20


def test_publishing_the_list_gives_mentions_whose_pictures_decode() -> None:
    records = list(read_images([SAMPLES / "pictures.jsonl"], Defaults(source="samples")))
    names = {(mention.source, mention.id) for mention in texts()}
    pairs = 0
    for record in records:
        assert isinstance(record, Outgoing), record
        mention = decode_image(record.value)
        picture = decode_picture(
            mention.image, max_bytes=LIMITS.image_max_bytes, max_pixels=LIMITS.image_max_pixels
        )
        assert max(picture.width, picture.height) <= 1280
        assert picture.pixels.std() > 5, f"{mention.id} is next to uniform"
        pairs += (mention.source, mention.id) in names
    assert pairs == 6, "posts that have both a text and a picture"


def test_the_odd_formats_are_there() -> None:
    modes = {}
    for path in (SAMPLES / "pictures").iterdir():
        with Image.open(path) as image:
            modes[path.name] = (image.format, image.mode, image.getexif().get(0x0112, 1))
    assert {form for form, _, _ in modes.values()} == {"JPEG", "PNG", "WEBP"}
    assert modes["cocacola-poster-cmyk.jpg"][1] == "CMYK"
    assert modes["backdrop-palette.png"][1] == "P"
    assert modes["vmware-plate-16bit.png"][1] == "I;16"
    assert modes["cloudera-stand-sideways.jpg"][2] == 6


def test_the_sideways_photograph_is_set_upright() -> None:
    data = (SAMPLES / "pictures/cloudera-stand-sideways.jpg").read_bytes()
    picture = decode_picture(data, max_bytes=LIMITS.image_max_bytes, max_pixels=LIMITS.image_max_pixels)
    assert (picture.width, picture.height) == (593, 479)
    with Image.open(SAMPLES / "pictures/cloudera-stand-sideways.jpg") as stored:
        assert stored.size == (479, 593)


def take(topic: str, value: bytes, content_type: str | None) -> None:
    """What an agent does with a record before it scores it."""
    if topic == "text":
        decode_text(value, content_type, max_chars=LIMITS.text_max_chars)
    else:
        image = decode_image(value, content_type).image
        decode_picture(image, max_bytes=LIMITS.image_max_bytes, max_pixels=LIMITS.image_max_pixels)


BROKEN: Final = lines("broken/messages.jsonl")


@pytest.mark.parametrize("message", BROKEN, ids=[message["name"] for message in BROKEN])
def test_broken_messages_fail_with_the_code_they_name(message: dict[str, Any]) -> None:
    value = (
        base64.b64decode(message["value_base64"])
        if "value_base64" in message
        else message["value"].encode("utf-8")
    )
    with pytest.raises(DataError) as fault:
        take(message["topic"], value, message["content_type"])
    assert fault.value.code.value == message["expect"]


def test_broken_files_are_what_their_script_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SAMPLES)
    import make_broken

    make_broken.main(tmp_path)
    committed = {path.name: path.read_bytes() for path in (SAMPLES / "broken").iterdir()}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == committed


def test_composed_pictures_are_what_their_script_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SAMPLES)
    import make_pictures

    for name in make_pictures.SCENES:
        drawn = cv2.imdecode(
            np.frombuffer(make_pictures.encode(name, make_pictures.compose(name)), np.uint8), cv2.IMREAD_COLOR
        )
        committed = cv2.imread(str(SAMPLES / "pictures" / name), cv2.IMREAD_COLOR)
        assert drawn is not None
        assert committed is not None
        # Two levels in 255: encoders differ by that much between library versions, another scene by far more.
        assert np.abs(drawn.astype(int) - committed).mean() < 2, name
