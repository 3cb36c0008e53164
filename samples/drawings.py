"""Drawn backgrounds of the composed sample pictures; each call gives the same pixels.

Pixels are (H, W, 3) BGR in 0..255; float32, so that light can be multiplied in without rounding.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
Colour = tuple[int, int, int]
"""Blue, green, red in 0..255, as OpenCV orders them."""


def hall() -> Pixels:
    """A drawn exhibition hall: dark ceiling with lamps, lit floor, booths as plain blocks."""
    picture = np.empty((600, 900, 3), np.float32)
    picture[:] = (np.linspace(30, 95, 600)[:, None, None] + np.array((14, 8, 2))).astype(np.float32)
    cv2.fillPoly(picture, [np.array([(0, 600), (0, 470), (900, 430), (900, 600)])], (92, 104, 118))
    for left, top, right, colour in ((20, 330, 210, (96, 84, 60)), (640, 300, 880, (60, 66, 110))):
        cv2.rectangle(picture, (left, top), (right, 500), colour, -1)
    for x in range(60, 900, 130):
        cv2.circle(picture, (x, 40 + x // 30), 11, (225, 245, 255), -1, cv2.LINE_AA)
    for x, y in ((250, 520), (330, 500), (590, 510), (620, 540)):  # passers-by, from behind
        cv2.ellipse(picture, (x, y), (17, 46), 0, 0, 360, (48, 42, 40), -1, cv2.LINE_AA)
        cv2.circle(picture, (x, y - 58), 13, (60, 66, 88), -1, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 2.2), np.float32)


def room() -> Pixels:
    """A drawn meeting room with the lights down; its screen is the panel put into it."""
    picture = np.full((540, 960, 3), (70, 62, 58), np.float32)
    cv2.fillPoly(picture, [np.array([(0, 540), (120, 420), (840, 420), (960, 540)])], (44, 48, 58))
    cv2.fillPoly(picture, [np.array([(230, 540), (330, 455), (630, 455), (730, 540)])], (66, 96, 128))
    cv2.rectangle(picture, (262, 82), (698, 342), (70, 62, 58), -1)
    cv2.rectangle(picture, (262, 82), (698, 342), (18, 18, 18), 9)
    y, x = np.mgrid[0:540, 0:960].astype(np.float32)
    glow = np.exp(-(((x - 480) / 360) ** 2 + ((y - 215) / 240) ** 2))[..., None]
    return np.asarray(picture * (0.55 + 0.75 * glow), np.float32)


def shirt(colour: Colour) -> Callable[[], Pixels]:
    """A drawn T-shirt on a table, with folds."""

    def draw() -> Pixels:
        picture = np.full((640, 640, 3), (150, 178, 200), np.float32)
        outline = [(190, 90), (260, 60), (380, 60), (450, 90), (600, 190), (545, 290), (470, 245)]
        outline += [(470, 610), (170, 610), (170, 245), (95, 290), (40, 190)]
        cv2.fillPoly(picture, [np.array(outline)], colour, cv2.LINE_AA)
        cv2.ellipse(picture, (320, 62), (58, 30), 0, 0, 180, (130, 156, 178), -1, cv2.LINE_AA)
        y, x = np.mgrid[0:640, 0:640].astype(np.float32)
        folds = 1 + 0.10 * np.sin(x / 38 + np.sin(y / 70) * 2) + 0.07 * np.sin((x + 2 * y) / 55)
        return np.asarray(picture * folds[..., None], np.float32)

    return draw


def chart() -> Pixels:
    """A drawn slide without any logo."""
    picture = np.full((480, 720, 3), 250, np.float32)
    for i, height in enumerate((120, 180, 150, 240, 290, 270)):
        colour = (180, 120, 40) if i % 2 else (90, 170, 230)
        cv2.rectangle(picture, (90 + i * 95, 400 - height), (150 + i * 95, 400), colour, -1)
    cv2.line(picture, (60, 400), (680, 400), (60, 60, 60), 2)
    for y, width in ((46, 360), (74, 240)):  # headline, as grey bars: type looks different in every OpenCV
        cv2.rectangle(picture, (90, y), (90 + width, y + 12), (150, 150, 150), -1)
    return picture
