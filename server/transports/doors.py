"""Which application answers a connection: by the door that it came through, and by who stands there."""

import contextlib
import os
from collections.abc import AsyncIterator

import anyio
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from perfdoctor.server.transports import lag
from perfdoctor.server.transports.metrics import Metrics

_HANDED_ON = frozenset({b"authorization", b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"})


class Doors:
    """The local user needs no token at the Unix socket: the kernel says who connected. A request that carries a token
    is judged by it; one that a proxy of the same user handed on is not the local user's, and needs one."""

    tcp: Starlette | None = None
    unix_owner: Starlette | None = None
    unix_other: Starlette | None = None

    def __init__(self, metrics: Metrics) -> None:
        self._lifespan = Starlette(lifespan=self._run)
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._behind(scope)(scope, receive, send)

    def _behind(self, scope: Scope) -> Starlette:
        if scope["type"] == "lifespan":
            return self._lifespan
        state = scope["state"]
        if not state["unix"]:
            door = self.tcp
        elif state["peer_uid"] == os.geteuid() and not any(name in _HANDED_ON for name, _ in scope["headers"]):
            door = self.unix_owner
        else:
            door = self.unix_other
        assert door is not None
        return door

    @contextlib.asynccontextmanager
    async def _run(self, _app: Starlette) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as running:
            for door in (self.tcp, self.unix_owner, self.unix_other):
                if door is not None:
                    await running.enter_async_context(door.router.lifespan_context(door))
            tasks = await running.enter_async_context(anyio.create_task_group())
            tasks.start_soon(lag.watch, self._metrics.lag)
            yield
            tasks.cancel_scope.cancel()
