"""For who watches the server: is it alive, is it ready, and what does it count?

/healthz and /readyz need no token and say little. Nothing here is answered to a Host that is not ours, but for those
two: probes come by the address of a pod.
"""

import os
import tempfile
from pathlib import Path

from anyio import Lock, current_time, to_thread
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import perfdoctor
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.service import Service
from perfdoctor.server.transports.calls import Calls
from perfdoctor.server.transports.metrics import CONTENT_TYPE, Metrics

_TRUSTED = 2.0
"""seconds for which a look at the store is good enough: who asks often must not keep the disk busy"""


async def healthz(_request: Request) -> Response:
    """Alive: the event loop answers."""
    return JSONResponse({"ok": True, "name": "perfdoctor", "version": perfdoctor.__version__})


class Readiness:
    """Ready: new calls are taken, and what they measure can be kept."""

    def __init__(self, service: Service, calls: Calls) -> None:
        self._service = service
        self._calls = calls
        self._looked = float("-inf")
        self._lacks: str | None = None
        self._lock = Lock()

    async def answer(self, _request: Request) -> Response:
        """200, or 503 with what lacks."""
        lacks = "stopping" if self._calls.ending else await self._store()
        if lacks is None:
            return JSONResponse({"ready": True})
        return JSONResponse({"ready": False, "lacks": lacks}, status_code=503, headers={"Retry-After": "5"})

    async def _store(self) -> str | None:
        async with self._lock:
            if current_time() - self._looked > _TRUSTED:
                self._lacks = await self._look()
                self._looked = current_time()
        return self._lacks

    async def _look(self) -> str | None:
        try:
            await self._service.recordings.ready()
        except ProblemError:
            return "the store of recordings cannot be opened"
        try:
            await to_thread.run_sync(_write_and_remove, self._service.settings.state)
        except OSError:
            return "the state folder cannot be written"
        audit = self._service.audit
        if audit.covers("http") and await to_thread.run_sync(audit.folder.is_dir):  # (it may lie on another disk)
            try:
                await to_thread.run_sync(_write_and_remove, audit.folder)
            except OSError:
                return "the audit cannot be written"
        return None


def _write_and_remove(folder: Path) -> None:
    # As root, and on a full disk, only writing tells whether one can write.
    handle, path = tempfile.mkstemp(dir=folder, prefix=".ready-")
    try:
        os.write(handle, b"ready\n")
    finally:
        os.close(handle)
        Path(path).unlink()


class MetricsPage:
    """/metrics. A page of another site shall not read it through its visitor's browser: Host and Origin are checked."""

    def __init__(self, metrics: Metrics, checks: TransportSecuritySettings) -> None:
        self._metrics = metrics
        self._checks = TransportSecurityMiddleware(checks)

    async def answer(self, request: Request) -> Response:
        refused = await self._checks.validate_request(request)
        return refused or Response(self._metrics.text(), media_type=CONTENT_TYPE)
