"""What a picture's file says of itself, read without decoding it: format, size, which way up, when taken.

Part of the ground floor: the logo room decodes what passes here, and publishing needs no more than this.
"""

from monitor.pictures.exif import Exif
from monitor.pictures.headers import BEGINNING, PictureHeader, is_picture, pixels_alone, read_header

__all__ = ["BEGINNING", "Exif", "PictureHeader", "is_picture", "pixels_alone", "read_header"]
