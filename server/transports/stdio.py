"""Serve one client over standard input and output, and leave nothing behind when told to stop."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from mcp.server.mcpserver import MCPServer

from perfdoctor.server.app import build
from perfdoctor.server.service import Service

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
CLEANUP = 5.0
"""seconds for running calls to stop what they started"""


async def serve(service: Service) -> None:
    """Until the client closes our input. On a signal running calls are cancelled, and clean up, before the process
    ends: the default would end it at once and leave tracers behind."""
    closed = anyio.Event()

    @asynccontextmanager
    async def lifespan(_server: MCPServer[None]) -> AsyncIterator[None]:
        # The SDK leaves the lifespan after the last running call has ended.
        try:
            yield
        finally:
            closed.set()

    server = build(service, lifespan=lifespan)

    async def stop_on_signal(scope: anyio.CancelScope) -> None:
        with anyio.open_signal_receiver(*SIGNALS) as signals:
            async for number in signals:
                scope.cancel()
                with anyio.move_on_after(CLEANUP, shield=True):
                    await closed.wait()
                # A thread waits in read() on our input and cannot be interrupted: leaving main() would wait for it.
                os._exit(128 + number)

    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as scope:
            tasks.start_soon(stop_on_signal, scope)
            await server.run_stdio_async()
        tasks.cancel_scope.cancel()
