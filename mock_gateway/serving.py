"""Running the gateway as a process: its socket, its announcement, and the ways it ends."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ipaddress
import json
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Generator

import uvicorn
from fastapi import FastAPI

from mock_gateway.errors import SettingsError
from mock_gateway.gateway import Gateway
from mock_gateway.head_limits import bounded_protocol

# Slow requests must not hold up a stop: what is in flight gets this long.
_GRACE_S = 1.0
_BACKLOG = 4096
_OBJECTS_BEFORE_COLLECTION = 200_000
# Callers keep their connections open between requests, for a minute by the CORE rules.
_KEEP_ALIVE_S = 75


def open_listener(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises SettingsError when the address cannot be had."""
    family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    # TCP by name: asyncio turns Nagle's algorithm off only for sockets that say so, and with it on every
    # answer on a kept connection would wait 40 ms for the caller's delayed acknowledgment.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as failure:
        listener.close()
        reason = os.strerror(failure.errno) if failure.errno else str(failure)
        advice = "; choose another port, or 0 for a free one" if port else ""
        raise SettingsError(f"cannot listen on {host} port {port}: {reason}{advice}") from None
    return listener


def serve(app: FastAPI, listener: socket.socket, *, exit_with_stdin: bool) -> None:
    """Serve until a signal, or until standard input ends where that was asked for."""
    _allow_many_connections()
    gateway: Gateway = app.state.gateway
    if exit_with_stdin:
        threading.Thread(target=_exit_at_end_of_stdin, args=(gateway,), daemon=True).start()
    # What lives as long as the process need not be looked through at every collection, and requests leave
    # no cycles behind: a collection after every 700 objects would only make answers some 10 ms late.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    asyncio.run(_serve(app, gateway, listener))


async def _serve(app: FastAPI, gateway: Gateway, listener: socket.socket) -> None:
    config = uvicorn.Config(
        app,
        http=bounded_protocol(gateway.settings.max_header_bytes),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_S,
    )
    server = _Server(config, gateway.profile.name)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.should_exit = True
        # uvicorn's own time limit cancels what is in flight with a traceback each; leaving is quieter.
        loop.call_later(_GRACE_S, setattr, server, "force_exit", True)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    watching = loop.create_task(gateway.watch.run(gateway.truth.flush))
    await server.serve(sockets=[listener])
    watching.cancel()
    gateway.close()
    sys.stdout.flush()
    os._exit(0)


class _Server(uvicorn.Server):
    """uvicorn's server that announces itself, and leaves signals to us: it would raise them again."""

    def __init__(self, config: uvicorn.Config, profile_name: str) -> None:
        super().__init__(config)
        self._profile_name = profile_name

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = (sockets or [])[0].getsockname()[:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        facts = {
            "event": "listening",
            "url": url,
            "port": port,
            "profile": self._profile_name,
            "pid": os.getpid(),
        }
        # Whoever started us may have gone already; then there is nobody to tell.
        with contextlib.suppress(OSError):
            print(json.dumps(facts), flush=True)


def _exit_at_end_of_stdin(gateway: Gateway) -> None:
    """End the process as soon as whoever holds the other end of standard input is gone.

    A thread of its own: it works even while the event loop is busy.
    """
    with contextlib.suppress(OSError):
        while os.read(0, 65536):
            pass
    gateway.end_at_once(code=0)


def _allow_many_connections() -> None:
    """Raise the soft limit of open files: each waiting caller holds one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
