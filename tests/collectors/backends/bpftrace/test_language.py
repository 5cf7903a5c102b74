"""What a caller's program may do, and how it is confined. The attacks are refused, or come out confined."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfdoctor.collectors.backends.bpftrace.language.program import MOST_PIDS, confined, read
from perfdoctor.collectors.backends.bpftrace.language.refused import ProgramRefusedError
from perfdoctor.collectors.backends.bpftrace.language.tokens import refuse

LIBC = "/usr/lib/x86_64-linux-gnu/libc.so.6"
SECRET = "0xffffffff82000000"


def resolve(name: str) -> str:
    if name in ("libc", LIBC):
        return LIBC
    raise refuse(f"The file {name} may not be probed.", "The target has mapped no such file", "Name another.")


def made(program: str, *pids: int, follow: bool = False, anywhere: bool = False, go: bool = False) -> str:
    asked = read(program, resolve=resolve, anywhere=anywhere, go=go)
    return confined(asked, pids or (42,), follow=follow, mark="tick").text


IN_TARGET = "tracepoint:a:b { %s }"
ATTACKS = {
    # It would change something, or run something.
    "shell": (IN_TARGET % 'system("id");', "shell"),
    "shell without spaces": (IN_TARGET % 'system\n/*x*/("id");', "shell"),
    "shell in BEGIN": ('BEGIN { system("rm -rf /"); }', "shell"),
    "shell in a predicate": ('tracepoint:a:b /system("id") == 0/ { }', "shell"),
    "shell in a key": (IN_TARGET % '@[system("id")] = 1;', "shell"),
    "signal": (IN_TARGET % 'signal("KILL");', "signal"),
    "signal by number": (IN_TARGET % "signal(9);", "signal"),
    "kill": (IN_TARGET % "kill(pid, 9);", "may not be called"),
    "override": ("kprobe:f { override(0); }", "kprobe"),
    "override in the target": (IN_TARGET % "override(-1);", "fail"),
    "write to user memory": (IN_TARGET % "probe_write_user(1, 2, 3);", "writes"),
    "assign to memory": (IN_TARGET % "*(uint64*)arg0 = 1;", "written"),
    "assign to args": (IN_TARGET % "args->ret = 0;", "written"),
    "assign to a field": (IN_TARGET % "$x = (struct file *)arg0; $x->f_pos = 1;", "written"),
    "increment memory": (IN_TARGET % "(*(uint64*)arg0)++ = 2;", "written"),
    # It would read or write files.
    "cat": (IN_TARGET % 'cat("/etc/shadow");', "files"),
    "cat in END": ('END { cat("/etc/shadow"); }', "files"),
    "skboutput": (IN_TARGET % 'skboutput("/tmp/x", 1, 2, 3);', "file"),
    "include": ("#include <linux/sched.h>\nBEGIN { }", "preprocessor"),
    "include after a comment": ('/* */ # include "/etc/shadow"\nBEGIN { }', "preprocessor"),
    "define": ("#define x system\nBEGIN { x(); }", "preprocessor"),
    "import": ('import "stdlib"; BEGIN { }', "not known"),
    "config": ('config = { unsafe=1 } BEGIN { system("id"); }', "not known"),
    "struct definition": ("struct a { int b; } BEGIN { }", "not known"),
    "join": (IN_TARGET % "join(args->argv);", "beyond the target"),
    # It would see others.
    "kprobe": ("kprobe:vfs_read { @ = count(); }", "kprobe"),
    "kretprobe by its short name": ("kr:vfs_read { @ = count(); }", "kretprobe"),
    "kfunc": ("kfunc:vfs_read { @ = count(); }", "kfunc"),
    "fentry": ("fentry:vfs_read { @ = count(); }", "kfunc"),
    "raw tracepoint": ("rawtracepoint:sched_switch { @ = count(); }", "rawtracepoint"),
    "hardware": ("hardware:cache-misses:100 { @ = count(); }", "hardware"),
    "iterator": ("iter:task { @ = count(); }", "iter"),
    "watchpoint": ("watchpoint:0x1000:8:w { @ = count(); }", "watchpoint"),
    "an unknown kind": ("self:signal:SIGUSR1 { @ = count(); }", "not known"),
    "hidden behind another": ("tracepoint:a:b, kprobe:f { @ = count(); }", "kprobe"),
    "hidden behind a comment": ("tracepoint:a:b /* x */ , // y\n kprobe:f { @ = count(); }", "kprobe"),
    "a file of others": ("uprobe:/bin/bash:readline { @ = count(); }", "/bin/bash"),
    "every file": ("uprobe:/usr/bin/*:main { @ = count(); }", "uprobe"),
    "no file": ("uprobe::main { @ = count(); }", "uprobe"),
    "up and down": (f"uprobe:{LIBC}/../../bin/bash:main {{ }}", "may not be probed"),
    "an address": (f"uprobe:{LIBC}:0x1234 {{ }}", "no function"),
    "an offset": (f"uprobe:{LIBC}:malloc+3 {{ }}", "no function"),
    "usdt of others": ("usdt:/usr/bin/node:gc__start { }", "may not be probed"),
    "the kernel's memory": (IN_TARGET % f"@ = *kptr((uint64*){SECRET});", "beyond the target"),
    "a symbol of the kernel": (IN_TARGET % '@ = *(uint64*)kaddr("init_task");', "beyond the target"),
    "curtask": (IN_TARGET % "$t = (struct task_struct *)curtask; @ = $t->parent->pid;", "beyond the target"),
    "who runs in BEGIN": ('BEGIN { printf("%s", comm); }', "BEGIN"),
    "who runs in interval": ("interval:s:1 { @[pid] = count(); }", "BEGIN"),
    "their stacks": ("interval:ms:100 { @[ustack] = count(); }", "BEGIN"),
    "their memory": ("interval:ms:100 { @x = *(uint64*)1234; }", "BEGIN"),
    "their text": ("END { @x = str(1234); }", "BEGIN"),
    "mixed": ("tracepoint:a:b, interval:s:1 { @[comm] = count(); }", "share"),
    "our map": (IN_TARGET % "@perfdoctor_tree[1] = 1;", "belongs to perfdoctor"),
    "our map in BEGIN": ("BEGIN { @perfdoctor_tree[1] = 1; }", "belongs to perfdoctor"),
    "clear our map": ("BEGIN { clear(@perfdoctor_tree); }", "belongs to perfdoctor"),
    # It would cost too much.
    "a storm of samples": ("profile:hz:50000 { @ = count(); }", "too often"),
    "in microseconds": ("profile:us:1 { @ = count(); }", "too often"),
    "interval": ("interval:us:10 { @ = count(); }", "too often"),
    "a clock": ("software:cpu-clock:1 { @ = count(); }", "too often"),
    "unroll": (IN_TARGET % "unroll(100) { @ = count(); }", "unrolls"),
    "unroll in unroll": (IN_TARGET % "unroll(9) { unroll(9) { @ = count(); } }", "unrolls"),
    "unroll by a variable": (IN_TARGET % "$n = 1000000; unroll($n) { @ = count(); }", "unrolls"),
    "deep": (IN_TARGET % ("@ = " + "(" * 500 + "1" + ")" * 500 + ";"), "deep"),
    "deep signs": (IN_TARGET % ("@ = " + "!" * 500 + "1;"), "deep"),
    "deep blocks": (IN_TARGET % ("if (1) { " * 40 + "}" * 40), "deep"),
    "many probes": ("".join(f"tracepoint:a:b{i} {{ }}" for i in range(65)), "65 probes"),
    "many maps": (IN_TARGET % "".join(f"@m{i} = 1;" for i in range(33)), "33 maps"),
    "long": ("BEGIN { }" + " " * (16 << 10), "longer"),
    "many words": (IN_TARGET % ("@a=1;" * 2000), "words"),
    "two BEGIN": ("BEGIN { } BEGIN { }", "more than one BEGIN"),
    # It would end the filter, or say to bpftrace what we do not read.
    "end of predicate": ("tracepoint:a:b /1/ || 1/ { @ = count(); }", "cannot be read"),
    "open bracket": ("tracepoint:a:b /1) || (1/ { @ = count(); }", "cannot be read"),
    "second predicate": ("tracepoint:a:b /0/ /1/ { @ = count(); }", "cannot be read"),
    "unbalanced": ("tracepoint:a:b { } } kprobe:f { }", "cannot be read"),
    "open text": ('BEGIN { printf("x', "cannot be read"),
    "text over lines": ('BEGIN { printf("x\n"); }', "cannot be read"),
    "escape": ('BEGIN { printf("\\q"); }', "cannot be read"),
    "NUL": ("BEGIN { \x00 }", "cannot be read"),
    "other letters": ("BEGIN { \uff53ystem(); }", "cannot be read"),
    "other spaces": ("BEGIN {\u00a0}", "cannot be read"),
    "arguments": (IN_TARGET % "@ = $1;", "no arguments"),
    "number of arguments": (IN_TARGET % "@ = $#;", "no arguments"),
    "an unknown function": (IN_TARGET % "@ = brand_new();", "may not be called"),
    "an unknown name": (IN_TARGET % "@ = O_CREAT;", "not known"),
    "no probe": ("", "empty"),
    "only a comment": ("// nothing", "empty"),
    "address of": (IN_TARGET % "@ = &args;", "cannot be read"),
    "statement without effect": (IN_TARGET % "args->ret;", "no statement"),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_with_its_reason(name: str) -> None:
    program, word = ATTACKS[name]
    with pytest.raises(ProgramRefusedError) as raised:
        made(program)
    problem = raised.value
    assert word in f"{problem.what} {problem.why}", problem
    assert problem.next_step
    assert len(problem.what) < 400 and "\n" not in problem.what


READING = {
    "a number": (f"@ = *(uint64*){SECRET};", f"* uptr ( ( uint64 * ) {SECRET} )"),
    "text": (f"@ = str({SECRET});", f"str ( uptr ( {SECRET} ) )"),
    "text that a field says": ("@ = str(args->ret);", "str ( uptr ( args -> ret ) )"),
    "an element of a field": ("@ = args->ret[3];", "uptr ( args -> ret ) [ 3 ]"),
    "text of a variable": ("$x = args->name; @ = str($x);", "str ( uptr ( $x ) )"),
    "bytes": (f"@ = buf({SECRET}, 64);", f"buf ( uptr ( {SECRET} ) , 64 )"),
    "bytes of a field": ("@ = buf(args->skaddr, 4096);", "buf ( uptr ( args -> skaddr ) , 4096 )"),
    "a structure": (
        f"$t = (struct task_struct *){SECRET}; @ = $t->parent->pid;",
        "uptr ( uptr ( $t ) -> parent ) -> pid",
    ),
    "through a field": ("@ = args->sk->refs;", "uptr ( args -> sk ) -> refs"),
    "an element": ("@ = args->skaddr[100];", "uptr ( args -> skaddr ) [ 100 ]"),
    "a counted element": ("@ = args->skaddr[tid];", "uptr ( args -> skaddr ) [ tid ]"),
    "a pointer to a pointer": ("@ = **(uint64**)arg0;", "* uptr ( * uptr ( ( uint64 ** ) arg0 ) )"),
    "in a key": (f"@[*(uint64*){SECRET}] = count();", f"@ [ * uptr ( ( uint64 * ) {SECRET} ) ]"),
    "as kernel and back": (f"@ = *(uint64*)uptr({SECRET});", f"* uptr ( ( uint64 * ) uptr ( {SECRET} ) )"),
}


@pytest.mark.parametrize("name", READING)
def test_memory_is_read_as_the_targets(name: str) -> None:
    program, expected = READING[name]
    assert expected in made(IN_TARGET % program)


def test_text_that_the_event_holds_is_the_kernels_own() -> None:
    def held(probe: str, field: str) -> bool:
        return (probe, field) == ("tracepoint:sched:sched_process_exec", "filename")

    def said(program: str) -> str:
        return confined(read(program, resolve=resolve, held=held), (42,), follow=False, mark="tick").text

    assert "str ( args -> filename )" in said("t:sched:sched_process_exec { @[str(args->filename)] = count(); }")
    assert "uptr ( args -> pid )" in said("t:sched:sched_process_exec { @[str(args->pid)] = count(); }")
    both = "t:sched:sched_process_exec, t:a:b { @[str(args->filename)] = count(); }"
    assert "uptr ( args -> filename )" in said(both), "of all events that share the block"
    assert "( args -> args [ 1 ] )" in said("t:raw_syscalls:sys_enter { @ = str(args->args[1]); }")


def test_every_probe_of_processes_gets_the_targets_filter_first() -> None:
    said = made(
        "tracepoint:a:b { @a = 1; } t:a:c /tid == 7 || 1/ { @b = 1; }"
        "uprobe:libc:malloc /arg0 > 64 ? 1 : 1/ { @c = 1 } profile:hz:99 { @d = 1; } software:faults:1 { @e = 1 }"
        "usdt:libc:setjmp { @f = 1; }",
        4242,
    )
    assert "tracepoint:a:b / ( pid == 4242 ) /" in said
    assert "tracepoint:a:c / ( pid == 4242 ) && ( tid == 7 || 1 ) /" in said
    assert f"uprobe:{LIBC}:malloc / ( pid == 4242 ) && ( arg0 > 64 ? 1 : 1 ) /" in said
    for probe in ("profile:hz:99", "software:faults:1", f"usdt:{LIBC}:setjmp"):
        assert f"{probe} / ( pid == 4242 ) /" in said


def test_children_are_followed_and_several_processes_held() -> None:
    program = "BEGIN { @n = 1; } tracepoint:a:b { @ = count(); }"
    family = made(program, 7, 8, follow=True)
    assert "@perfdoctor_tree [ 7 ] = 1 ;\n@perfdoctor_tree [ 8 ] = 1 ;" in family
    assert "tracepoint:a:b / ( @perfdoctor_tree [ pid ] ) /" in family
    assert "sched_process_fork" in family and family.count("BEGIN") == 1 and "@n = 1 ;" in family
    several = made(program, 7, 8)
    assert "@perfdoctor_tree [ 8 ] = 1" in several and "sched_process_fork" not in several
    assert made(program, *range(1, 1000), follow=True).count("] = 1 ;") == MOST_PIDS + 1


def test_what_runs_in_no_process_has_no_filter_and_only_sees_maps() -> None:
    said = made('interval:s:1 { print(@x); clear(@x); time("%H:%M"); } END { printf("%d", @n); }')
    assert "interval:s:1\n{" in said and "END\n{" in said and "pid ==" not in said


def test_the_operator_may_open_the_machine() -> None:
    said = made("kprobe:vfs_read { $t = (struct task_struct *)curtask; @[$t->pid] = count(); }", anywhere=True)
    assert "kprobe:vfs_read\n{" in said and "$t -> pid" in said and "uptr" not in said
    for forbidden in ('BEGIN { system("id"); }', 'kprobe:f { signal("KILL"); }', "kprobe:f { override(0); }"):
        with pytest.raises(ProgramRefusedError):
            made(forbidden, anywhere=True)


def test_returns_of_go_functions_are_not_probed() -> None:
    with pytest.raises(ProgramRefusedError, match="Go"):
        made("uretprobe:libc:f { }", go=True)
    assert "uprobe" in made("uprobe:libc:f { }", go=True)


def test_comments_and_spaces_are_left_behind_and_texts_kept() -> None:
    said = made('BEGIN{printf("a // b /* c */ \\" %d\\n",/* x */1)} // end')
    assert 'printf ( "a // b /* c */ \\" %d\\n" , 1 ) ;' in said
    assert "end" not in said and "x" not in said


def test_the_language_that_people_use_is_accepted() -> None:
    for program in (
        "t:raw_syscalls:sys_enter { @[args->id] = count(); @ar = args->args[1]; }",
        "t:syscalls:sys_exit_read /args->ret > 0/ { @bytes = hist(args->ret); @l = lhist(args->ret, 0, 100, 10); }",
        "t:a:b { @s[tid] = nsecs; } t:a:c /@s[tid]/ { @ns[comm] = sum(nsecs - @s[tid]); delete(@s[tid]); }",
        'u:libc:getaddrinfo { printf("%s %d\\n", str(arg0), tid); } ur:libc:getaddrinfo { @r[retval] = count(); }',
        "p:hz:49 { @[kstack(3), ustack(perf, 5)] = count(); }",
        "t:a:b { if (args->x == 1) { @a++; } else if (args->x == 2) { ++@b; } else { @c += 2; @d--; } }",
        "t:a:b { $i = 0; while ($i < 10) { $i++; if ($i == 5) { break; } } @i = $i; }",
        "t:a:b { @t = (1, 2); $t = (comm, pid); @u = $t.0; @neg = -1; @inv = ~1; @s = sizeof(uint64); }",
        'BEGIN { @x = 1 } i:s:1 { print(@x, 10); } END { clear(@x); printf("bye\\n"); exit(); }',
    ):
        assert made(program)


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        made(text)
    except ProgramRefusedError as error:
        assert error.what and error.why and error.next_step
        assert "\n" not in error.what


SAID = """BEGIN END tracepoint:a:b uprobe:libc:f interval:s:1 profile:hz:9 kprobe:f { } ( ) [ ] / , ; @x $x = == + - *
-> . args pid comm str( printf( "%d" 1 0x1f if while unroll (1) else ? : && || ! ~ ++ (uint64*) struct task_struct // /*
*/ # system( exit()"""
WORDS = st.sampled_from(SAID.split())


@settings(max_examples=600, deadline=None)
@given(st.lists(WORDS, max_size=40).map(" ".join), st.booleans())
def test_any_words_are_read_or_refused_and_what_is_read_is_confined(text: str, anywhere: bool) -> None:
    try:
        said = made(text, anywhere=anywhere)
    except ProgramRefusedError:
        return
    assert "system" not in said
    if not anywhere:
        assert said.count("tracepoint:a:b") == said.count("( pid == 42 )") - said.count("uprobe:") - said.count(
            "profile:"
        )
        assert "kprobe" not in said


@settings(max_examples=200, deadline=None)
@given(st.lists(WORDS, max_size=25).map(" ".join))
def test_what_was_made_can_be_read_again(text: str) -> None:
    """Nothing is handed on that we would not read the same way."""
    try:
        said = made("tracepoint:a:b { " + text + " }", 42)
    except ProgramRefusedError:
        return
    again = made(said.replace("@perfdoctor_", "@other_"), 42)
    assert again.count("interval:ms:100") == 2
