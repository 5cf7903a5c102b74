/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * What the programs and user space share: settings, records, keys and values, and the maps that hold them. decode.py
 * reads the same structs.
 */
#pragma once
#include "kernel.h"

#define PYTHON_FRAMES 48
#define NATIVE_FRAMES 160
#define PATH_BYTES 128
#define SCAN_BYTES 256
#define FRAME_BYTES 112
#define WINDOW_BYTES 512
#define STREAK 64
#define LEAP 64
#define UNWIND_MAPPINGS 256
#define UNWIND_ROWS (512 << 10)
#define STATES 1024 /* interpreter threads looked through for ours */

/* ---- what user space shares: one struct a section, so that it knows where everything is ---------------------- */
struct call_value {
    u64 calls, errors, empty, unfinished, bytes, ns, blocked, runnable, max;
    u32 histogram[32];
};
/* .rodata, set before loading */
const volatile struct {
    u32 own_pid_namespace; /* inode of the tracer's pid namespace */
    u32 follow_children;
    u32 walk_stacks;
    u32 native_frames; /* that are kept of a stack */
    u32 mixed; /* tell which Python frames one call of the interpreter's loop runs, and follow no guess */
    u32 launched; /* the target is a program that is about to be executed */
    u32 confined; /* only what belongs to `owner` is followed: see belongs() in threads.h */
    u32 owner;
    struct call_value no_calls; /* rows start from this: it is too large for the stack */
} settings = {};

/* .data, read and written while running */
struct {
    u32 generation; /* raised by user space when a `struct process` changed */
    u32 stopped;    /* the window is closed: count no more */
    u32 files_opened;
    u32 pad;
    u64 window_start;
} shared = {.generation = 1};

enum counter {
    LOST_STACKS,      /* a new stack found the ring buffer full */
    LOST_ROWS,        /* a table was full: the event is in its "rest" row, without stack and object */
    LOST_EVENTS,      /* a table was full and so was its rest row */
    PARTIAL_STACKS,   /* a frame could not be read (not resident, or changing) */
    TRUNCATED_STACKS, /* deeper than we keep */
    NO_STACK,         /* no frame at all */
    REUSED_STACKS,    /* taken from the call before, at rates where walking each would slow the target */
    EVENTS,           /* events handled in the target's time */
    RAISED,           /* processes that were let go: they are not (or no longer) the owner's alone */
    COUNTERS,
};

/* Where one interpreter version keeps its things; byte offsets. Filled by collectors/runtimes/python_layout.py. */
struct layout {
    u32 runtime_interpreters;
    u32 interpreter_next, interpreter_threads;
    u32 thread_next, thread_native_id;
    u32 thread_frame;   /* PyThreadState.current_frame, or .cframe */
    u32 cframe_frame;   /* _PyCFrame.current_frame, or NONE */
    u32 frame_code, frame_instruction, frame_previous, frame_owner;
    u32 shim_owner; /* owners from this value on are not Python code */
    u32 tag_mask;   /* low bits of a code reference that are not address */
    u32 by_pointer; /* before 3.11: threads are known by pthread_self(), instructions by a number of 32 bits */
    u32 thread_place; /* PyThreadState.cframe, which lies on the C stack of the thread that uses the state, or NONE */
    u32 code_names; /* words that tell one code object from another: three, or (since 3.11) four */
    u32 frame_entry; /* 3.11: whether the interpreter's loop was entered with this frame, or NONE */
};
#define NONE 0xffffffff

struct process {
    u64 runtime;            /* address of _PyRuntime, 0: not Python */
    u64 text_low, text_high; /* the main program's code */
    u32 layout;
    u32 space; /* of its mappings in `spaces`, 0: frame pointers only */
    u64 executed; /* when it became the program that all this is said of, as its last RECORD_EXEC told; 0: before */
};

/* How to get to the caller where frame pointers are not kept; filled by collectors/runtimes/unwind.py. */
struct unwind_mapping {
    u64 low, high;
    u64 bias; /* added to the file's addresses */
    u32 first, count; /* its rows, and in the highest bit KEEPS_FRAMES */
};
#define KEEPS_FRAMES (1u << 31)
struct unwind_space {
    struct unwind_mapping at[UNWIND_MAPPINGS]; /* in order; behind the last, low is the highest address */
};
struct unwind_row {
    u32 at, rule;
};
enum { BY_STACK, BY_FRAME, NO_RULE, OUTERMOST };

struct frame {
    u64 code, instruction;
};

struct stack {
    u32 record; /* enum record */
    u32 pid;
    u64 hash;
    u8 python_frames, native_frames, flags;
    u8 loops; /* calls of the interpreter's loop that run no frame, inside the innermost one; only where `mixed` */
    u8 loop_frame; /* which native frame is the call of the loop that runs the innermost Python frame, or NO_FRAME */
    u8 pad[3];
    /* in the low bits of a code object: how many calls of the interpreter's loop lie between it and its caller */
    struct frame python[PYTHON_FRAMES];
    u64 identities[PYTHON_FRAMES]; /* of the code objects: others may take their places before they are named */
    u64 native[NATIVE_FRAMES]; /* (last: only those that there are are sent) */
};
#define CODE_LOOPS 7ull
#define NO_FRAME 255
enum {
    STACK_TRUNCATED = 1,
    STACK_PARTIAL = 2,
    STACK_SCANNED = 4,
    STACK_SCANNED_DEEPER = 8,
    STACK_CUT = 16, /* the native frames end before the outermost: nothing says where its caller is */
    STACK_OUTERMOST = 32, /* the native frames reach the first function of the thread */
};

struct path {
    u32 record;
    u32 length;
    u64 hash;
    char text[PATH_BYTES];
};

struct scratch {
    struct stack stack;
    struct path path;
    u64 frame[WINDOW_BYTES / 8 + 16]; /* (and room for a field's offset behind the last word) */
    /* in memory, so that the verifier does not follow every value that they may take */
    u32 depth;
    u32 mapping, row, rows_end, rule; /* of a search for a caller */
    u64 place, pc, sp, fp, hash;
    u64 same_low, same_high; /* the addresses for which the mapping stays what it is */
    u64 loop; /* a variable of the innermost call of the interpreter's loop, 0: not known */
    u64 low, top; /* the frames that lie in what was read: the lowest and the highest address of one */
};

enum record { RECORD_STACK = 1, RECORD_PATH, RECORD_THREAD, RECORD_FORK, RECORD_EXEC, RECORD_EXIT, RECORD_PART = 16 /* and above: of a part */ };

struct call_key {
    u64 stack, object;
    u32 pid;
    s32 call;
};
struct thread {
    u32 record;
    u32 pid, tid;   /* as the tracer's namespace numbers them */
    u32 own_tid;    /* as the thread's own namespace does: what the interpreter knows it by */
    char name[16];
    u64 began, ended;
    u64 running, runnable, in_call, elsewhere;
    u32 voluntary, involuntary;
    s32 call;       /* the call in progress, valid when call_began */
    u32 flags;
    u64 call_began, call_blocked, call_runnable;
    /* of a thread that polls again and again, which may be an event loop: see loop_polls() */
    u64 polls, poll_ns, off_ns, longest_off, poll_stack;
    u32 off_histogram[32];
    u64 call_stack, call_object; /* user space is told of what is before these */
    u64 poll_since;
    u64 off_poll_since; /* 0: it has not polled yet, or is polling */
    u64 late_told; /* until when a long stretch is booked */
    u64 asked_last; /* when it last polled, slept in a call, or used a file or a descriptor */
    u64 on_since, off_since, woken;
    u64 off_stack;
    s32 off_kernel;
    u32 layout, seen_generation, searches;
    u64 runtime, state, text_low, text_high, search_after;
    u64 reused;
    u32 image; /* the process whose rows these are: see grow_up() */
    u32 space;
    u64 recent[8]; /* stacks and paths that user space has for certain */
    u64 last_ip, last_sp, last_fp, last_stack, streak_began;
    u32 streak, skipped;
    u64 call_ended;
    struct call_key last_key;
    struct call_value pending; /* calls like the one before, not yet in the table */
    u64 pending_since;
    u64 interpreter; /* the newest one, when the thread's state was searched */
    u32 looks, unused;
    u64 executed; /* when its process became another program in the window, 0: never. Addresses mean other code then. */
};
enum {
    FRESH = 2,              /* has not yet returned from the fork that made it */
    STRANGER = 4,           /* executed another program: rows without stack, until user space knows it */
    PREEMPTED = 8,
    BORN_IN_WINDOW = 16,
    LAUNCHED = 32,          /* of the program that was launched to be measured: its rows are its own from the first on */
    ASKS_EPOLL = 64,        /* its loop does, so that other polls are waits of its callbacks for one answer */
    NO_COPY = 128,          /* its call of fcntl asks for something else than a copy of the descriptor */
};

struct life {
    u32 record;
    u32 pid, parent;
    u32 pad;
    u64 at;
    char name[64];
};

struct error_key {
    s32 call, error;
};

enum point { POINT_CPU = 1, POINT_FAULT, POINT_BLOCKED, POINT_RUNNABLE, POINT_LATE };
#define LATE_NS 20000000 /* a loop that computes for so long without a call keeps everybody waiting */
struct point_key {
    u64 stack;
    s32 kernel;
    u32 kind, pid, tid;
};
struct point_value {
    u64 count, ns, max;
};

/* What a system call's arguments mean; filled by user space from the call's name. */
enum {
    OBJECT_MASK = 7,
    OBJECT_PATH_0 = 1,
    OBJECT_PATH_1,
    OBJECT_FD_0,
    OBJECT_ADDRESS_0,
    POLLS = 8,
    RETURNS_FD = 16,
    CLOSES_FD = 32,
    RETURNS_BYTES = 64,
    NEVER_RETURNS = 128,
    COPIES_FD = RETURNS_FD | NEVER_RETURNS, /* where the second argument says so (fcntl) */
};
/* An object is told by its top bits: a path's hash, a descriptor, an address. */
#define IS_PATH (1ull << 63)
#define IS_FD (1ull << 60)
#define IS_ADDRESS (1ull << 61)
/* A call that began before the window has, in place of a stack, the thread that stands in it. */
#define IS_STANDING (1ull << 63 | 1ull << 62)
#define CALL_NUMBERS 512
#define MARKS 4096

struct fd_key {
    u32 pid, fd;
};

struct { __uint(type, MAP_TASK_STORAGE); __uint(map_flags, NO_PREALLOC); __type(key, int); __type(value, struct thread); } threads SEC(".maps");
struct { __uint(type, MAP_ARRAY); __uint(max_entries, MARKS); __type(key, u32); __type(value, u8); } marks SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 1024); __type(key, u32); __type(value, u32); } wanted SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 4096); __type(key, u32); __type(value, struct process); } processes SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 256); __uint(map_flags, NO_PREALLOC); __type(key, u32); __type(value, struct unwind_space); } spaces SEC(".maps");
struct { __uint(type, MAP_ARRAY); __uint(max_entries, UNWIND_ROWS); __uint(map_flags, MMAPABLE); __type(key, u32); __type(value, struct unwind_row); } unwind_rows SEC(".maps");
struct { __uint(type, MAP_ARRAY); __uint(max_entries, 16); __type(key, u32); __type(value, struct layout); } layouts SEC(".maps");
struct { __uint(type, MAP_ARRAY); __uint(max_entries, CALL_NUMBERS); __type(key, u32); __type(value, u8); } classes SEC(".maps");
struct { __uint(type, MAP_PERCPU_ARRAY); __uint(max_entries, 2); __type(key, u32); __type(value, struct scratch); } scratches SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 32768); __type(key, u64); __type(value, u8); } seen SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 16384); __type(key, struct call_key); __type(value, struct call_value); } calls SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 16384); __type(key, struct point_key); __type(value, struct point_value); } points SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 1024); __type(key, struct error_key); __type(value, u64); } errors SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 8192); __type(key, struct fd_key); __type(value, u64); } descriptors SEC(".maps");
struct { __uint(type, MAP_STACK_TRACE); __uint(max_entries, 4096); __uint(key_size, 4); __uint(value_size, 8 * 32); } kernel_stacks SEC(".maps");
struct { __uint(type, MAP_PERCPU_ARRAY); __uint(max_entries, COUNTERS); __type(key, u32); __type(value, u64); } counters SEC(".maps");
struct { __uint(type, MAP_RINGBUF); __uint(max_entries, 4 << 20); } records SEC(".maps");
