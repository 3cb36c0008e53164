"""Draws charts and sets pages for the process that started it: `renderer_child.py MEGABYTES`.

Both libraries are native code that may abort; nothing else lives here, and nothing of the project is
imported. Jobs come in and answers go out as a byte that says what it is, eight bytes of length, and that many
bytes. It ends when its input does.
"""

import json
import os
import sys
from typing import IO, Any

ANSWER, FAULT = b"a", b"f"


def main() -> None:
    """Take one job after the other until the input ends."""
    _limit_memory(int(sys.argv[1]) << 20)
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    while (job := receive(sys.stdin.buffer)) is not None:
        try:
            kind, answer = ANSWER, _do(**json.loads(job[1]))
        except Exception as error:
            kind, answer = FAULT, str(error).encode("utf-8", "replace")
        send(answers, kind, answer)


def send(stream: IO[bytes], kind: bytes, content: bytes) -> None:
    """Write one message."""
    stream.write(kind + len(content).to_bytes(8, "big") + content)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[bytes, bytes] | None:
    """Read one message; None where the other end is gone."""
    head = stream.read(9)
    if len(head) < 9:
        return None
    length = int.from_bytes(head[1:], "big")
    content = stream.read(length)
    return (head[:1], content) if len(content) == length else None


def _do(kind: str, **job: Any) -> bytes:
    if kind == "chart":
        import vl_convert

        drawn: str = vl_convert.vegalite_to_svg(job["spec"], vl_version=job["version"])
        return drawn.encode()
    import typst

    compiler = typst.Compiler(job["layout"], job["root"], font_paths=[job["fonts"]])
    compiled = compiler.compile(format="pdf", timestamp=job["timestamp"])
    assert isinstance(compiled, bytes)
    return compiled


def _limit_memory(most: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    # Of what is written to; address space would be no measure: V8 reserves 30 GB of it and uses a hundredth.
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


if __name__ == "__main__":
    main()
