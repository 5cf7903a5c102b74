"""The administrator's programs: which may be run, by whom, and what of them is made before bpftrace sees it."""

import os
import signal
import struct
from pathlib import Path

import pytest

from perfdoctor.collectors.backends.bpftrace.language.program import confined, read
from perfdoctor.collectors.backends.bpftrace.language.refused import ProgramRefusedError
from perfdoctor.collectors.helper import guard, program_files, sandbox
from perfdoctor.collectors.helper.refusal import RefusedError
from perfdoctor.collectors.helper.slots import EACH, TOTAL, Slots

EVENT = "tracepoint:syscalls:sys_enter_openat { %s }"


def refuse(_name: str) -> str:
    raise ProgramRefusedError("No files.", "None.", "Leave it out.")


def made(text: str, *pids: int, follow: bool = False) -> str:
    return confined(read(text, resolve=refuse, lent=True), pids or (42,), follow=follow, mark="m", whose="W == 1").text


LENT_LESS = {
    "names of the kernel": EVENT % "@[kstack] = count();",
    "addresses of the kernel": EVENT % "@[kstack(raw)] = count();",
    "is there a symbol": 'BEGIN { printf("%s", ksym(0xffffffff81000000)); }',
    "whose event": EVENT % "@ = args;",
    "printed": EVENT % 'printf("%p", args);',
    "cast": EVENT % "@ = (uint64)args;",
    "registers of the kernel": 'profile:hz:99 { @ = reg("ip"); }',
    "the target's files": EVENT % "@[ustack] = count();",
    "a symbol of the target's": EVENT % "@[usym(args->filename)] = count();",
    "its functions": "uprobe:libc:malloc { @ = count(); }",
    "its probes": "usdt:libc:setjmp { @ = count(); }",
    "what interrupts do": "tracepoint:net:netif_receive_skb { @ = count(); }",
    "who is next": "tracepoint:sched:sched_switch { @[args->next_comm] = count(); }",
    "all groups": "tracepoint:*:sys_enter { @ = count(); }",
    "hidden behind another": "tracepoint:syscalls:sys_enter_read, tracepoint:irq:irq_handler_entry { @ = count(); }",
    "the kernel's functions": "kprobe:vfs_read { @ = count(); }",
    "the shell": 'BEGIN { system("id"); }',
    "its task": EVENT % "@ = curtask;",
}  # fmt: skip


@pytest.mark.parametrize("name", LENT_LESS)
def test_less_is_lent_than_a_server_of_roots_may(name: str) -> None:
    with pytest.raises(ProgramRefusedError) as raised:
        made(LENT_LESS[name])
    assert raised.value.what and raised.value.why and raised.value.next_step


def test_memory_is_the_targets_whatever_the_event_says_of_it() -> None:
    """A number of a system call, and all that is handed to one, is the process's to choose: an address of the kernel,
    for example."""
    assert "str ( uptr ( args -> id ) )" in made("tracepoint:raw_syscalls:sys_enter { @[str(args->id)] = count(); }")
    assert "str ( uptr ( args -> filename ) )" in made(EVENT % "@[str(args->filename)] = count();")
    assert "uptr ( args -> filename ) [ 3 ]" in made(EVENT % "@ = args->filename[3];")
    assert "uptr ( args -> args [ 1 ] )" in made("tracepoint:raw_syscalls:sys_enter { @[str(args->args[1])] = 1; }")


def test_whose_it_is_is_asked_at_every_event() -> None:
    said = made(
        "tracepoint:syscalls:sys_enter_read /args->count > 9/ { @ = count(); } profile:hz:9 { @p = count(); } "
        "software:faults:1 { @f = count(); } interval:s:1 { print(@); }"
    )
    assert said.count("/ ( pid == 42 ) && ( W == 1 )") == 3
    assert "/ ( pid == 42 ) && ( W == 1 ) && ( args -> count > 9 ) /" in said
    family = made("profile:hz:9 { @ = count(); }", 7, 8, follow=True)
    assert "/ ( @perfdoctor_tree [ pid ] ) && ( W == 1 ) /" in family
    assert "sched_process_fork / @perfdoctor_tree [ pid ] && ( W == 1 ) /" in family


def test_the_condition_is_that_of_our_own_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_flags", lambda: "flags")
    said = guard.whose(1000)
    for name in ("uid", "euid", "suid", "fsuid"):
        assert f"real_cred -> {name} . val == 1000" in said
    for part in ("egid", "sgid", "cap_permitted", "user_ns -> owner . val == 1000", "mm -> flags & 3 ) == 1"):
        assert part in said
    assert guard._capabilities("6.3.0-1-amd64") == ("val",) and len(guard._capabilities("5.14.0")) == 2


def test_only_files_of_roots_that_nobody_else_may_write(tmp_path: Path) -> None:
    folder = tmp_path / "programs"
    folder.mkdir(mode=0o755)
    for name in ("calls", "UPPER", "with space", "open"):
        (folder / f"{name}.bt").write_text(f"// what {name} says\nBEGIN {{ }}\n")
    (folder / "notes.txt").write_text("no program")
    (folder / "open.bt").chmod(0o666)
    (folder / "link.bt").symlink_to(folder / "calls.bt")
    os.mkfifo(folder / "pipe.bt")
    (folder / "long.bt").write_text("/" * (1 << 20))
    (folder / "bytes.bt").write_bytes(b"\xff\xfe")
    assert program_files.listed(str(folder)) == [["calls", "what calls says"]]
    assert program_files.read(str(folder), "calls").endswith("BEGIN { }\n")
    for name in ("open", "link", "pipe", "long", "bytes"):
        with pytest.raises(RefusedError, match="cannot be used"):
            program_files.read(str(folder), name)
    for name in ("none", "UPPER", "calls.bt", "../programs/calls", "", "/etc/passwd", "calls\n", "a" * 65):
        with pytest.raises(RefusedError, match="no program"):
            program_files.read(str(folder), name)
    folder.chmod(0o777)
    with pytest.raises(RefusedError, match="no program"):
        program_files.read(str(folder), "calls")
    with pytest.raises(PermissionError):
        program_files.listed(str(folder))


def test_places_are_given_back_by_the_end_of_a_process() -> None:
    slots = Slots()
    answers: list[bytes] = []

    def child(uid: int) -> int:
        """Takes a place and holds it until it is killed."""
        hear, say = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.write(say, b"yes" if slots.take(uid) else b"no ")
                signal.pause()
            finally:
                os._exit(1)
        answers.append(os.read(hear, 3))
        os.close(hear)
        os.close(say)
        return pid

    def end(pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    children = [child(uid) for uid in (*[1000] * (EACH + 1), *[1001] * EACH, 1002)]
    for pid in children:
        end(pid)
    assert answers == [b"yes"] * EACH + [b"no "] + [b"yes"] * EACH + [b"no "] and TOTAL == 2 * EACH
    end(child(1002))
    assert answers[-1] == b"yes"
    slots.close()


def test_the_filter_of_system_calls() -> None:
    for machine in ("x86_64", "aarch64"):
        steps = list(struct.iter_unpack("<HBBI", sandbox._filter(machine)))
        architecture, geteuid, forbidden = sandbox._ARCHITECTURES[machine]
        assert decided(steps, architecture, geteuid) == 0x00050000, "0, without asking"
        assert decided(steps, architecture ^ 1, geteuid) == 0x80000000
        assert {decided(steps, architecture, number) for number in (*forbidden, 0x40000000 + 1)} == {0x00050001}
        assert decided(steps, architecture, 280) == 0x7FFF0000


def decided(steps: list[tuple[int, int, int, int]], architecture: int, number: int) -> int:
    at = value = 0
    while True:
        code, yes, no, k = steps[at]
        at += 1
        if code == 0x20:
            value = architecture if k == 4 else number
        elif code == 0x06:
            return k
        else:
            at += yes if (value == k if code == 0x15 else value >= k) else no
