"""One HTTP client for all sources: what answers mean, how much and from where is taken."""

import asyncio
import gzip
import zlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import repeat

import pytest
from aiohttp import web
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from yarl import URL

from monitor.addresses import read_allowed
from monitor.errors import SetupError
from monitor.sources import pacing, pictures, robots
from monitor.sources.http import Http, RefusedError
from monitor.sources.interface import SourceOutageError
from monitor.sources.pictures import PictureError, Pictures
from monitor.sources.places import is_ours
from monitor.sources.unpacking import TooLargeError, Unpacker
from tests.sources.pictures import PNG, jpeg
from tests.sources.streams import serving

AGENT = "brand-monitor/"


@asynccontextmanager
async def client(allowed: str = "", **given) -> AsyncIterator[Http]:
    async with Http("https://brand.example/bot", read_allowed(allowed), **given) as http:
        yield http


def server(**handlers) -> web.Application:
    """Paths by name; what a handler gives is the answer."""
    app = web.Application()
    for name, handler in handlers.items():
        app.router.add_route("*", f"/{name.replace('_', '.')}", handler)
    return app


def answering(*answers, headers=None):
    """One answer after the other, the last for ever: a status, or a body."""
    left = list(answers)

    async def handle(_: web.Request) -> web.Response:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, int):
            return web.Response(status=answer, headers=headers)
        return web.Response(body=answer, headers=headers)

    return handle


async def fetched(app: web.Application, path: str = "/it", allowed: str = "", **given):
    async with serving(app) as at, client(allowed) as http:
        return await http.get(f"http://{at}{path}", **given)


async def test_we_say_who_we_are_and_what_we_take():
    async def tell(request: web.Request) -> web.Response:
        return web.json_response(dict(request.headers) | dict(request.query))

    app = server(it=tell)
    async with serving(app) as at, client() as http:
        said = await http.get(f"http://{at}/it", headers={"If-None-Match": '"a"'}, params={"q": "a b"})
    told = said.body.decode()
    assert f"{AGENT}" in told
    assert "(+https://brand.example/bot)" in told
    assert '"Accept-Encoding": "gzip, deflate"' in told
    assert '"q": "a b"' in told
    assert said.url.endswith("/it?q=a+b")


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b"said" * 99)),
        ("deflate", zlib.compress(b"said" * 99)),
        ("deflate", zlib.compress(b"said" * 99, wbits=-15)),
        ("identity", b"said" * 99),
    ],
)
async def test_what_comes_packed_is_unpacked(encoding, packed):
    answer = await fetched(server(it=answering(packed, headers={"Content-Encoding": encoding})))
    assert answer.body == b"said" * 99


async def test_a_bomb_is_not_unpacked():
    bomb = gzip.compress(bytes(10**8))
    with pytest.raises(SetupError, match="more than 1,000,000 bytes"):
        await fetched(server(it=answering(bomb, headers={"Content-Encoding": "gzip"})), limit=10**6)


@pytest.mark.parametrize("encoding", ["gzip", "br"])
async def test_what_cannot_be_unpacked_may_be_better_next_time(encoding):
    cut = gzip.compress(b"said" * 99)[:-12]
    with pytest.raises(SourceOutageError):
        await fetched(server(it=answering(cut, headers={"Content-Encoding": encoding})))


async def test_nothing_new_is_an_answer():
    assert (await fetched(server(it=answering(304, headers={"Content-Encoding": "gzip"})))).status == 304


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
async def test_a_platform_that_does_not_answer_now_says_for_how_long(status):
    with pytest.raises(SourceOutageError) as fault:
        await fetched(server(it=answering(status, headers={"Retry-After": "120"})))
    assert fault.value.retry_after == 120
    date = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    with pytest.raises(SourceOutageError) as fault:
        await fetched(server(it=answering(status, headers={"Retry-After": date})))
    assert 3500 < fault.value.retry_after <= 3600


@pytest.mark.parametrize(("said", "believed"), [("soon", None), ("-5", 0), ("9e99", 86_400), ("nan", None)])
async def test_a_rest_that_makes_no_sense_is_not_kept(said, believed):
    with pytest.raises(SourceOutageError) as fault:
        await fetched(server(it=answering(503, headers={"Retry-After": said})))
    assert fault.value.retry_after == believed


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
async def test_a_platform_that_refuses_is_for_somebody_to_mend(status):
    with pytest.raises(RefusedError, match=f"answers {status}") as fault:
        await fetched(server(it=answering(status)), params={"token": "hush"})
    assert fault.value.status == status
    assert "hush" not in str(fault.value)


async def test_a_connection_that_is_cut_is_an_outage():
    async def cut(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(b"half")
        request.transport.abort()
        return answer

    with pytest.raises(SourceOutageError):
        await fetched(server(it=cut))
    async with client() as http:
        with pytest.raises(SourceOutageError):
            await http.get("http://127.0.0.1:1/")


def redirect(to: str, status: int = 302):
    async def handle(request: web.Request) -> web.Response:
        port = request.url.port
        return web.Response(status=status, headers={"Location": to.format(port=port)})

    return handle


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_on_a_host_are_followed(status):
    assert (await fetched(server(it=redirect("/there", status), there=answering(b"said")))).body == b"said"


async def test_redirects_to_another_host_reach_no_machine_of_the_house():
    app = server(it=redirect("http://localhost:{port}/there"), there=answering(b"said"))
    with pytest.raises(SetupError, match=r"localhost.*(port|public)"):
        await fetched(app)
    assert (await fetched(app, allowed="localhost")).body == b"said"


async def test_a_token_is_not_taken_along_to_another_host():
    async def tell(request: web.Request) -> web.Response:
        return web.Response(text=request.headers.get("Authorization", "none"))

    app = server(it=redirect("http://localhost:{port}/there"), there=tell)
    answer = await fetched(app, allowed="localhost", headers={"Authorization": "Bearer hush"})
    assert answer.body == b"none"


async def test_redirects_end():
    with pytest.raises(SetupError, match="redirects"):
        await fetched(server(it=redirect("/it")))


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://host/x", "no address", "http://", "//host"])
async def test_what_is_no_address_is_not_asked_for(address):
    async with client() as http:
        with pytest.raises(SetupError, match="no address"):
            await http.get(address)


async def test_robots_are_heard():
    said = b"User-agent: *\nDisallow: /private\nCrawl-delay: 7"
    app = server(robots_txt=answering(said), it=answering(b"x"), private=answering(b"x"))
    assert (await fetched(app, robots=True)).body == b"x"
    assert (await fetched(app, "/private")).body == b"x"
    with pytest.raises(SetupError, match=r"robots\.txt"):
        await fetched(app, "/private", robots=True)


async def test_a_host_without_robots_allows_everything_and_one_that_fails_nothing_yet():
    assert (await fetched(server(it=answering(b"x")), robots=True)).body == b"x"
    with pytest.raises(SourceOutageError):
        await fetched(server(it=answering(b"x"), robots_txt=answering(503)), robots=True)


async def test_requests_to_a_host_are_apart_by_what_we_or_its_robots_ask(monkeypatch):
    waited = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(pacing.asyncio, "sleep", sleep)
    pace = pacing.Pace(10.0)
    for host in ("a", "b", "a", "a"):
        await pace.wait(host)
    assert waited == [pytest.approx(10, abs=1), pytest.approx(20, abs=1)]
    pace.slow_down("b", 60.0)
    pace.slow_down("b", 1.0)
    await pace.wait("b")
    await pace.wait("b")
    assert waited[2:] == [pytest.approx(10, abs=1), pytest.approx(70, abs=1)]


@asynccontextmanager
async def fetching(app: web.Application, allowed: str = "127.0.0.1", limit: int = 10**6):
    async with serving(app) as at, client(allowed) as http:
        yield Pictures(http, limit), f"http://{at}"


async def test_pictures_are_fetched_whole():
    async with fetching(server(it=answering(PNG), other=answering(jpeg()))) as (found, at):
        assert await found.fetch(f"{at}/it") == PNG
        assert await found.fetch(f"{at}/other") == jpeg()


@pytest.mark.parametrize(
    "address",
    [
        *("http://127.0.0.1:{port}/it", "http://localhost:{port}/it", "http://127.0.0.1/it"),
        *("http://127.1/it", "http://2130706433/it", "http://0x7f000001/it", "http://0/it"),
        *("http://[::1]:{port}/it", "http://[::ffff:127.0.0.1]/it", "http://[64:ff9b::7f00:1]/it"),
        "http://[::ffff:0:7f00:1]/it",
        *(
            "http://169.254.169.254/latest",
            "http://10.0.0.1/it",
            "http://192.168.0.1/it",
            "http://[fe80::1]/it",
        ),
        *("http://localhost/it", "http://8.8.8.8:25/it", "file:///etc/passwd", "data:image/png;base64,AAAA"),
        *("ftp://8.8.8.8/it", "/it", "", "http://user@127.0.0.1/it"),
    ],
)
async def test_pictures_come_from_public_addresses_only(address):
    async with fetching(server(it=answering(PNG)), allowed="") as (found, at):
        with pytest.raises(PictureError) as fault:
            await found.fetch(address.format(port=at.rpartition(":")[2]))
    assert fault.value.gone


async def test_a_picture_is_not_redirected_into_the_house():
    app = server(it=redirect("http://127.0.0.1:{port}/there"), there=answering(PNG))
    async with fetching(app, allowed="localhost") as (found, at):
        port = at.rpartition(":")[2]
        with pytest.raises(PictureError, match=r"127\.0\.0\.1"):
            await found.fetch(f"http://localhost:{port}/it")


async def test_a_name_is_looked_up_once_and_what_was_checked_is_what_is_reached(monkeypatch):
    """A name that is public when it is checked, and leads into the house a moment later."""
    asked = []

    async def resolve(self, host, port=0, family=0):
        asked.append(host)
        address = "93.184.215.14" if len(asked) == 1 else "127.0.0.1"
        return [{"hostname": host, "host": address, "port": port, "family": 2, "proto": 6, "flags": 0}]

    monkeypatch.setattr("monitor.sources.guard.ThreadedResolver.resolve", resolve)
    reached = []

    async def connect(self, *given, **options):
        reached.append(options["addr_infos"])
        raise OSError("no network here")

    monkeypatch.setattr("aiohttp.connector.TCPConnector._wrap_create_connection", connect)
    async with client() as http:
        with pytest.raises(SourceOutageError):
            await http.get("http://cdn.example/it", guarded=True)
    assert asked == ["cdn.example"]
    assert {info[4][0] for infos in reached for info in infos} == {"93.184.215.14"}


async def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    async def resolve(self, host, port=0, family=0):
        return [
            {"hostname": host, "host": address, "port": port, "family": 2, "proto": 6, "flags": 0}
            for address in ("93.184.215.14", "10.0.0.7")
        ]

    monkeypatch.setattr("monitor.sources.guard.ThreadedResolver.resolve", resolve)
    async with client() as http:
        with pytest.raises(PictureError, match=r"10\.0\.0\.7 is no public address"):
            await Pictures(http, 10**6).fetch("http://cdn.example/it")


@pytest.mark.parametrize(
    "body", [b"<html>not found</html>", b"GIF89a" + bytes(99), PNG[:-20], b"", b"x" * 2 * 10**6]
)
async def test_what_is_no_picture_or_too_large_is_left(body):
    async with fetching(server(it=answering(body))) as (found, at):
        with pytest.raises(PictureError) as fault:
            await found.fetch(f"{at}/it")
    assert fault.value.gone


async def test_a_picture_is_tried_twice(monkeypatch):
    monkeypatch.setattr(pictures, "_AGAIN", 0.0)
    async with fetching(server(it=answering(503, PNG), bad=answering(503))) as (found, at):
        assert await found.fetch(f"{at}/it") == PNG
        with pytest.raises(PictureError) as fault:
            await found.fetch(f"{at}/bad")
    assert not fault.value.gone


async def test_robots_are_heard_about_pictures():
    app = server(it=answering(PNG), robots_txt=answering(b"User-agent: *\nDisallow: /"))
    async with fetching(app) as (found, at):
        with pytest.raises(PictureError, match="robots"):
            await found.fetch(f"{at}/it")


async def test_redirects_on_a_host_lead_to_no_other_port_of_it_and_take_no_token_there():
    async def tell(request: web.Request) -> web.Response:
        return web.Response(text=request.headers.get("Authorization", "none"))

    async with serving(server(there=tell)) as other:
        app = server(it=redirect(f"http://{other}/there"))
        with pytest.raises(SetupError, match=r"127\.0\.0\.1"):
            await fetched(app)
        answer = await fetched(app, allowed="127.0.0.1", headers={"Authorization": "Bearer hush"})
    assert answer.body == b"none"


@pytest.mark.parametrize(
    ("following", "ours"),
    [
        ("http://a.example/x", True),
        ("https://a.example/x", True),
        ("http://a.example:8080/", False),
        ("https://a.example:8443/", False),
        ("http://b.example/", False),
    ],
)
def test_a_redirect_stays_with_the_server_that_was_named(following, ours):
    assert is_ours(URL(following), URL("http://a.example/feed")) is ours
    assert not is_ours(URL("http://a.example/"), URL("https://a.example/"))


async def test_robots_are_heard_where_a_redirect_leads():
    said = answering(b"User-agent: *\nDisallow: /there")
    app = server(it=redirect("/there"), there=answering(b"x"), robots_txt=said)
    assert (await fetched(app)).body == b"x"
    with pytest.raises(SetupError, match=r"robots\.txt"):
        await fetched(app, robots=True)


async def test_a_robots_txt_that_is_too_large_or_nowhere_stops_nobody():
    large = b"User-agent: *\nDisallow: /private\n" + b"# more\n" * 100_000
    app = server(it=answering(b"x"), private=answering(b"x"), robots_txt=answering(large))
    assert (await fetched(app, robots=True)).body == b"x"
    app = server(it=answering(b"x"), robots_txt=redirect("/robots.txt"))
    assert (await fetched(app, robots=True)).body == b"x"


async def test_what_hosts_said_is_forgotten_where_it_becomes_too_much(monkeypatch):
    monkeypatch.setattr(robots, "_MOST_CHARACTERS", 10_000)
    asked = []

    async def fetch(place: URL, guarded: bool) -> str:
        asked.append(place.host)
        return "User-agent: *\n" + "Disallow: /private\n" * 100

    said = robots.Robots(fetch, lambda *_: None)
    for number in (0, 1, 2, 3, 3, 2, 0):
        await said.check(URL(f"https://{number}.example/it"), guarded=True)
    assert asked == [f"{number}.example" for number in (0, 1, 2, 3, 0)]


async def test_who_gives_up_waiting_for_a_host_takes_no_turn():
    """A hundred pictures of a host that allows one in a while: its feed is asked for all the same."""
    pace = pacing.Pace(0.2)
    await pace.wait("a")
    waiting = [asyncio.create_task(pace.wait("a")) for _ in range(100)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pacing.asyncio, "sleep", sleep)
        await pace.wait("a")
    assert sum(slept) <= 0.2


async def test_files_of_gzip_one_behind_the_other_are_all_unpacked():
    packed = gzip.compress(b"one\n") + gzip.compress(b"two\n") + gzip.compress(b"") + b"\0\0 no more"
    for size in (1, 7, len(packed)):
        unpacker = Unpacker("gzip", 100)
        made = [unpacker.feed(packed[at : at + size]) for at in range(0, len(packed), size)]
        unpacker.finish()
        assert b"".join(made) == b"one\ntwo\n"


async def test_what_becomes_nothing_is_not_unpacked_for_ever():
    unpacker = Unpacker("gzip", 10_000)
    with pytest.raises(TooLargeError):
        deque(map(unpacker.feed, repeat(gzip.compress(b""), 10_000)), maxlen=0)


PARTS = (
    *"/:@#?%[]\\ \0\n\ud800",
    *("http", "://", "https://", "xn--", "xn--a", "xn--99999", ".", "..", "127.1", "a" * 70, "::1", "%00"),
    *("\u00e9", "\u0663", "\u3002", "example", ":99999", ":0", "user", "file", "data:"),
)
ADDRESSES = st.lists(st.sampled_from(PARTS), max_size=7).map("".join)


@example("http://xn--/1.png")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ADDRESSES | st.text() | ADDRESSES.map("http://{}/".format))
async def test_no_address_of_a_post_is_more_than_no_picture(monkeypatch, address):
    async def nowhere(self, host, port=0, family=0):
        raise OSError("no network here")

    monkeypatch.setattr("monitor.sources.guard.ThreadedResolver.resolve", nowhere)
    monkeypatch.setattr(pictures, "_AGAIN", 0.0)
    async with client() as http:
        with pytest.raises(PictureError):
            await Pictures(http, 10**6).fetch(address)


async def test_a_picture_whose_server_wants_to_be_left_alone_is_not_tried_again():
    asked = []

    async def busy(_: web.Request) -> web.Response:
        asked.append(1)
        return web.Response(status=429, headers={"Retry-After": "3600"})

    async with fetching(server(it=busy)) as (found, at):
        with pytest.raises(PictureError, match="429") as fault:
            await found.fetch(f"{at}/it")
    assert (len(asked), fault.value.gone) == (1, False)


@pytest.mark.parametrize(
    "address", ["http://ann:hush@a:b/?key=hush", "ann:hush@a?key=hush", "http://xn--/?hush"]
)
async def test_an_address_that_is_none_is_told_without_its_secrets(address):
    async with client() as http:
        with pytest.raises(SetupError, match="no address") as fault:
            await http.get(address)
    assert "hush" not in str(fault.value)
