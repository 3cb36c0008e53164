"""What an entry of `kind = "http"` may say."""

from typing import Annotated

import msgspec

from monitor.sources.options import Options


class ReceiverOptions(Options, frozen=True, kw_only=True):
    """`source` is what items say that name none."""

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 for all, behind a server that speaks HTTPS."""
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8090
    rate: Annotated[float, msgspec.Meta(gt=0)] = 200.0
    """Items a second of each publisher; ten seconds' worth may come at once."""
    most_bytes: Annotated[int, msgspec.Meta(ge=1024, le=256 * 2**20)] = 16 * 2**20
    """Bytes of a request, unpacked. Pictures are a third longer in JSON."""
