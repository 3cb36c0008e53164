"""Serves the pages: on this machine, or with a login to others."""

import ipaddress
import signal
import socket
from collections.abc import Callable
from typing import Final

import uvicorn

from monitor.errors import SetupError
from monitor.settings import Settings
from monitor.storage.engine import sync_engine
from monitor.storage.faults import translated
from monitor.storage.schema import check_revision
from monitor.web.app import create_app

_STOP: Final = 5
"""Seconds for requests in flight when the server stops; a page takes less than one."""


class _Server(uvicorn.Server):
    """Says where it listens, once it does."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[str], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then tell."""
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self._on_ready(f"http://{f'[{host}]' if ':' in host else host}:{port}/")


def serve(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `on_ready` hears the address once it can be called.

    Raises `SetupError` and `OutageError` at start only.
    """
    refuse_exposure(settings)
    proxies = trusted_proxies(settings)
    app = create_app(settings)
    engine = sync_engine(settings)
    try:
        with translated(), engine.connect() as connection:
            check_revision(connection)
    finally:
        engine.dispose()
    config = uvicorn.Config(
        app,
        host=settings.web_host,
        port=settings.web_port,
        log_level="warning",
        access_log=False,
        server_header=False,
        # By itself uvicorn believes everything on this machine, and the variable FORWARDED_ALLOW_IPS.
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        timeout_graceful_shutdown=_STOP,
    )
    server = _Server(config, on_ready)

    def stop(*_: object) -> None:
        server.should_exit = True

    # uvicorn has handlers of its own while it runs and raises the signal again afterwards, for these.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    server.run()


def refuse_exposure(settings: Settings) -> None:
    """Raises `SetupError` unless only this machine is served or a login is configured."""
    if is_loopback(settings.web_host) or settings.web_users_file or settings.web_password:
        return
    raise SetupError(
        f"MONITOR_WEB_HOST = {settings.web_host!r} lets other machines in, and no login is configured; "
        "make one with `brand-monitor web add-user NAME`, or set MONITOR_WEB_PASSWORD"
    )


def trusted_proxies(settings: Settings) -> list[str]:
    """Addresses and networks of MONITOR_WEB_TRUSTED_PROXIES.

    Raises `SetupError` for what is neither, and for everybody: any caller could then say who it is.
    """
    named = [one.strip() for one in settings.web_trusted_proxies.split(",") if one.strip()]
    for one in named:
        try:
            fine = ipaddress.ip_network(one).prefixlen > 0
        except ValueError:
            fine = False
        if not fine:
            raise SetupError(
                f"MONITOR_WEB_TRUSTED_PROXIES names {one!r}; write the proxies' own addresses or networks, "
                "comma-separated: 127.0.0.1, 10.42.0.0/16"
            )
    return named


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
