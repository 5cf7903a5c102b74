"""The source around a sleep tells a poll from a pace; what is neither for certain is taken for a pace."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.source_text.pausing.nap_loops import napping
from perfdoctor.collectors.source_text.sources import Source, Sources
from perfdoctor.schemas.frame import Frame, FrameKind
from perfdoctor.schemas.goroutines import NapLoop
from tests.collectors.source_text.one_file import OneFile

EMPTY, ASKS, PACED = NapLoop.EMPTY, NapLoop.ASKS, NapLoop.PACED


def nap_loop(lines: list[str], at: int) -> NapLoop | None:
    source = Source("/nap.go", "\n".join(lines).encode("utf-8", "replace"))
    sleep = Frame(kind=FrameKind.NATIVE, function="main.work", file="/nap.go", line=at)
    return napping(OneFile(source), (sleep,)).loop


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


@pytest.mark.parametrize(
    ("body", "loop"),
    [
        ("for !done.Load() { time.Sleep(d) }", ASKS),
        (
            "for {\n/* for { */\nx := take() // }\nif x == nil {\ntime.Sleep(d)\ncontinue\n}\nhandle(x, `}`, '}')\n}",
            EMPTY,
        ),
        ("for {\nif x := take(\n1); x == nil {\ntime.Sleep(d)\ncontinue\n}\nhandle()\n}", EMPTY),
        ("again:\nfor {\nx, ok := take()\nif !ok {\ntime.Sleep(d)\ncontinue again\n}\nhandle(x)\n}", EMPTY),
        ("for {\nif err := send(x); err != nil {\ntime.Sleep(backoff)\nbackoff *= 2\ncontinue\n}\nreturn\n}", PACED),
        ("for {\nwork()\nif len(a) > 9 {\n// !x == nil\ntime.Sleep(d)\n}\n}", PACED),
        ('for {\nbeat("if x == nil {")\ntime.Sleep(d)\n}', PACED),
        ("for {\nf := func() bool { return send() }\nif f() {\nreturn\n}\ntime.Sleep(d)\n}", PACED),
        ("for {\nif x == nil {\ngo func() {\ntime.Sleep(d)\n}()\ncontinue\n}\n}", PACED),
    ],
    ids=[
        "one line",
        "comments and texts",
        "a head of lines",
        "a label",
        "back-off",
        "a comment",
        "a beat",
        "made",
        "go",
    ],
)
def test_what_the_text_alone_would_not_tell(body: str, loop: NapLoop) -> None:
    assert told(body) is loop


HELPERS = """package main

func nap() {
	naps++
	time.Sleep(time.Millisecond)
}
func (c *clock) rest() { nap() }
func (l *limiter) wait() {
	l.mu.Lock()
	time.Sleep(l.every - time.Since(l.last))
	l.last = now()
}
func (b *backoff) pause() {
	time.Sleep(b.long)
	b.long *= 2
}
func worker() {
	for {
		job := take()
		if job == nil {
			nap() // empty
			continue
		}
		run(job)
	}
}
func (c *clock) until() {
	for !c.done() {
		c.rest() // asks
	}
}
func beat() {
	for {
		send()
		nap() // beats
	}
}
func slow() {
	nap() // once
}
func limited() {
	for {
		if x := take(); x == nil {
			l.wait() // limited
			continue
		}
	}
}
func again() {
	for {
		if send() != nil {
			b.pause() // backs off
			continue
		}
	}
}
"""


@pytest.mark.parametrize(
    ("marks", "loop", "left"),
    [
        (("time.Sleep(time.M", "// empty"), EMPTY, 1),
        (("time.Sleep(time.M", "{ nap() }", "// asks"), ASKS, 1),
        (("time.Sleep(time.M", "// beats"), PACED, 1),
        (("time.Sleep(time.M", "// once"), PACED, 1),
        (("time.Sleep(time.M",), PACED, 1),
        (("time.Sleep(l.every", "// limited"), PACED, 2),
        (("time.Sleep(b.long", "// backs off"), PACED, 2),
        (("job := take()",), None, 1),
    ],
    ids=["empty", "two helpers", "a beat", "no loop", "no caller", "a rate limit", "a back-off", "another text"],
)
def test_a_function_that_only_sleeps_is_a_sleep(
    tmp_path: Path, marks: tuple[str, ...], loop: NapLoop | None, left: int
) -> None:
    file = tmp_path / "naps.go"
    file.write_text(HELPERS)
    lines = [HELPERS[: HELPERS.index(mark)].count("\n") + 1 for mark in marks]
    sleep = Frame(kind=FrameKind.NATIVE, function="time.Sleep", file="/usr/lib/go/src/runtime/time.go", line=195)
    own = [Frame(kind=FrameKind.NATIVE, function="main.f", file=str(file), line=line) for line in lines]
    found = napping(Sources(LocalHost(), os.getpid()), (sleep, *own))
    assert found.loop is loop
    assert found.stack == (sleep, *own[-left:])


def test_a_sleep_without_a_source_is_not_told() -> None:
    stack = (Frame(kind=FrameKind.NATIVE, function="time.Sleep"), Frame(kind=FrameKind.NATIVE, function="main.f"))
    assert napping(Sources(LocalHost(), os.getpid()), stack) == (None, stack)
    assert napping(Sources(LocalHost(), os.getpid()), ()) == (None, ())


def test_a_loop_that_does_nothing_at_all_is_neither() -> None:
    assert told("for {\ntime.Sleep(d)\n}") is None
