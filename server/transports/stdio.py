"""Serve one client over standard input and output, and leave nothing behind when told to stop."""

import os
import signal

import anyio

from perfdoctor.server.app import build
from perfdoctor.server.service import Service

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


async def serve(service: Service) -> None:
    """Until the client closes our input, or a signal: running calls are then cancelled and clean up before the process
    ends. Without this the signal would end it at once and leave tracers behind."""
    server = build(service)

    async def stop_on_signal() -> None:
        with anyio.open_signal_receiver(*SIGNALS) as signals:
            async for number in signals:
                await service.stop()
                # A thread waits in read() on our input and cannot be interrupted: leaving main() would wait for it.
                os._exit(128 + number)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stop_on_signal)
        await server.run_stdio_async()
        tasks.cancel_scope.cancel()
