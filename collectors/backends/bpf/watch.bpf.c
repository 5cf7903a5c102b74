/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * One set of programs sees every system call, context switch, page fault, timer tick, fork, exec and exit of the
 * target's threads, walks the code's own frames, and adds the event to a table keyed by (what, stack).
 *
 * A thread is the target's when it has a `struct thread` in task-local storage: `begin` puts one into every thread
 * of the target, fork hands it on. All else costs other processes one failed look-up.
 */
#include "kernel.h"

#define PYTHON_FRAMES 48
#define NATIVE_FRAMES 24
#define PATH_BYTES 128
#define SCAN_BYTES 256
#define FRAME_BYTES 96
#define WINDOW_BYTES 512
#define STREAK 64
#define LEAP 64
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
    u32 pad;
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
    COUNTERS,
};

/* Where one interpreter version keeps its things; byte offsets. Filled by collectors/runtimes/python.py. */
struct layout {
    u32 runtime_interpreters;
    u32 interpreter_next, interpreter_threads;
    u32 thread_next, thread_native_id;
    u32 thread_frame;   /* PyThreadState.current_frame, or .cframe */
    u32 cframe_frame;   /* _PyCFrame.current_frame, or NONE */
    u32 frame_code, frame_instruction, frame_previous, frame_owner;
    u32 shim_owner; /* owners from this value on are not Python code */
    u32 tag_mask;   /* low bits of a code reference that are not address */
};
#define NONE 0xffffffff

struct process {
    u64 runtime;            /* address of _PyRuntime, 0: not Python */
    u64 text_low, text_high; /* the main program's code */
    u32 layout;
    u32 pad;
};

struct frame {
    u64 code, instruction;
};

struct stack {
    u32 record; /* enum record */
    u32 pid;
    u64 hash;
    u8 python_frames, native_frames, flags, pad[5];
    struct frame python[PYTHON_FRAMES];
    u64 native[NATIVE_FRAMES];
};
enum { STACK_TRUNCATED = 1, STACK_PARTIAL = 2, STACK_SCANNED = 4 };

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
    u64 low, top; /* the frames that lie in what was read: the lowest and the highest address of one */
};

enum record { RECORD_STACK = 1, RECORD_PATH, RECORD_THREAD, RECORD_FORK, RECORD_EXEC, RECORD_EXIT };

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
    u64 call_began, call_blocked, call_runnable, call_stack, call_object;
    u64 on_since, off_since, woken;
    u64 off_stack;
    s32 off_kernel;
    u32 layout, seen_generation, searches;
    u64 runtime, state, text_low, text_high, search_after;
    u64 reused;
    u32 image; /* the process whose rows these are: see grow_up() */
    u32 pad;
    u64 recent[8]; /* stacks and paths that user space has for certain */
    u64 last_ip, last_sp, last_fp, last_stack, streak_began;
    u32 streak, skipped;
    u64 call_ended;
    struct call_key last_key;
    struct call_value pending; /* calls like the one before, not yet in the table */
    u64 pending_since;
};
enum {
    FRESH = 2,              /* has not yet returned from the fork that made it */
    STRANGER = 4,           /* executed another program: rows without stack, until user space knows it */
    PREEMPTED = 8,
    BORN_IN_WINDOW = 16,
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

enum point { POINT_CPU = 1, POINT_FAULT, POINT_BLOCKED, POINT_RUNNABLE };
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
    OBJECT_MASK = 15,
    OBJECT_PATH_0 = 1,
    OBJECT_PATH_1,
    OBJECT_FD_0,
    OBJECT_ADDRESS_0,
    RETURNS_FD = 16,
    CLOSES_FD = 32,
    RETURNS_BYTES = 64,
    NEVER_RETURNS = 128,
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

INLINE void count(u32 which) {
    u64 *n = bpf_map_lookup_elem(&counters, &which);
    if (n) *n += 1;
}

/* Processes whose number ends like one of the target's are marked: for all others one look at an array is enough. */
INLINE void mark(struct task_struct *task) {
    u32 index = task->tgid & (MARKS - 1);
    u8 yes = 1;
    bpf_map_update_elem(&marks, &index, &yes, UPDATE_ANY);
}

INLINE struct thread *known(struct task_struct *task) {
    u32 index = task->tgid & (MARKS - 1);
    u8 *marked = bpf_map_lookup_elem(&marks, &index);
    return marked && *marked ? bpf_task_storage_get(&threads, task, 0, 0) : 0;
}

INLINE u64 read_word(u64 address) {
    u64 word = 0;
    bpf_probe_read_user(&word, 8, (void *)address);
    return word;
}

INLINE u64 mix(u64 hash, u64 word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
    return hash ^ (hash >> 31);
}

/* ---- namespaces -------------------------------------------------------------------------------------------- */

/* The number of a pid in the tracer's namespace; 0 when it cannot be seen from there. */
INLINE u32 number_for_us(struct pid *pid) {
    ROLLED
    for (int level = 0; level < 8; level++) {
        if (level > (int)pid->level) break;
        struct upid *at = (struct upid *)((u64)&pid->numbers[0] + level * 16 /* sizeof(struct upid) */);
        u32 inode = 0;
        s32 number = 0;
        struct pid_namespace *space = 0;
        bpf_probe_read_kernel(&space, 8, &at->ns);
        bpf_probe_read_kernel(&inode, 4, &space->ns.inum);
        bpf_probe_read_kernel(&number, 4, &at->nr);
        if (inode == settings.own_pid_namespace) return number;
    }
    return 0;
}

/* ---- stacks ------------------------------------------------------------------------------------------------ */

/* The interpreter's record of this thread. */
struct state_search {
    struct layout *layout;
    u64 state, found;
    u32 tid, pad;
};

static long state_is_ours(u32 index, struct state_search *at) {
    s32 tid = 0;
    if (!at->state) return 1;
    bpf_probe_read_user(&tid, 4, (void *)(at->state + at->layout->thread_native_id));
    if (tid == (s32)at->tid) {
        at->found = at->state;
        return 1;
    }
    at->state = read_word(at->state + at->layout->thread_next);
    return 0;
}

INLINE u64 search_state(struct thread *t, struct layout *l) {
    /* A thread without one (of a C library, say) must not pay for the search at every event. */
    if (t->searches > 256 && bpf_ktime_get_ns() < t->search_after) return 0;
    t->searches++;
    t->search_after = bpf_ktime_get_ns() + 1000000;
    u64 interpreter = read_word(t->runtime + l->runtime_interpreters);
    struct state_search search = {.layout = l, .tid = t->own_tid};
    search.state = read_word(interpreter + l->interpreter_threads);
    bpf_loop(STATES, state_is_ours, &search, 0);
    t->state = search.found;
    return search.found;
}

/* The thread's current frame. The cached state is believed only while it names this thread; one read tells both. */
INLINE u64 current_frame(struct thread *t, struct layout *l, struct scratch *w) {
    u32 from = l->thread_frame, tid_at = (l->thread_native_id - from) >> 3 & 15;
    if (t->state) {
        if (bpf_probe_read_user(w->frame, 128, (void *)(t->state + from))) w->frame[tid_at] = 0;
        if ((u32)w->frame[tid_at] != t->own_tid) t->state = 0;
    }
    if (!t->state) {
        u64 state = search_state(t, l);
        if (!state || bpf_probe_read_user(w->frame, 8, (void *)(state + from))) return 0;
    }
    u64 frame = w->frame[0];
    return l->cframe_frame == NONE ? frame : read_word(frame + l->cframe_frame);
}

struct python_walk {
    struct layout *layout;
    struct scratch *scratch;
    u64 frame, hash;
};

/* One frame; 1 ends the loop. */
static long python_frame(u32 index, struct python_walk *at) {
    struct layout *l = at->layout;
    struct scratch *w = at->scratch;
    u64 frame = at->frame;
    if (!frame) return 1;
    /* A read costs far more than the bytes: frames of one thread lie behind each other, callers below, so one read
     * serves several. Fields are picked at masked offsets, which is cheap to verify. */
    if (frame < w->low || frame > w->top) {
        w->top = frame;
        /* not below the frame's own page: the one before may not be there, and a failed read is dear */
        u64 page = frame & ~4095ull, below = frame - (WINDOW_BYTES - FRAME_BYTES);
        w->low = below > page ? below : page;
        if (bpf_probe_read_user(w->frame, WINDOW_BYTES, (void *)w->low)) {
            w->low = frame;
            if (bpf_probe_read_user(w->frame, FRAME_BYTES, (void *)frame)) {
                w->stack.flags |= STACK_PARTIAL;
                return 1;
            }
        }
    }
    u32 word = (frame - w->low) >> 3 & (WINDOW_BYTES / 8 - 1);
    u64 code = w->frame[word + (l->frame_code >> 3 & 15)] & ~(u64)l->tag_mask;
    u64 instruction = w->frame[word + (l->frame_instruction >> 3 & 15)];
    u8 owner = w->frame[word + (l->frame_owner >> 3 & 15)] >> (l->frame_owner << 3 & 56);
    at->frame = w->frame[word + (l->frame_previous >> 3 & 15)];
    if (owner >= l->shim_owner) return 0;
    u32 n = w->depth;
    if (n >= PYTHON_FRAMES) {
        w->stack.flags |= STACK_TRUNCATED;
        return 1;
    }
    w->stack.python[n].code = code;
    w->stack.python[n].instruction = instruction;
    w->depth = n + 1;
    at->hash = mix(mix(at->hash, code), instruction);
    return 0;
}

INLINE u64 walk_python(struct thread *t, struct scratch *w, u64 hash) {
    u32 index = t->layout;
    struct layout *l = bpf_map_lookup_elem(&layouts, &index);
    if (!l) return hash;
    struct python_walk at = {.layout = l, .scratch = w, .hash = hash};
    at.frame = current_frame(t, l, w);
    w->depth = 0;
    w->low = w->top = 0;
    bpf_loop(PYTHON_FRAMES + 8, python_frame, &at, 0);
    w->stack.python_frames = w->depth;
    return at.hash;
}

struct native_walk {
    struct thread *thread;
    struct scratch *scratch;
    u64 sp, fp, hash;
};

/* Whether a word on the stack points into the main program's code; 1 ends the loop. */
static long word_is_code(u32 index, struct native_walk *at) {
    struct scratch *w = at->scratch;
    u64 word = w->frame[index & (SCAN_BYTES / 8 - 1)];
    if (word < at->thread->text_low || word >= at->thread->text_high) return 0;
    w->stack.native[1] = word;
    w->depth = 2;
    w->stack.flags |= STACK_SCANNED;
    at->hash = mix(at->hash, word);
    return 1;
}

static long native_frame(u32 index, struct native_walk *at) {
    struct scratch *w = at->scratch;
    u64 fp = at->fp;
    if (fp < at->sp || fp > at->sp + (8 << 20) || fp & 7) return 1;
    if (bpf_probe_read_user(w->frame, 16, (void *)fp)) return 1;
    u64 caller = w->frame[1];
    if (caller < 4096) return 1;
    u32 n = w->depth;
    if (n >= NATIVE_FRAMES) {
        w->stack.flags |= STACK_TRUNCATED;
        return 1;
    }
    w->stack.native[n] = caller;
    w->depth = n + 1;
    at->hash = mix(at->hash, caller);
    at->sp = fp + 16;
    at->fp = w->frame[0];
    return 0;
}

/* Frame pointers, and before them the first word on the stack that points into the main program's code: system
 * call wrappers keep no frame, and their caller would be missing. User space drops it unless a call precedes it. */
INLINE u64 walk_native(struct thread *t, struct pt_regs *regs, struct scratch *w, u64 hash, int scan) {
    u64 ip = instruction_pointer(regs);
    struct native_walk at = {.thread = t, .scratch = w, .sp = stack_pointer(regs), .fp = frame_pointer(regs)};
    w->stack.native[0] = ip;
    w->depth = 1;
    at.hash = mix(hash, ip);
    if (scan && t->text_low && (ip < t->text_low || ip >= t->text_high))
        if (!bpf_probe_read_user(w->frame, SCAN_BYTES, (void *)at.sp)) bpf_loop(SCAN_BYTES / 8, word_is_code, &at, 0);
    bpf_loop(NATIVE_FRAMES, native_frame, &at, 0);
    w->stack.native_frames = w->depth;
    return at.hash;
}

INLINE void refresh(struct thread *t) {
    if (t->seen_generation == shared.generation) return;
    t->seen_generation = shared.generation;
    struct process *p = bpf_map_lookup_elem(&processes, &t->pid);
    if (!p) return;
    t->flags &= ~STRANGER;
    t->runtime = p->runtime;
    t->layout = p->layout;
    t->text_low = p->text_low;
    t->text_high = p->text_high;
}

/* Whether user space has this stack or path; the thread's own memory spares most look-ups. */
INLINE int is_sent(struct thread *t, u64 hash) {
    if (t->recent[hash & 7] == hash) return 1;
    if (!bpf_map_lookup_elem(&seen, &hash)) return 0;
    t->recent[hash & 7] = hash;
    return 1;
}

/* Send a new stack or path; it stays new until the ring buffer had room for it. */
INLINE void send_once(u64 hash, void *record, u64 size, u64 wake) {
    u8 yes = 1;
    if (bpf_ringbuf_output(&records, record, size, wake))
        count(LOST_STACKS);
    else
        bpf_map_update_elem(&seen, &hash, &yes, UPDATE_ANY);
}

/* At hundreds of thousands of calls a second in one loop, walking the stack of every call costs more than the calls. When
 * the last STREAK calls all had the same stack, and the registers still are the same, only one in LEAP is walked. */
INLINE int same_as_before(struct thread *t, struct pt_regs *regs) {
    if (t->streak < STREAK || !(++t->skipped & (LEAP - 1))) return 0;
    if (instruction_pointer(regs) != t->last_ip || stack_pointer(regs) != t->last_sp) return 0;
    if (frame_pointer(regs) != t->last_fp) return 0;
    t->reused++;
    return 1;
}

INLINE void remember(struct thread *t, struct pt_regs *regs, u64 hash) {
    if (hash != t->last_stack || t->streak == 0) {
        t->streak = 1;
        t->streak_began = t->call_ended;
        t->last_stack = hash;
        t->last_ip = instruction_pointer(regs);
        t->last_sp = stack_pointer(regs);
        t->last_fp = frame_pointer(regs);
    } else if (t->streak < STREAK && ++t->streak == STREAK && t->call_ended - t->streak_began > STREAK * 4000) {
        t->streak = 0; /* fewer than 250,000 a second: walk each */
    }
}

/* A forked child is its parent's program at first, and most go on to execute another one soon: its events are its
 * parent's rows. One that lives on gets rows of its own. */
#define CHILDHOOD 100000000
INLINE void grow_up(struct thread *t) {
    if (t->image != t->pid && t->call_ended > t->began + CHILDHOOD) t->image = t->pid;
}

/* Which native frames a caller wants beside the language's own. */
enum walk { WALK_LANGUAGE, WALK_BOTH };

/* The id of the current thread's stack, 0 when there is none. A new stack is sent to user space once. */
INLINE u64 walk(struct thread *t, struct pt_regs *regs, u32 slot, enum walk how) {
    if (!settings.walk_stacks) return 0;
    refresh(t);
    if (t->flags & STRANGER) return 0;
    int is_native = !t->runtime && how == WALK_LANGUAGE;
    if (is_native && same_as_before(t, regs)) return t->last_stack;
    struct scratch *w = bpf_map_lookup_elem(&scratches, &slot);
    if (!w) return 0;
    w->stack.python_frames = w->stack.native_frames = w->stack.flags = 0;
    grow_up(t);
    u64 hash = mix(0, t->image);
    if (t->runtime) hash = walk_python(t, w, hash);
    if (how == WALK_BOTH || !w->stack.python_frames)
        hash = walk_native(t, regs, w, hash, !w->stack.python_frames);
    if (w->stack.flags & STACK_PARTIAL) count(PARTIAL_STACKS);
    if (w->stack.flags & STACK_TRUNCATED) count(TRUNCATED_STACKS);
    if (!w->stack.python_frames && !w->stack.native_frames) {
        count(NO_STACK);
        return 0;
    }
    if (!hash) hash = 1;
    if (is_native) remember(t, regs, hash);
    if (!is_sent(t, hash)) {
        w->stack.record = RECORD_STACK;
        w->stack.pid = t->pid;
        w->stack.hash = hash;
        /* (with a wake-up: the memory that names it may be gone a moment later) */
        send_once(hash, &w->stack, sizeof(w->stack), RINGBUF_WAKEUP);
    }
    return hash;
}

/* Whose row an event belongs to: strangers share one, or a build's compilers would fill the tables. */
INLINE u32 owner(struct thread *t) { return t->flags & STRANGER ? 0 : t->image; }

/* ---- rows -------------------------------------------------------------------------------------------------- */

INLINE struct call_value *call_row(struct call_key *key) {
    struct call_value *row = bpf_map_lookup_elem(&calls, key);
    if (row) return row;
    if (bpf_map_update_elem(&calls, key, (void *)&settings.no_calls, UPDATE_NOEXIST) == -7 /* E2BIG: full */) {
        count(LOST_ROWS);
        key->stack = key->object = key->pid = 0;
        bpf_map_update_elem(&calls, key, (void *)&settings.no_calls, UPDATE_NOEXIST);
    }
    row = bpf_map_lookup_elem(&calls, key);
    if (!row) count(LOST_EVENTS);
    return row;
}

INLINE void add(u64 *to, u64 amount) {
    if (amount) __sync_fetch_and_add(to, amount);
}

INLINE u32 log2_of(u64 value) {
    u32 bits = 0;
    if (value >> 32) return 31;
    u32 v = value;
    if (v >> 16) bits += 16, v >>= 16;
    if (v >> 8) bits += 8, v >>= 8;
    if (v >> 4) bits += 4, v >>= 4;
    if (v >> 2) bits += 2, v >>= 2;
    return bits + (v >> 1);
}

INLINE void add_point(u32 kind, u32 pid, u32 tid, u64 stack, s32 kernel, u64 ns) {
    struct point_key key = {.stack = stack, .kernel = kernel, .kind = kind, .pid = pid, .tid = tid};
    struct point_value *row = bpf_map_lookup_elem(&points, &key);
    if (!row) {
        struct point_value none = {};
        if (bpf_map_update_elem(&points, &key, &none, UPDATE_NOEXIST) == -7) {
            count(LOST_ROWS);
            key.stack = key.pid = key.tid = 0;
            key.kernel = -1;
            bpf_map_update_elem(&points, &key, &none, UPDATE_NOEXIST);
        }
        row = bpf_map_lookup_elem(&points, &key);
        if (!row) {
            count(LOST_EVENTS);
            return;
        }
    }
    __sync_fetch_and_add(&row->count, 1);
    add(&row->ns, ns);
    if (ns > row->max) row->max = ns;
}

/* ---- system calls ------------------------------------------------------------------------------------------- */

INLINE u8 class_of(s32 call) {
    u32 index = call & (CALL_NUMBERS - 1);
    u8 *class = bpf_map_lookup_elem(&classes, &index);
    return class && call >= 0 && call < CALL_NUMBERS ? *class : 0;
}

INLINE u64 path_object(struct thread *t, u64 address) {
    u32 slot = 0;
    struct scratch *w = bpf_map_lookup_elem(&scratches, &slot);
    if (!w) return 0;
    long length = bpf_probe_read_user_str(w->path.text, PATH_BYTES, (void *)address);
    if (length <= 1) return 0;
    u64 hash = 0;
    ROLLED
    for (int i = 0; i < PATH_BYTES / 8; i++) {
        int left = length - i * 8;
        if (left <= 0) break;
        u64 word = *(u64 *)(w->path.text + i * 8);
        if (left < 8) word &= (1ull << (left * 8)) - 1;
        hash = mix(hash, word);
    }
    hash |= IS_PATH;
    if (!is_sent(t, hash)) {
        w->path.record = RECORD_PATH;
        w->path.length = length;
        w->path.hash = hash;
        send_once(hash, &w->path, sizeof(w->path), RINGBUF_NO_WAKEUP);
    }
    return hash;
}

INLINE u64 descriptor_object(struct thread *t, u32 fd) {
    if (shared.files_opened) {
        struct fd_key key = {.pid = t->pid, .fd = fd};
        u64 *path = bpf_map_lookup_elem(&descriptors, &key);
        if (path) return *path;
    }
    return IS_FD | fd;
}

INLINE u64 object_of(struct thread *t, struct pt_regs *regs, u8 class) {
    u64 first = argument_0(regs), object = 0;
    switch (class & OBJECT_MASK) {
    case OBJECT_PATH_0: return path_object(t, first);
    case OBJECT_PATH_1:
        object = path_object(t, argument_1(regs));
        /* fstat(fd) is fstatat(fd, ""): the descriptor is the object */
        return object ? object : (s32)first >= 0 ? descriptor_object(t, (u32)first) : 0;
    case OBJECT_FD_0: return descriptor_object(t, (u32)first);
    case OBJECT_ADDRESS_0: return IS_ADDRESS | (first & ~(15ull << 60));
    }
    return 0;
}

INLINE int same_key(struct call_key *a, struct call_key *b) {
    return a->stack == b->stack && a->object == b->object && a->call == b->call && a->pid == b->pid;
}

/* Bring what is pending into the table. */
INLINE void flush(struct thread *t) {
    struct call_value *from = &t->pending, *row;
    if (!from->calls) return;
    struct call_key key = t->last_key;
    row = call_row(&key);
    if (!row) return;
    add(&row->calls, from->calls);
    add(&row->errors, from->errors);
    add(&row->empty, from->empty);
    add(&row->bytes, from->bytes);
    add(&row->ns, from->ns);
    add(&row->blocked, from->blocked);
    add(&row->runnable, from->runnable);
    if (from->max > row->max) row->max = from->max;
    ROLLED
    for (int i = 0; i < 32; i++) {
        __sync_fetch_and_add(&row->histogram[i], from->histogram[i]);
        from->histogram[i] = 0;
    }
    from->calls = from->errors = from->empty = from->bytes = from->ns = from->blocked = from->runnable = from->max = 0;
}

INLINE void count_error(s32 call, s32 number) {
    struct error_key error = {.call = call, .error = number};
    u64 one = 1, *n = bpf_map_lookup_elem(&errors, &error);
    if (!n && bpf_map_update_elem(&errors, &error, &one, UPDATE_NOEXIST) == -17 /* EEXIST: raced */)
        n = bpf_map_lookup_elem(&errors, &error);
    if (n) __sync_fetch_and_add(n, 1);
}

INLINE void end_call(struct thread *t, s64 result, u64 now, u8 class) {
    struct call_key key = {.stack = t->call_stack, .object = t->call_object, .pid = owner(t), .call = t->call};
    if (!key.pid) key.stack = key.object = 0;
    u64 took = now - t->call_began;
    u32 bucket = log2_of(took) & 31;
    int failed = result < 0 && result >= -4095;
    t->call_began = 0;
    t->call_ended = now;
    if (failed) count_error(key.call, (s32)-result);
    if (same_key(&key, &t->last_key)) {
        /* The same again: kept with the thread, where it needs no look-up and no atomic addition. */
        struct call_value *p = &t->pending;
        if (!p->calls) t->pending_since = now;
        p->calls++;
        p->ns += took;
        p->histogram[bucket]++;
        if (took > p->max) p->max = took;
        p->blocked += t->call_blocked;
        p->runnable += t->call_runnable;
        if (result > 0 && class & RETURNS_BYTES) p->bytes += result;
        if (result == 0) p->empty++;
        if (failed) p->errors++;
        if (now - t->pending_since < 50000000) return;
        flush(t);
        return;
    }
    flush(t);
    t->last_key = key;
    struct call_value *row = call_row(&key);
    if (!row) return;
    __sync_fetch_and_add(&row->calls, 1);
    __sync_fetch_and_add(&row->ns, took);
    __sync_fetch_and_add(&row->histogram[bucket], 1);
    if (took > row->max) row->max = took;
    add(&row->blocked, t->call_blocked);
    add(&row->runnable, t->call_runnable);
    if (result > 0 && class & RETURNS_BYTES) __sync_fetch_and_add(&row->bytes, result);
    if (result == 0) __sync_fetch_and_add(&row->empty, 1);
    if (failed) __sync_fetch_and_add(&row->errors, 1);
}

SEC("tp_btf/sys_enter") int call_begins(u64 *ctx) {
    struct task_struct *task = bpf_get_current_task_btf();
    struct thread *t = known(task);
    if (!t || shared.stopped) return 0;
    struct pt_regs *regs = (struct pt_regs *)ctx[0];
    t->call = (s32)ctx[1];
    t->call_stack = walk(t, regs, 0, WALK_LANGUAGE);
    u8 class = class_of(t->call);
    t->call_object = class & OBJECT_MASK && settings.walk_stacks ? object_of(t, regs, class) : 0;
    t->call_blocked = t->call_runnable = 0;
    t->flags &= ~FRESH;
    t->call_began = bpf_ktime_get_ns();
    if (class & CLOSES_FD && shared.files_opened) {
        struct fd_key key = {.pid = t->pid, .fd = (u32)argument_0(regs)};
        bpf_map_delete_elem(&descriptors, &key);
    }
    if (class & NEVER_RETURNS) end_call(t, 1, t->call_began, class);
    return 0;
}

SEC("tp_btf/sys_exit") int call_ends(u64 *ctx) {
    struct task_struct *task = bpf_get_current_task_btf();
    struct thread *t = known(task);
    if (!t || shared.stopped) return 0;
    u64 now = bpf_ktime_get_ns();
    s64 result = (s64)ctx[1];
    if (t->flags & FRESH) { /* the child's half of the fork that made it is no call of its own */
        t->flags &= ~FRESH;
        t->call_began = 0;
        return 0;
    }
    if (!t->call_began) return 0;
    u8 class = class_of(t->call);
    if (class & RETURNS_FD && result >= 0 && t->call_object & IS_PATH) {
        struct fd_key key = {.pid = t->pid, .fd = (u32)result};
        u64 path = t->call_object;
        bpf_map_update_elem(&descriptors, &key, &path, UPDATE_ANY);
        shared.files_opened = 1;
    }
    end_call(t, result, now, class);
    return 0;
}

/* ---- on and off the CPU ------------------------------------------------------------------------------------- */

/* Book the time since the thread left the CPU: up to the wake-up it was blocked, after it ready to run. */
INLINE void back_on_cpu(struct thread *t, u64 now) {
    u64 off = now - t->off_since, ready;
    if (t->flags & PREEMPTED)
        ready = off;
    else
        ready = t->woken > t->off_since ? now - t->woken : 0;
    u64 blocked = off - ready;
    t->runnable += ready;
    if (t->call_began) {
        t->in_call += blocked;
        t->call_blocked += blocked;
        t->call_runnable += ready;
    } else {
        t->elsewhere += blocked;
        if (blocked) add_point(POINT_BLOCKED, owner(t), 0, t->off_stack, t->off_kernel, blocked);
        if (ready) add_point(POINT_RUNNABLE, owner(t), 0, t->off_stack, -1, ready);
    }
    t->off_since = 0;
    t->woken = 0;
    t->flags &= ~PREEMPTED;
}

SEC("tp_btf/sched_switch") int switches(u64 *ctx) {
    if (shared.stopped) return 0;
    struct task_struct *before = (struct task_struct *)ctx[1], *after = (struct task_struct *)ctx[2];
    struct thread *t = known(before);
    u64 now = 0;
    if (t && !t->off_since) {
        now = bpf_ktime_get_ns();
        if (t->on_since) t->running += now - t->on_since;
        t->on_since = 0;
        t->off_since = now;
        t->woken = 0;
        t->off_kernel = -1;
        if (ctx[0] || before->__state == 0) {
            t->flags |= PREEMPTED;
            t->involuntary++;
        } else {
            t->flags &= ~PREEMPTED;
            t->voluntary++;
        }
        if (!t->call_began) {
            t->off_stack = walk(t, bpf_task_pt_regs(before), 0, WALK_LANGUAGE);
            if (!(t->flags & (PREEMPTED | STRANGER)))
                t->off_kernel = bpf_get_stackid(ctx, &kernel_stacks, FAST_STACK_COMPARE | REUSE_STACK_ID);
        }
    }
    t = known(after);
    if (t) {
        if (!now) now = bpf_ktime_get_ns();
        if (t->off_since) back_on_cpu(t, now);
        t->on_since = now;
    }
    return 0;
}

INLINE int wakes(u64 *ctx) {
    struct thread *t = known((struct task_struct *)ctx[0]);
    if (t && t->off_since && !t->woken) t->woken = bpf_ktime_get_ns();
    return 0;
}
SEC("tp_btf/sched_wakeup") int wakes_up(u64 *ctx) { return wakes(ctx); }

SEC("perf_event") int sample(void *ctx) {
    struct task_struct *task = bpf_get_current_task_btf();
    struct thread *t = known(task);
    if (!t || shared.stopped) return 0;
    u64 stack = walk(t, bpf_task_pt_regs(task), 1, WALK_BOTH);
    s32 kernel = bpf_get_stackid(ctx, &kernel_stacks, FAST_STACK_COMPARE | REUSE_STACK_ID);
    add_point(POINT_CPU, owner(t), t->tid, stack, kernel < 0 ? -1 : kernel, 0);
    count(EVENTS);
    return 0;
}

SEC("tp_btf/page_fault_user") int faults(u64 *ctx) {
    struct task_struct *task = bpf_get_current_task_btf();
    struct thread *t = known(task);
    if (!t || shared.stopped) return 0;
    u64 stack = walk(t, (struct pt_regs *)ctx[1], 0, WALK_LANGUAGE);
    add_point(POINT_FAULT, owner(t), 0, stack, -1, 0);
    count(EVENTS);
    return 0;
}

/* ---- births and deaths -------------------------------------------------------------------------------------- */

INLINE void name_thread(struct thread *t, struct task_struct *task) {
    bpf_probe_read_kernel(t->name, sizeof(t->name), &task->comm);
    t->pid = number_for_us(task->group_leader->thread_pid);
    t->tid = number_for_us(task->thread_pid);
    struct pid *own = task->thread_pid;
    u32 level = own->level & 31;
    bpf_probe_read_kernel(&t->own_tid, 4, (void *)((u64)&own->numbers[0] + level * 16));
}

SEC("tp_btf/sched_process_fork") int forks(u64 *ctx) {
    if (shared.stopped) return 0;
    struct task_struct *parent = (struct task_struct *)ctx[0], *child = (struct task_struct *)ctx[1];
    struct thread *from = known(parent);
    if (!from) return 0;
    int is_process = child->tgid != parent->tgid;
    if (is_process && !settings.follow_children) return 0;
    struct thread *t = bpf_task_storage_get(&threads, child, 0, STORAGE_CREATE);
    if (!t) {
        count(LOST_EVENTS);
        return 0;
    }
    mark(child);
    name_thread(t, child);
    t->image = is_process ? from->image : t->pid;
    t->record = RECORD_THREAD;
    t->began = t->off_since = t->woken = bpf_ktime_get_ns();
    t->flags = FRESH | BORN_IN_WINDOW | (from->flags & STRANGER);
    t->runtime = from->runtime;
    t->layout = from->layout;
    t->text_low = from->text_low;
    t->text_high = from->text_high;
    t->seen_generation = from->seen_generation;
    if (is_process) {
        t->state = from->state; /* the same address in the copied memory */
        struct life life = {.record = RECORD_FORK, .pid = t->pid, .parent = from->pid, .at = t->began};
        struct process *p = bpf_map_lookup_elem(&processes, &from->pid);
        if (p) bpf_map_update_elem(&processes, &t->pid, p, UPDATE_ANY);
        bpf_ringbuf_output(&records, &life, sizeof(life), RINGBUF_NO_WAKEUP);
    }
    return 0;
}

SEC("tp_btf/sched_process_exec") int executes(u64 *ctx) {
    struct task_struct *task = (struct task_struct *)ctx[0];
    struct thread *t = known(task);
    if (!t || shared.stopped) return 0;
    struct linux_binprm *program = (struct linux_binprm *)ctx[2];
    name_thread(t, task);
    t->image = t->pid;
    t->flags |= STRANGER;
    t->runtime = t->state = t->text_low = t->text_high = 0;
    t->searches = 0;
    t->seen_generation = shared.generation;
    bpf_map_delete_elem(&processes, &t->pid);
    struct life life = {.record = RECORD_EXEC, .pid = t->pid, .at = bpf_ktime_get_ns()};
    bpf_probe_read_kernel_str(life.name, sizeof(life.name), program->filename);
    bpf_ringbuf_output(&records, &life, sizeof(life), RINGBUF_NO_WAKEUP);
    return 0;
}

/* Close what is open at `now`, then send the thread's account to user space. */
INLINE void close_account(struct thread *t, u64 now) {
    u32 reused = REUSED_STACKS;
    u64 *all_reused = bpf_map_lookup_elem(&counters, &reused);
    if (all_reused) *all_reused += t->reused;
    flush(t);
    if (t->off_since) back_on_cpu(t, now);
    if (t->on_since) t->running += now - t->on_since;
    t->on_since = 0;
    t->ended = now;
    if (t->call_began) {
        struct call_key key = {.stack = t->call_stack, .object = t->call_object, .pid = owner(t), .call = t->call};
        if (!key.pid) key.stack = key.object = 0;
        struct call_value *row = call_row(&key);
        if (row) {
            __sync_fetch_and_add(&row->unfinished, 1);
            add(&row->ns, now - t->call_began);
            add(&row->blocked, t->call_blocked);
            add(&row->runnable, t->call_runnable);
        }
    }
    if (bpf_ringbuf_output(&records, t, sizeof(*t), RINGBUF_NO_WAKEUP)) count(LOST_EVENTS);
}

SEC("tp_btf/sched_process_exit") int exits(u64 *ctx) {
    struct task_struct *task = (struct task_struct *)ctx[0];
    struct thread *t = known(task);
    if (!t || shared.stopped || t->ended) return 0;
    t->call_began = 0;
    close_account(t, bpf_ktime_get_ns());
    if (task->signal->live.counter == 0) {
        struct life life = {.record = RECORD_EXIT, .pid = t->pid, .at = t->ended};
        bpf_map_delete_elem(&processes, &t->pid);
        bpf_ringbuf_output(&records, &life, sizeof(life), RINGBUF_NO_WAKEUP);
    }
    return 0;
}

/* ---- the first and the last look ----------------------------------------------------------------------------- */

/* Run once, after everything is attached: adopt the target's threads, in the state that they are in. */
SEC("iter/task") int begin(struct bpf_iter__task *ctx) {
    struct task_struct *task = ctx->task;
    if (!task) return 0;
    u32 pid = number_for_us(task->group_leader->thread_pid);
    if (!pid || !bpf_map_lookup_elem(&wanted, &pid)) return 0;
    mark(task);
    struct thread *t = bpf_task_storage_get(&threads, task, 0, STORAGE_CREATE);
    if (!t) {
        count(LOST_EVENTS);
        return 0;
    }
    if (t->record) return 0; /* forked by a thread that was adopted a moment ago */
    name_thread(t, task);
    u64 now = shared.window_start;
    t->image = t->pid;
    t->began = now;
    struct pt_regs *regs = bpf_task_pt_regs(task);
    s32 call = syscall_number(regs);
    if (task->on_cpu) {
        t->on_since = now;
    } else {
        t->off_since = now;
        t->off_kernel = -1;
        if (task->__state == 0) t->flags |= PREEMPTED;
        if (call >= 0) { /* (a running thread's registers are stale) */
            t->call = call;
            t->call_began = now;
            t->call_stack = IS_STANDING | t->tid;
        }
    }
    t->record = RECORD_THREAD;
    return 0;
}

/* Run once, after `stopped` is set: close every account. */
SEC("iter/task") int finish(struct bpf_iter__task *ctx) {
    struct task_struct *task = ctx->task;
    if (!task) return 0;
    struct thread *t = known(task);
    if (!t || t->ended) return 0;
    close_account(t, bpf_ktime_get_ns());
    return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
