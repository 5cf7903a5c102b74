"""Progress is told often enough, never too often, and a client that hangs holds nothing up."""

import anyio
import pytest

from perfdoctor.server.reporter import MANY, PATIENCE, Reporter

pytestmark = pytest.mark.anyio


async def test_the_latest_message_is_sent() -> None:
    sent: list[tuple[float, str]] = []

    async def send(elapsed: float, message: str) -> None:
        sent.append((elapsed, message))

    reporter = Reporter(send)
    with anyio.move_on_after(1.4):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reporter.run)
            for number in range(10_000):
                reporter.see(0.0, f"seen {number}")
                await anyio.sleep(0.001)
    assert 3 <= len(sent) <= 6
    numbers = [int(message.split()[1]) for _, message in sent]
    assert numbers == sorted(set(numbers))


async def test_a_client_that_hangs_is_given_up_and_tried_again() -> None:
    tries = 0

    async def send(_elapsed: float, _message: str) -> None:
        nonlocal tries
        tries += 1
        await anyio.sleep_forever()

    reporter = Reporter(send)
    with anyio.move_on_after(2 * PATIENCE + 1):
        await reporter.run()
    assert tries == 2 or tries == 3


async def test_among_many_calls_each_is_told_a_little_more_than_twice_a_second() -> None:
    sent = list[str]()

    async def send(_elapsed: float, message: str) -> None:
        sent.append(message)

    reporter = Reporter(send, running=lambda: MANY + 1)
    with anyio.move_on_after(2.5):
        await reporter.run()
    assert 4 <= len(sent) <= 5
