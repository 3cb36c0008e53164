"""Reads dlib imglab XML: the tool the talk marked its logos with.

The form: https://github.com/davisking/dlib/tree/master/tools/imglab. imglab knows neither split nor group:
pictures read here get a fixed split by file name.
"""

import xml.etree.ElementTree as ET
from pathlib import Path

import cv2
from defusedxml import ElementTree as SafeET
from defusedxml.common import DefusedXmlException

from monitor.errors import SetupError
from training.data.pictures import AnnotatedPicture, LogoBox, hashed_split


def read_imglab(path: Path) -> list[AnnotatedPicture]:
    """Pictures of one imglab file; names inside are relative to it. A box without label is called "logo".

    Raises `SetupError`: the file is no imglab XML, or a picture it names cannot be read.
    """
    try:
        root = SafeET.parse(path).getroot()
        return [_picture(image, path.parent) for image in root.iterfind("./images/image")]
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror}; give a readable imglab XML file") from error
    except (ET.ParseError, DefusedXmlException, KeyError, ValueError) as error:
        raise SetupError(f"{path}: not imglab XML ({type(error).__name__}: {error})") from error


def _picture(image: ET.Element, folder: Path) -> AnnotatedPicture:
    path = folder / image.attrib["file"]
    width, height = int(image.get("width", 0)), int(image.get("height", 0))
    if not (width and height):  # older imglab versions leave them out
        pixels = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if pixels is None:
            raise SetupError(
                f"{path} is missing or no picture; imglab lists it: restore it or remove its entry"
            )
        height, width = pixels.shape[:2]
    boxes = tuple(_box(box) for box in image.iterfind("box"))
    return AnnotatedPicture(path, width, height, boxes, hashed_split(path.name), folder.name)


def _box(box: ET.Element) -> LogoBox:
    left, top, width, height = (float(box.attrib[name]) for name in ("left", "top", "width", "height"))
    return LogoBox(box.findtext("label") or "logo", left, top, width, height, box.get("ignore") == "1")
