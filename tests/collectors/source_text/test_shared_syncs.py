"""Syncs that serve several who wait: told by what happens to them afterwards."""

import pytest

from perfdoctor.collectors.source_text.pausing.shared_syncs import with_shared_syncs
from perfdoctor.diagnosis.example import call, python, window
from perfdoctor.schemas.syscalls import SharedSync
from tests.collectors.source_text.one_file import OneFileOfAll

GATHERED = {
    "futures.py": """
class Journal:
    def run(self):
        while True:
            batch = [self.queue.get()]
            while not self.queue.empty():
                batch.append(self.queue.get_nowait())
            for entry, _ in batch:
                self.file.write(entry)
            os.fsync(self.file.fileno())  # here
            for _, future in batch:
                future.set_result(None)
""",
    "member.py": """
def flush(self):
    self.file.write(b"".join(one.line for one in self.waiting))
    os.fsync(self.file.fileno())  # here
    for one in self.waiting:
        one.done.set()
    self.waiting.clear()
""",
    "called.py": """
class Journal:
    def keep(self, group):
        try:
            self.append([one.line for one in group])
        finally:
            for one in group:
                self.replies.put(one.number)

    def append(self, lines):
        self.file.writelines(lines)
        os.fsync(self.file.fileno())  # here
""",
    "channel.go": """
func (j *journal) run() {
	for first := range j.waiting {
		group := j.gather(first)
		err := j.write(group)
		if err == nil {
			err = j.file.Sync() // here
		}
		for _, one := range group {
			one.done <- err
		}
	}
}
""",
    "promises.js": """
async function keep() {
  while (waiting.length) {
    const group = waiting.splice(0);
    await file.write(group.map(([line]) => line).join(""));
    await file.datasync(); // here
    for (const [, done] of group) done();
  }
}
""",
    "each.js": """
async function keep(group) {
  await file.write(group.map((one) => one.line).join(""));
  await file.datasync(); // here
  group.forEach((one) => one.resolve());
}
""",
    "channels.rs": """
fn keep(file: &mut File, waiting: &Receiver<Entry>) -> io::Result<()> {
    let group: Vec<Entry> = waiting.try_iter().collect();
    for entry in &group {
        file.write_all(&entry.line)?;
    }
    file.sync_data()?; // here
    for entry in group {
        let _ = entry.done.send(());
    }
    Ok(())
}
""",
    "Futures.java": """
class Journal {
    void keep(List<Entry> group) throws IOException {
        for (Entry entry : group) channel.write(entry.line);
        channel.force(false); // here
        for (Entry entry : group) entry.done.complete(null);
    }
}
""",
    "signals.c": """
static void keep(struct waiter *group) {
    for (struct waiter *w = group; w; w = w->next)
        write(fd, w->line, w->length);
    fdatasync(fd); /* here */
    for (struct waiter *w = group; w; w = w->next) {
        w->kept = 1;
        pthread_cond_signal(&w->told);
    }
}
""",
}
ALONE = {
    "each.py": """
def run(self, batch):
    for entry, _ in batch:
        self.file.write(entry)
        os.fsync(self.file.fileno())  # here
    for _, future in batch:
        future.set_result(None)
""",
    "called.py": """
class Journal:
    def run(self, batch):
        for entry in batch:
            self.append(entry)
        for entry in batch:
            entry.done.set()

    def append(self, entry):
        self.file.write(entry.line)
        os.fsync(self.file.fileno())  # here
""",
    "pieces.py": """
def save(self, order):
    for field in order.fields:
        self.file.write(field)
    os.fsync(self.file.fileno())  # here
    for field in order.fields:
        self.size += len(field)
""",
    "listeners.py": """
def say(self, room, message):
    self.file.write(message)
    os.fsync(self.file.fileno())  # here
    for listener in self.rooms[room]:
        listener.send(message)
""",
    "one.go": """
func (j *journal) run() {
	for one := range j.waiting {
		j.write(one)
		one.done <- j.file.Sync() // here
	}
}
""",
}


def _told(name: str, text: str, *, syscall: str = "fdatasync") -> tuple[SharedSync, ...]:
    file = f"/srv/app/{name}"
    line = next(number for number, one in enumerate(text.split("\n"), 1) if "here" in one)
    row = call(syscall, (python(line, "keep", file),), 400, blocked=8.0)
    return with_shared_syncs(OneFileOfAll(file, text), window(calls=(row, row))).shared_syncs


@pytest.mark.parametrize("name", GATHERED)
def test_those_who_wait_are_told_afterwards(name: str) -> None:
    assert len(_told(name, GATHERED[name])) == 1


@pytest.mark.parametrize("name", ALONE)
def test_a_sync_for_each_is_no_shared_one(name: str) -> None:
    assert not _told(name, ALONE[name])


def test_only_syncs_are_looked_at() -> None:
    assert not _told("futures.py", GATHERED["futures.py"], syscall="write")


def test_a_line_that_is_reached_from_a_loop_too_is_no_shared_one() -> None:
    file, text = "/srv/app/called.py", GATHERED["called.py"] + "\n\ndef copy(journal, lines):\n    for line in lines:\n"
    text += "        journal.append([line])\n"
    sync = next(number for number, one in enumerate(text.split("\n"), 1) if "here" in one)
    group, loop = 5, text.count("\n")
    stacks = [(python(sync, "append", file), python(caller, "caller", file)) for caller in (group, loop)]
    rows = tuple(call("fsync", stack, 400, blocked=2.0) for stack in stacks)
    assert with_shared_syncs(OneFileOfAll(file, text), window(calls=rows[:1])).shared_syncs
    assert not with_shared_syncs(OneFileOfAll(file, text), window(calls=rows)).shared_syncs
