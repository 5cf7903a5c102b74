"""What ``Thread.print -l`` of OpenJDK 17 and 21 says, and any other text."""

from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.backends.jvm.threads import JavaPlace, parse

DUMP = """2026-11-23 21:11:05
Full thread dump OpenJDK 64-Bit Server VM (17.0.15+6-Debian-1deb12u1 mixed mode, sharing):

"left" #12 prio=5 os_prio=0 cpu=0.21ms elapsed=2.01s tid=0x00007f2158017ea0 nid=0x4bad waiting for monitor entry  \
[0x00007f215df1e000]
   java.lang.Thread.State: BLOCKED (on object monitor)
\tat shop.Cart.add(Cart.java:7)
\t- waiting to lock <0x00000006908002e8> (a java.lang.Object)
\t- locked <0x00000006908002d8> (a java.lang.Object)
\tat shop.Cart$$Lambda$3/0x00007f20d8002800.run(Unknown Source)
\tat java.lang.Thread.run(java.base@17.0.15/Thread.java:840)

   Locked ownable synchronizers:
\t- None

"right" #30 [19373] prio=5 os_prio=0 cpu=0.2ms elapsed=2.0s tid=0x00007f2158017ea1 nid=19373 waiting on condition  [0x0]
   java.lang.Thread.State: WAITING (parking)
\tat jdk.internal.misc.Unsafe.park(java.base@21/Native Method)
\t- parking to wait for  <0x0000000690800010> (a java.util.concurrent.locks.ReentrantLock$NonfairSync)

   Locked ownable synchronizers:
\t- <0x00000006908002e8> (a java.util.concurrent.locks.ReentrantLock$NonfairSync)

"GC Thread#0" os_prio=0 cpu=0.5ms elapsed=2.0s tid=0x00007f2158017ea2 nid=0x4bb0 runnable

Found one Java-level deadlock:
=============================
"left":
  waiting to lock monitor 0x00007f2158 (object 0x00000006908002e8, a java.lang.Object),
  which is held by "right"
"right":
  waiting for ownable synchronizer 0x0000000690800010
Java stack information for the threads listed above:
===================================================
"left":
\tat shop.Cart.add(Cart.java:7)
"""


def test_threads_frames_and_locks() -> None:
    dump = parse(DUMP)
    left, right, collector = dump.threads
    assert (left.name, left.tid, left.state) == ("left", 0x4BAD, "BLOCKED (on object monitor)")
    assert left.places == [
        JavaPlace("shop.Cart", "add", None, "Cart.java", 7),
        JavaPlace("shop.Cart$$Lambda$3/0x00007f20d8002800", "run", None, None, 0),
        JavaPlace("java.lang.Thread", "run", "java.base", "Thread.java", 840),
    ]
    assert left.waits_for == (0x6908002E8, "java.lang.Object") and list(left.holds) == [0x6908002D8]
    assert right.tid == 19373 and list(right.holds) == [0x6908002E8]
    assert right.waits_for == (0x690800010, "java.util.concurrent.locks.ReentrantLock$NonfairSync")
    assert (collector.name, collector.places) == ("GC Thread#0", [])
    assert (dump.deadlocks, dump.not_understood) == ([["left", "right"]], 0)


def test_what_is_waited_on_is_not_held() -> None:
    text = DUMP.partition("\tat shop")[0] + (
        "\tat java.lang.Object.wait(java.base@17.0.15/Native Method)\n"
        "\t- waiting on <0x0000000000000010> (a shop.Queue)\n"
        "\tat shop.Queue.take(Queue.java:9)\n"
        "\t- locked <0x0000000000000010> (a shop.Queue)\n"
        "\t- locked <0x0000000000000020> (a shop.Queue)\n"
    )
    [thread] = parse(text).threads
    assert thread.waits_on == (0x10, "shop.Queue") and list(thread.holds) == [0x20]


def test_a_frame_that_is_none_is_counted() -> None:
    assert parse(DUMP.replace("Cart.add(Cart.java:7)", "what")).not_understood == 1


@given(st.text() | st.lists(st.sampled_from(DUMP.splitlines())).map("\n".join))
def test_any_text(text: str) -> None:
    dump = parse(text)
    assert all(thread.tid >= 0 for thread in dump.threads)
