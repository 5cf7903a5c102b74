"""Locks that are let go at the end of a block."""

import pytest

from perfdoctor.collectors.source_text.asking.guards import guard_of
from perfdoctor.collectors.source_text.sources import Source

CPP = """void World::cry(Curves& curves) {
    prepare();
    std::lock_guard<std::mutex> hold(lock_);
    for (int ware = 0; ware < kWares; ware++) {
        gather(ware);
    }
}
void World::note() {
    {
        std::scoped_lock both(a_, b_);
        count_++;
    }
    write();
}
"""
RUST = """fn ship(&self) {
    let mut held = self.stock.lock().unwrap();
    for box_ in held.iter_mut() {
        box_.move_on();
    }
}
fn other(&self) {
    let all = self.stock.len();
}
"""


@pytest.mark.parametrize(
    ("file", "text", "line", "guard"),
    [
        ("/srv/world.cpp", CPP, 7, 3),
        ("/srv/world.cpp", CPP, 6, None),  # (the end of the loop)
        ("/srv/world.cpp", CPP, 12, 10),
        ("/srv/world.cpp", CPP, 14, None),
        ("/srv/world.cpp", CPP, 5, None),
        ("/srv/stock.rs", RUST, 6, 2),
        ("/srv/stock.rs", RUST, 9, None),
        ("/srv/stock.rs", RUST, 99, None),
    ],
)
def test_the_guard_of_a_block_is_found(file: str, text: str, line: int, guard: int | None) -> None:
    assert guard_of(Source(file, text.encode()), line) == guard
