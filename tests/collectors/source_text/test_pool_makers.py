"""The line that makes a pool, by the text of the file."""

import os
from pathlib import Path

import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.source_text.asking.pool_makers import pools_in, receivers_in, threads_in, with_pools
from perfdoctor.collectors.source_text.sources import Source, SourcesOfAll
from perfdoctor.schemas.cpu import CpuProfile, CpuRow
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Frame, FrameKind
from perfdoctor.schemas.network import NetworkUse, Peer
from perfdoctor.schemas.recording import Window
from perfdoctor.schemas.target import Target
from perfdoctor.schemas.threads import PoolLine, ThreadTime

POOLS = {
    ".py": """
class Archive:
    def __init__(self, port):
        self.fetchers = ThreadPoolExecutor(2, thread_name_prefix="fetch")
""",
    ".java": """
class Area {
    private final ExecutorService worker = Executors.newSingleThreadExecutor();
}
""",
}
THREADS = {
    ".rs": """
fn main() {
    let reporter = thread::spawn(report);
    for _ in 0..THREADS {
        thread::spawn(move || work());
    }
}
""",
    ".c": """
int main(void)
{
    for (int i = 0; i < 48; i++)
        pthread_create(&threads[i], NULL, work, NULL);
}
""",
    ".cpp": """
struct Crew {
    explicit Crew(unsigned size) {
        names_.emplace_back("first");
        for (unsigned i = 0; i < size; ++i) members_.emplace_back([this] { work(); });
        for (unsigned i = 0; i < size; ++i) names_.emplace_back("next");
    }
    std::vector<std::string> names_;
    std::vector<std::thread> members_;
};
""",
    ".java": """
class Main {
    static void start() {
        new Thread(Main::report).start();
        for (int i = 0; i < 48; i++) {
            new Thread(Main::work).start();
        }
    }
}
""",
}


def of(suffix: str, text: str) -> Source:
    return Source(f"/srv/program{suffix}", text.encode())


@pytest.mark.parametrize("suffix", POOLS)
def test_a_pool_is_found_where_it_is_made(suffix: str) -> None:
    ((line, function),) = pools_in(of(suffix, POOLS[suffix]))
    assert (line, function) == {".py": (4, "__init__"), ".java": (3, "")}[suffix]
    assert not list(threads_in(of(suffix, POOLS[suffix])))


@pytest.mark.parametrize("suffix", THREADS)
def test_threads_are_a_pool_where_a_loop_makes_them(suffix: str) -> None:
    ((line, function),) = threads_in(of(suffix, THREADS[suffix]))
    assert (line, function) == {".rs": (5, "main"), ".c": (5, "main"), ".cpp": (5, "Crew"), ".java": (6, "start")}[
        suffix
    ]
    assert not list(pools_in(of(suffix, THREADS[suffix])))


def seen(file: Path, threads: int) -> Evidence:
    """A window in which a line of ``file`` was seen, in a process of so many threads."""
    pid = os.getpid()
    stack = (Frame(kind=FrameKind.PYTHON, function="work", file=str(file), line=2),)
    time = ThreadTime(
        pid=pid, tid=pid, name="x", count=threads, wall=1, running=1, runnable=0, in_syscall=0, elsewhere=0
    )
    return Evidence(
        target=Target(pid=pid, start_time=0.0, name="test"),
        window=Window(started=0.0, seconds=1.0),
        collections={},
        cpu=CpuProfile(rows=(CpuRow(pid=pid, thread="x", stack=stack, samples=9, seconds=0.9),)),
        threads=(time,),
    )


def test_one_pool_of_a_process_is_told_and_one_of_several_is_not(tmp_path: Path) -> None:
    file = tmp_path / "archive.py"
    file.write_text(POOLS[".py"])
    made = PoolLine(pid=os.getpid(), file=str(file), line=4, function="__init__")
    assert with_pools(SourcesOfAll(LocalHost()), seen(file, 3)).pools == (made,)
    assert with_pools(SourcesOfAll(LocalHost()), seen(file, 2)).pools == ()
    file.write_text(POOLS[".py"] * 2)
    assert with_pools(SourcesOfAll(LocalHost()), seen(file, 3)).pools == ()


LIMITS = {
    "a call that is there for it": (
        ".go",
        "package a\nfunc open() *sql.DB {\n\tdb, _ := sql.Open(driver, url)\n\tdb.SetMaxOpenConns(2)\n\treturn db\n}\n",
        4,
    ),
    "a setting by its name": (
        ".py",
        'class Config:\n    OPTIONS = {"pool_size": 2}\n\ndef init(app):\n    db = create_engine(URL)\n',
        2,
    ),
    "a pool of Node.js": (".js", "function open(options) {\n  return new Pool(options);\n}\n", 2),
    "a pool whose limit has a line of its own": (
        ".py",
        "async def lifespan(app):\n    app.pool = await asyncpg.create_pool(\n        port=app.port,\n"
        "        min_size=2,\n        max_size=2,\n    )\n",
        5,
    ),
    "the same, in Node.js": (
        ".js",
        "const pool = new Pool({\n  port,\n  max: 2,\n});\n",
        3,
    ),
    "two of them": (".js", "const a = new Pool(one);\nconst b = new Pool(other);\n", None),
    "a pool of processes": (".py", "def start():\n    return multiprocessing.Pool(2)\n", None),
}


@pytest.mark.parametrize("name", LIMITS)
def test_the_limit_of_a_pool_of_connections_is_found(tmp_path: Path, name: str) -> None:
    suffix, text, line = LIMITS[name]
    file = tmp_path / f"program{suffix}"
    file.write_text(text)
    asks = NetworkUse(peers=(Peer(transport="tcp", direction="outgoing", address="127.0.0.1:5432"),))
    window = seen(file, 1).model_copy(update={"network": asks})
    pools = with_pools(SourcesOfAll(LocalHost()), window).pools
    assert [pool.line for pool in pools if pool.lends] == ([line] if line else [])
    assert with_pools(SourcesOfAll(LocalHost()), seen(file, 1)).pools == ()  # nobody is asked


DESK = """package main

func newDesk(b *bank) *desk {
	d := &desk{bank: b, jobs: make(chan *job)}
	for i := 0; i < workers; i++ {
		go d.work()
	}
	return d
}

func (d *desk) work() {
	for job := range d.jobs {
		job.result <- d.bank.ask(job)
	}
}

func (d *desk) submit(job *job) error {
	d.jobs <- job
	return <-job.result
}
"""


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("", "", [6]),
        ("for job := range d.jobs {", "for {\n\t\tjob := <-d.jobs", [6]),
        ("go d.work()", "go func() { for job := range d.jobs { d.do(job) } }()", [6]),
        ("for i := 0; i < workers; i++ {", "{", []),  # (one alone, as it is meant)
        ("range d.jobs", "range d.others", []),
    ],
    ids=["range", "receive", "a closure", "one worker", "another channel"],
)
def test_workers_of_go_are_made_where_a_loop_starts_them(old: str, new: str, lines: list[int]) -> None:
    source = Source("/srv/desk.go", (DESK.replace(old, new, 1) if old else DESK).encode())
    sends = next(number for number, line in enumerate(source.lines, 1) if "d.jobs <- job" in line)
    assert [maker.line for maker in receivers_in(source, sends)] == lines
    assert list(receivers_in(source, sends + 1)) == []
