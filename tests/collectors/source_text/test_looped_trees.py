"""Does a line stand in a loop of its own function, by the tree of its file? And what has no tree?"""

import os
from pathlib import Path

import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.source_text.asking.looped import (
    _in_each_round,
    _is_repeated,
    _pauses,
    _takes,
    asks_until,
    is_repeated,
    only_tries_again,
)
from perfdoctor.collectors.source_text.sources import Source, SourcesOfAll
from tests.collectors.source_text.one_file import OneFile
from tests.collectors.source_text.test_looped import ONCE, REPEATED

PARSED = {
    "a loop that leaves when it has found something": (
        ".py",
        """def first(shops):
    for shop in shops:
        if ask(shop):  # <- here
            return shop""",
    ),
    "a function with a name that is called for each": (
        ".js",
        """function all(shops) {
  shops.forEach(ask); // <- here
}""",
    ),
    "a function that is handed to one that calls it in a loop": (
        ".go",
        """package a
func (p *P) trek(t T) {
	p.along(t, func(hut Hut) error {
		return p.ask(hut) // <- here
	})
}
func (p *P) along(t T, visit func(Hut) error) error {
	for _, hut := range t.huts {
		if err := visit(hut); err != nil {
			return err
		}
	}
	return nil
}""",
    ),
    "the second clause of a comprehension": (
        ".py",
        """def all(names):
    return [
        page
        for name in names
        for page in ask(name)  # <- here
    ]""",
    ),
    "an await in JavaScript": (
        ".js",
        """async function all(shops) {
  for (const shop of shops) {
    await ask(shop); // <- here""",
    ),
    "the head of a while": (
        ".go",
        """package main
func run() {
	for more() { // <- here
		step()
	}
}""",
    ),
    "the end of a loop": (
        ".c",
        """int all(int n) {
  while (n--) {
    ask(n);
  } // <- here
}""",
    ),
    "one line": (
        ".js",
        """async function run() { for (;;) await board.tender(await queue.next()); } // <- here""",
    ),
    "two lines without brackets": (
        ".java",
        """class A { void run() {
for (int id : ids)
ask(id); // <- here
} }""",
    ),
    "what is handed to forEach": (
        ".ts",
        """shops.forEach((shop: Shop): void => {
  ask(shop); // <- here
});""",
    ),
    "a closure that an iterator calls": (
        ".rs",
        """fn all() {
  ids.iter().for_each(|id| {
    ask(id); // <- here
  });
}""",
    ),
    "a comprehension": (
        ".py",
        """def all(names):
    return [
        ask(name)  # <- here
        for name in names
    ]""",
    ),
    "further left than its loop": (
        ".py",
        '''def all(names):
    for name in names:
        say("""
%s
""" % ask(name))  # <- here''',
    ),
    "a comment further left": (
        ".js",
        """for (const shop of shops) {
  x();
// function f() {
    ask(shop); // <- here
}""",
    ),
    "decorated": (
        ".py",
        """class Desk:
    @cached
    def all(self):
        while self.more():
            ask(self)  # <- here""",
    ),
    "a template with brackets": (
        ".js",
        """for (const a of all) {
  const t = `} ${a.of} }`;
  ask(t); // <- here
}""",
    ),
    "do and while": (
        ".cpp",
        """void all() {
  do {
    ask(1); // <- here
  } while (more());
}""",
    ),
}
PARSED_ONCE = {
    "what a comprehension goes over": (
        ".py",
        """def all(names):
    return [
        page
        for page in ask(names)  # <- here
    ]""",
    ),
    "names that begin like loops": (
        ".py",
        """def all(do):
    until = ask(1)
    do(until)  # <- here""",
    ),
    "a loop in a comment": (
        ".js",
        """function all() {
/* for each shop:
for (;;)
*/
    ask(1); // <- here
}""",
    ),
    "a function that is handed to one that calls it once": (
        ".go",
        """package a
func (p *P) trek(t T) {
	p.once(t, func(hut Hut) error {
		return p.ask(hut) // <- here
	})
}
func (p *P) once(t T, visit func(Hut) error) error {
	for n := 0; n < 3; n++ {
		p.look(n)
	}
	return visit(t.first)
}""",
    ),
    "a loop in a text of several lines": (
        ".py",
        '''def all():
    say("""
for shop in shops:
    """)
    ask(1)  # <- here''',
    ),
    "a loop in a template": (
        ".ts",
        """function all(): void {
  say(`
for (;;) {
`);
    ask(1); // <- here
}""",
    ),
    "a regular expression with a bracket": (
        ".js",
        """for (const a of all) { if (/[{]/.test(a)) n++; }
ask(1); // <- here""",
    ),
    "a lambda that is kept": (
        ".py",
        """def all(names):
    for name in names:
        jobs.append(
            lambda: ask(name)  # <- here
        )""",
    ),
    "a goroutine": (
        ".go",
        """package main
func all() {
	for _, id := range ids {
		go func() {
			ask(id) // <- here
		}()
	}
}""",
    ),
    "behind a loop of one line": (
        ".js",
        """function all() {
  for (const a of b) n++;
    ask(1); // <- here
}""",
    ),
    "what a loop goes over": (
        ".py",
        """def all():
    for shop in take(
        ask(1),  # <- here
    ):
        say(shop)""",
    ),
    "else of a loop": (
        ".py",
        """def all():
    for shop in shops:
        say(shop)
    else:
        ask(1)  # <- here""",
    ),
    "a method named for": (
        ".java",
        """class A { void run() {
  forAll(() -> {
    ask(1); // <- here
  });
} }""",
    ),
    "a type": (
        ".ts",
        """type Each = { [key in Keys]:
  number }; // <- here""",
    ),
    "behind the end": (
        ".py",
        """x = 1""",
    ),
}


AGAIN = {
    "what is tried again": (
        ".py",
        """async def ask(self, url):
    for attempt in range(1, self.tries + 1):
        try:
            async with self.session.get(url) as answer:
                return await answer.json()  # <- here
        except ClientError:
            await asyncio.sleep(0.1 * attempt)""",
    ),
    "what is tried again, in JavaScript": (
        ".js",
        """async function ask(url) {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      return await get(url); // <- here
    } catch (error) {
      log(error);
    }
  }
}""",
    ),
}


UNTIL = {
    "a key that is asked for until it is there": (
        ".py",
        """async def result(key):
    while time.monotonic() < until:
        made = await redis.lpop(key)  # <- here
        if made is not None:
            return made
        await asyncio.sleep(0.002)
""",
    ),
    "so many times at most, in Go": (
        ".go",
        """package a
func result(key string) string {
	for try := 0; try < 500; try++ {
		made, err := client.Get(key) // <- here
		if err == nil && made != "" {
			return made
		}
		time.Sleep(2 * time.Millisecond)
	}
	return ""
}
""",
    ),
}
NOT_UNTIL = {
    "each of several, with a pause between": (
        ".py",
        """def all_of(keys):
    for key in keys:
        made = redis.get(key)  # <- here
        if made is None:
            return None
        time.sleep(0.002)
""",
    ),
    "all that come, without a pause": (
        ".py",
        """def drain():
    while True:
        job = redis.lpop("jobs")  # <- here
        if job is None:
            return
        work(job)
""",
    ),
    "a pace": (
        ".py",
        """def keep_time():
    while running:
        told = redis.get("clock")  # <- here
        show(told)
        time.sleep(0.002)
""",
    ),
}


def parsed(suffix: str, text: str) -> bool:
    lines = text.splitlines()
    line = next((n for n, line in enumerate(lines, 1) if "<- here" in line), 99)
    return is_repeated(Source(f"/srv/program{suffix}", text.encode()), line)


@pytest.mark.parametrize("case", PARSED)
def test_a_line_in_a_loop_of_a_tree(case: str) -> None:
    assert parsed(*PARSED[case])


@pytest.mark.parametrize("case", PARSED_ONCE)
def test_a_line_that_a_tree_runs_once(case: str) -> None:
    assert not parsed(*PARSED_ONCE[case])


@pytest.mark.parametrize("case", AGAIN)
def test_a_loop_that_only_tries_again(case: str) -> None:
    suffix, text = AGAIN[case]
    line = next(n for n, line in enumerate(text.splitlines(), 1) if "<- here" in line)
    assert only_tries_again(Source(f"/srv/program{suffix}", text.encode()), line) and parsed(suffix, text)


@pytest.mark.parametrize("case", PARSED)
def test_other_loops_go_on(case: str) -> None:
    suffix, text = PARSED[case]
    line = next(n for n, line in enumerate(text.splitlines(), 1) if "<- here" in line)
    assert not only_tries_again(Source(f"/srv/program{suffix}", text.encode()), line)


@pytest.mark.parametrize("case", [*UNTIL, *NOT_UNTIL])
def test_a_loop_that_asks_until_there_is_an_answer(case: str) -> None:
    suffix, text = UNTIL.get(case) or NOT_UNTIL[case]
    line = next(n for n, line in enumerate(text.splitlines(), 1) if "<- here" in line)
    assert asks_until(Source(f"/srv/program{suffix}", text.encode()), line) is (case in UNTIL)


_LANGUAGES = ((".go", "func "), (".java", "List<"), (".rs", "loop {"), (".py", "def "), (".py", "True:"), (".js", ""))


@pytest.mark.parametrize("case", [*REPEATED, *ONCE])
def test_what_is_cut_off_is_told_like_a_text_without_a_tree(case: str, tmp_path: Path) -> None:
    text = {**REPEATED, **ONCE}[case]
    file = tmp_path / f"cut{next(suffix for suffix, words in _LANGUAGES if words in text)}"
    file.write_text(text)
    line = next((n for n, line in enumerate(text.splitlines(), 1) if "<- here" in line), 3)
    sources = SourcesOfAll(LocalHost()).of(os.getpid())
    assert _is_repeated(sources, str(file), line) == (case in REPEATED)


def test_a_ruby_loop_is_read_by_indentation(tmp_path: Path) -> None:
    file = tmp_path / "shop.rb"
    file.write_text("def all(shops)\n  for shop in shops\n    ask(shop)\n  end\nend\n")
    (tmp_path / "shop.py").write_text("for shop in shops:\n    ask(shop)\n")
    sources = SourcesOfAll(LocalHost()).of(os.getpid())
    assert [_is_repeated(sources, str(file), line) for line in (1, 3)] == [False, True]
    assert _is_repeated(sources, str(tmp_path / "shop.py"), 2)
    assert not _is_repeated(sources, str(tmp_path / "gone.py"), 2)


@pytest.mark.parametrize(
    ("body", "pauses"),
    [
        ("    while True:\n        await asyncio.sleep(beat - now())\n        await ask()  # <- here", True),
        ("    while True:\n        for one in all:\n            ask(one)  # <- here\n        time.sleep(1)", False),
        ("    for one in all:\n        ask(one)  # <- here\n        while busy():\n            sleep(1)", False),
        ("    ask(one)  # <- here\n    sleep(1)", False),
    ],
)
def test_a_loop_that_pauses_in_each_round(body: str, pauses: bool) -> None:
    text = f"async def follow(all):\n{body}\n"
    line = next(number for number, each in enumerate(text.splitlines(), 1) if each.endswith("<- here"))
    each = _in_each_round(OneFile(Source("/srv/a.py", text.encode())), "/srv/a.py", line)
    assert any(map(_pauses, each)) is pauses


@pytest.mark.parametrize(
    ("suffix", "text", "takes"),
    [
        (".py", "def work(jobs):\n    while True:\n        job = jobs.get()\n        ask(job)  # <- here", True),
        (".py", "def work(jobs):\n    while True:\n        ask(jobs.get(timeout=1))  # <- here", True),
        (".py", "def work(jobs, known):\n    for job in jobs:\n        ask(known.get(job))  # <- here", False),
        (".py", "def work(q):\n    job = q.get()\n    for part in job:\n        ask(part)  # <- here", False),
        (
            ".java",
            "class A { void run() {\n while (true) {\n  Job job = tray.take();\n  ask(job); // <- here\n } } }",
            True,
        ),
        (".go", "package a\nfunc f() {\n for {\n  job := <-jobs\n  ask(job) // <- here\n }\n}", True),
        (".rs", "fn f(r: R) {\n loop {\n  let job = r.recv().unwrap();\n  ask(job); // <- here\n }\n}", True),
    ],
)
def test_a_loop_that_takes_its_work_in_each_round(suffix: str, text: str, takes: bool) -> None:
    line = next(number for number, each in enumerate(text.splitlines(), 1) if each.endswith("<- here"))
    each = _in_each_round(OneFile(Source(f"/srv/a{suffix}", text.encode())), f"/srv/a{suffix}", line)
    assert any(map(_takes, each)) is takes
