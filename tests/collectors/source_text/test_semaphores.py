"""How many a semaphore lets through, by the text."""

import pytest

from perfdoctor.collectors.source_text.asking.semaphores import sizes_in
from perfdoctor.collectors.source_text.sources import Source

SIZES = {
    "a number": ("few = asyncio.Semaphore(10)", [10]),
    "a name for a number": ("AT_ONCE = 1_000\n\ndef main():\n    return asyncio.BoundedSemaphore(AT_ONCE)", [1000]),
    "by its keyword": ("few = Semaphore(value=3)", [3]),
    "none at all": ("turn = asyncio.Semaphore()", [1]),
    "anyio": ("limit = anyio.CapacityLimiter(4)", [4]),
    "one that is handed in": ("def at_most(number):\n    return asyncio.Semaphore(number)", [None]),
    "one that changes": ("n = 2\nn = 3\nfew = asyncio.Semaphore(n)", [None]),
    "a sum": ("few = asyncio.Semaphore(2 * cores)", [None]),
    "no semaphore": ("lock = asyncio.Lock()\n# asyncio.Semaphore(3)", []),
}


@pytest.mark.parametrize("name", SIZES)
def test_the_number_stands_where_it_is_made(name: str) -> None:
    text, sizes = SIZES[name]
    assert list(sizes_in(Source("/srv/app.py", text.encode()))) == sizes
