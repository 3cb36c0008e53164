"""The two npm packages of vector logos (CC0), by version."""

from typing import Final

from training.data.public.download import RemoteFile

VECTOR_PACKAGES: Final = (
    RemoteFile(
        name="iconify-json-logos-1.2.19.tgz",
        url="https://registry.npmjs.org/@iconify-json/logos/-/logos-1.2.19.tgz",
        size=3_084_590,
        sha256="1e8907c088bbf02eab8ee1b28f37e68ef22c380f2fb579ff99736b8ce5abf13a",
    ),
    RemoteFile(
        name="simple-icons-16.37.0.tgz",
        url="https://registry.npmjs.org/simple-icons/-/simple-icons-16.37.0.tgz",
        size=6_517_504,
        sha256="cd9faf0e6faa8a8fdd15e9632ab4c86fcae4b986fe552b87673149847f2f671d",
    ),
)
