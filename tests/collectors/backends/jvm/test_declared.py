"""A wait for a synchronized method is at its declaration, where its source tells."""

import pytest

from perfdoctor.collectors.backends.jvm.declared import declared_at

SOURCE = """class Coupons {
    synchronized boolean redeem(String coupon) throws IOException {
        int before = used.get(coupon);
        return true;
    }

    static synchronized int known() { return used.size(); }

    boolean plain(String coupon) {
        synchronized (used) {
            return used.containsKey(coupon);
        }
    }

    public synchronized void
        put(String coupon) {
        used.put(coupon, 1);
    }
}
""".splitlines()


@pytest.mark.parametrize(
    ("first", "method", "line"),
    [
        (3, "redeem", 2),
        (4, "redeem", 2),  # (its first statement is a few lines long)
        (7, "known", 7),
        (10, "plain", None),  # a block has a line of its own
        (3, "other", None),
        (17, "put", None),  # a declaration over two lines is not found, and nothing else is taken for it
        (0, "redeem", None),
        (99, "redeem", None),
    ],
)
def test_the_declaration(first: int, method: str, line: int | None) -> None:
    assert declared_at(SOURCE, first, method) == line
