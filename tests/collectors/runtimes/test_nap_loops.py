"""The text around a sleep tells a poll from a pace; what is neither for certain is taken for a pace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.runtimes.nap_loops import nap_loop
from perfdoctor.schemas.goroutines import NapLoop

EMPTY, ASKS, PACED = NapLoop.EMPTY, NapLoop.ASKS, NapLoop.PACED


def told(body: str) -> NapLoop | None:
    lines = f"func work() {{\n{body}\n}}".splitlines()
    (at,) = [number for number, text in enumerate(lines, 1) if "Sleep(" in text]
    return nap_loop(lines, at)


@pytest.mark.parametrize(
    "body",
    [
        "for {\nx := take()\nif x == nil {\ntime.Sleep(200 * time.Microsecond) // a moment\ncontinue\n}\nhandle(x)\n}",
        "for {\njob, ok := q.Pop()\nif !ok {\nmisses.Add(1)\ntime.Sleep(d)\ncontinue\n}\njob.Run()\n}",
        "for {\nif x := take(); x != nil {\nhandle(x)\n} else {\ntime.Sleep(d)\n}\n}",
        "for running {\nselect {\ncase x := <-jobs:\nhandle(x)\ndefault:\ntime.Sleep(d)\n}\n}",
        "for {\nn, err := q.Read(buf)\nif err != nil {\ntime.Sleep(d)\ncontinue\n}\nhandle(buf[:n])\n}",
        "for {\nworked := step()\nif !worked {\ntime.Sleep(d)\n}\n}",
        "for {\nmu.Lock()\nif head == tail {\nmu.Unlock()\ntime.Sleep(d)\ncontinue\n}\nmu.Unlock()\nwork()\n}",
    ],
)
def test_a_sleep_below_a_look_that_found_nothing(body: str) -> None:
    assert told(body) is EMPTY


@pytest.mark.parametrize(
    "body",
    [
        "for !written {\nmu.Unlock()\ntime.Sleep(d)\nmu.Lock()\n}",
        "for !done.Load() {\ntime.Sleep(200 * time.Microsecond)\n}",
        "for atomic.LoadInt32(&flag) == 0 {\ntime.Sleep(d)\n}",
        "for {\nmu.Lock()\nr, ok := results[id]\nmu.Unlock()\nif ok {\nreturn r\n}\ntime.Sleep(d)\n}",
        "for i := 0; i < 100; i++ {\nif ready() {\nbreak\n}\ntime.Sleep(d)\n}",
        "for {\nif ctx.Err() != nil {\nreturn\n}\nif s.isDone(id) {\nreturn\n}\ntime.Sleep(d)\n}",
        "for time.Now().Before(end) {\nif ready() {\nreturn true\n}\ntime.Sleep(d)\n}".replace("time.Now()", "clock"),
        "for {\ntime.Sleep(d)\nif v := state.Load(); v != nil {\nreturn v\n}\n}",
        "for {\nselect {\ncase <-stop:\nreturn\ndefault:\n}\ntime.Sleep(d)\n}",
        "for {\nselect {\ncase <-stop:\nreturn\ndefault:\ntime.Sleep(d)\n}\n}",
    ],
)
def test_a_loop_that_only_asks(body: str) -> None:
    assert told(body) is ASKS


@pytest.mark.parametrize(
    "body",
    [
        "for {\nstep()\ntime.Sleep(d)\n}",
        "for !stop.Load() {\ntokens.Add(1)\ntime.Sleep(d)\n}",
        "for !stop.Load() {\nticks++\ntime.Sleep(d)\n}",
        "for {\ntime.Sleep(d)\nmu.Lock()\nif tokens < most {\ntokens++\n}\nmu.Unlock()\n}",
        "for {\nnow.Store(time.Now().Unix())\ntime.Sleep(d)\n}",
        "for {\nstate = advance(state)\nif stop.Load() {\nreturn\n}\ntime.Sleep(d)\n}",
        "for {\n_, err := conn.Write(buf)\nif err != nil {\nreturn err\n}\ntime.Sleep(d)\n}",
        "for {\nif err := send(x); err != nil {\nreturn\n}\ntime.Sleep(d)\n}",
        "for {\njob := next()\nif job == nil {\nreturn\n}\ntime.Sleep(d)\n}",
        "for job := range jobs {\ntime.Sleep(d)\n}",
        "for i := 0; i < n; i++ {\ntime.Sleep(d)\n}",
        "for {\nwork()\nif left := frame - time.Since(began); left > 0 {\ntime.Sleep(left)\n}\n}",
        "for {\nif elapsed < frame {\ntime.Sleep(frame - elapsed)\n}\n}",
        "for {\nout <- x\ntime.Sleep(d)\n}",
        "for {\nselect {\ncase job := <-jobs:\ntime.Sleep(d)\nfinish(job)\ncase <-stop:\nreturn\n}\n}",
        "for {\nif x == nil {\ntime.Sleep(d)\n}\nwork()\n}",
        "for {\nif x == nil {\nrefill()\ntime.Sleep(d)\ncontinue\n}\nwork()\n}",
        "for {\nif job, ok := q.Pop(); ok {\ntime.Sleep(d)\n}\n}",
        "for !stop.Load() {\nmu.Lock()\ntime.Sleep(d)\nmu.Unlock()\n}",
        "for {\ngo send()\ntime.Sleep(d)\n}",
        "for n := 0; ; n++ {\njobs <- n\nif n%100 == 0 {\ntime.Sleep(d)\n}\n}",
        "for {\nn, err := c.Read(b)\nif err == nil {\ntime.Sleep(d)\ncontinue\n}\nfail(n)\n}",
        "for {\nwork()\nselect {\ncase <-done:\nreturn\ndefault:\ntime.Sleep(d)\n}\n}",
        "for {\nwork()\nif !urgent {\ntime.Sleep(d)\n}\n}",
        "for {\nif budget == 0 {\ntime.Sleep(d)\nbudget = 100\ncontinue\n}\nbudget--\nsend()\n}",
        "for time.Now().Before(end) {\ntime.Sleep(d)\n}",
    ],
)
def test_a_pace(body: str) -> None:
    assert told(body) is PACED


@pytest.mark.parametrize("body", ["time.Sleep(d)\nwork()", "if x == nil {\ntime.Sleep(d)\n}"])
def test_a_sleep_without_a_loop_is_time_that_something_takes(body: str) -> None:
    assert told(body) is PACED


@pytest.mark.parametrize("body", ["for { time.Sleep(d) }", "pause(Sleep(3), 4)"])
def test_nothing_where_the_text_cannot_be_followed(body: str) -> None:
    assert told(body) is None


def test_another_text_by_now() -> None:
    assert nap_loop(["for {", "work()", "}"], 2) is None
    assert nap_loop([], 5) is None
    assert nap_loop(["time.Sleep(1)"], 0) is None


_PIECES = ("for {", "}", "if x == nil {", "} else {", "select {", "default:", "case <-a:", "x := y", "return", "} {{")


@given(st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=40)), max_size=60), st.integers(-2, 70))
def test_any_text_is_read_to_an_end(lines: list[str], at: int) -> None:
    lines.insert(max(0, min(at, len(lines))), "time.Sleep(d)")
    assert nap_loop(lines, at) in (None, *NapLoop)
    assert nap_loop(lines, at + 1) in (None, *NapLoop)
