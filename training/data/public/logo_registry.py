"""The public picture sets: address, size, hash, licence and converter of each.

As for the text sets: a hash stands where somebody published one (npm does, as SHA-512: these are of the files
it names); otherwise the first download is recorded and later ones must equal it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.data.pictures import AnnotatedPicture
from training.data.public.download import RemoteFile
from training.data.public.logo_archives import Files, flickr_logos_27, pascal_voc, without_logos
from training.data.public.npm import VECTOR_PACKAGES

_LOGO_TL: Final = "f1b6b242911bd9964904000ae8d613d016d15cf9"
_IMAGENET_SAMPLES: Final = "bc69043e2862758a1906c6a24a792bb28c6bb2ff"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicPictures:
    """One set. `files` is empty for one that no program may fetch: `by_hand` says what to do, `wanted` how
    the files are to be called.

    `convert` writes pictures into a folder and returns them; None keeps the archives as they are.
    """

    name: str
    about: str
    licence: str
    files: tuple[RemoteFile, ...] = ()
    wanted: tuple[str, ...] = ()
    by_hand: str = ""
    convert: Callable[[Files, Path], list[AnnotatedPicture]] | None = None

    @property
    def file_names(self) -> tuple[str, ...]:
        """The names under which the converter looks for its files."""
        return tuple(file.name for file in self.files) or self.wanted


PUBLIC_PICTURES: Final = (
    PublicPictures(
        name="fl27",
        about="FlickrLogos-27: 27 brands, 809 photographs with boxes, 135 without (Kalantidis et al. 2011)",
        licence="Flickr photographs; 'use of these images must respect the corresponding terms of use'",
        files=(
            RemoteFile(
                name="flickr_logos_27_dataset.tar.gz",
                url="http://image.ntua.gr/iva/datasets/flickr_logos/flickr_logos_27_dataset.tar.gz",
            ),
        ),
        convert=flickr_logos_27,
    ),
    PublicPictures(
        name="it_brands",
        about="Cloudera and Hortonworks: 150 photographs with boxes",
        licence="the Unlicense (public domain); photographs of trademarks",
        files=(
            RemoteFile(
                name="LogoTL.tar.gz",
                url=f"https://github.com/BrooksIan/LogoTL/archive/{_LOGO_TL}.tar.gz",
            ),
        ),
        convert=pascal_voc,
    ),
    PublicPictures(
        name="bsds500",
        about="Berkeley segmentation pictures: 500 photographs without logos (Arbelaez et al. 2011)",
        licence="non-commercial research and education, as its page says",
        files=(
            RemoteFile(
                name="BSR_bsds500.tgz",
                url="http://www.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/BSR/BSR_bsds500.tgz",
            ),
        ),
        convert=without_logos,
    ),
    PublicPictures(
        name="imagenet_samples",
        about="One photograph of each ImageNet class: 1,000, few of them with a logo",
        licence="none stated; ImageNet's terms: non-commercial research and education",
        files=(
            RemoteFile(
                name="imagenet-sample-images.tar.gz",
                url="https://github.com/EliSchwartz/imagenet-sample-images/archive/"
                f"{_IMAGENET_SAMPLES}.tar.gz",
            ),
        ),
        convert=without_logos,
    ),
    PublicPictures(
        name="vectors",
        about="Vector logos of some 5,000 companies, for drawn training crops",
        licence="CC0 (npm @iconify-json/logos, simple-icons); the marks stay their owners' trademarks",
        files=VECTOR_PACKAGES,
    ),
    PublicPictures(
        name="logodet3k",
        about="LogoDet-3K: 3,000 brands, 158,652 pictures (Wang et al., arXiv:2008.05359)",
        licence="unknown; pictures from the web",
        wanted=("LogoDet-3K.zip",),
        by_hand="follow https://github.com/Wangjing1551/LogoDet-3K-Dataset, then "
        "brand-train fetch logos --out DIR --set logodet3k --from LogoDet-3K.zip",
        convert=pascal_voc,
    ),
)
