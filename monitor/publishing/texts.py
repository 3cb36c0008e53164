"""Lines sent as they stand; files of texts are read by `monitor.files`."""

from collections.abc import Iterable, Iterator

from monitor.publishing.records import Outgoing, content_type_header


def read_raw_texts(lines: Iterable[bytes], content_type: str) -> Iterator[Outgoing]:
    """Each line as a record exactly as it stands, unchecked and without a key.

    What is wrong with it shows up as a dead letter: for trying out a deployment's handling of bad input.
    """
    for number, line in enumerate(lines, 1):
        value = line.rstrip(b"\r\n")
        if value:
            yield Outgoing(f"line {number}", "text", None, value, content_type_header(content_type))
