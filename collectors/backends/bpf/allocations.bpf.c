/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * Who allocates, and what is not freed: probes on the allocator's functions. Each block that was allocated in the window
 * is remembered by its address until it is freed; each site (stack) has its account.
 *
 * A probe runs with preemption on, so what it needs between its instructions, or between a function's entry and its
 * return, is kept with the thread and not with the CPU.
 */
#include "rows.h"
#include "stacks.h"

static u64 (*bpf_get_attach_cookie)(void *ctx) = (void *)174; /* Linux 5.15 */

/* How a function names what it wants: the cookie of its probe. allocations.py has the same. */
enum takes {
    TAKES_SIZE,              /* malloc(size) */
    TAKES_COUNT_SIZE,        /* calloc(n, size) */
    TAKES_OLD_SIZE,          /* realloc(p, size) */
    TAKES_OLD_COUNT_SIZE,    /* reallocarray(p, n, size) */
    TAKES_ALIGNMENT_SIZE,    /* aligned_alloc(alignment, size) */
    TAKES_OUT_SIZE,          /* posix_memalign(&p, alignment, size) */
    TAKES_BLOCK,             /* free(p) */
    TAKES_MASK = 15,
    AFTER_CONTEXT = 16,      /* Python's: a context comes before all that */
    NAME_SHIFT = 8,          /* above: which function it is, for its row */
};

enum tally {
    TALLY_EVENTS,       /* entries, returns and frees: each was a trap */
    TALLY_UNKNOWN_FREE, /* freed, and not allocated in the window (or not remembered) */
    TALLY_FULL,         /* allocations that the table of blocks had no room for */
    TALLY_FAILED,       /* the allocator returned nothing */
    TALLIES,
};

struct block_key {
    u64 address;
    u32 pid, pad;
};
struct block {
    u64 stack, size, born;
    u32 owner, function;
};
struct site_key {
    u64 stack;
    u32 pid, function;
};
struct site {
    u64 calls, bytes, frees, freed_bytes, life_ns;
    u64 forgotten, forgotten_bytes; /* not remembered: the table of blocks was full */
    u64 largest;
    u32 sizes[32], lives[40]; /* log2 of bytes, of nanoseconds */
};

/* What a thread is in the middle of. */
struct allocating {
    u32 depth; /* functions of the allocator that call each other: the outermost one counts */
    u32 function, takes, pad;
    u64 sp, caller, size, out, stack;
    u64 old; /* the block that realloc was given, and what was known of it */
    struct block was;
    u64 freeing, freed_by; /* the block that was freed last, and by which function: that may call another to do it */
    struct scratch scratch;
};

const volatile struct site no_site SEC(".rodata.allocations") = {};

struct { __uint(type, MAP_TASK_STORAGE); __uint(map_flags, NO_PREALLOC); __type(key, int); __type(value, struct allocating); } allocators SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 262144); __uint(map_flags, NO_PREALLOC); __type(key, struct block_key); __type(value, struct block); } blocks SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 8192); __type(key, struct site_key); __type(value, struct site); } sites SEC(".maps");
struct { __uint(type, MAP_PERCPU_ARRAY); __uint(max_entries, TALLIES); __type(key, u32); __type(value, u64); } tallies SEC(".maps");

#include "watch.bpf.c"

INLINE void tally(u32 which) {
    u64 *n = bpf_map_lookup_elem(&tallies, &which);
    if (n) *n += 1;
}

#include "entry.h"

/* ---- accounts ---------------------------------------------------------------------------------------------------- */

INLINE struct site *site_of(u64 stack, u32 pid, u32 function) {
    struct site_key key = {.stack = pid ? stack : 0, .pid = pid, .function = function};
    struct site *site = bpf_map_lookup_elem(&sites, &key);
    if (site) return site;
    if (bpf_map_update_elem(&sites, &key, (void *)&no_site, UPDATE_NOEXIST) == -7) {
        count(LOST_ROWS);
        key.stack = key.pid = 0;
        bpf_map_update_elem(&sites, &key, (void *)&no_site, UPDATE_NOEXIST);
    }
    site = bpf_map_lookup_elem(&sites, &key);
    if (!site) count(LOST_EVENTS);
    return site;
}

INLINE u32 life_bucket(u64 ns) {
    u32 bits = ns >> 32 ? 32 + log2_of(ns >> 32) : log2_of(ns);
    return bits < 39 ? bits : 39;
}

INLINE void forget(struct block *was, u64 now) {
    struct site *site = site_of(was->stack, was->owner, was->function);
    if (!site) return;
    u64 lived = now - was->born;
    __sync_fetch_and_add(&site->frees, 1);
    add(&site->freed_bytes, was->size);
    add(&site->life_ns, lived);
    __sync_fetch_and_add(&site->lives[life_bucket(lived)], 1);
}

/* What was known of a block; from here on it is not. 1 when it was allocated in the window. */
INLINE int take_out(struct thread *t, u64 address, struct block *was) {
    struct block_key key = {.address = address, .pid = t->pid};
    struct block *block = bpf_map_lookup_elem(&blocks, &key);
    if (!block) return 0;
    *was = *block;
    bpf_map_delete_elem(&blocks, &key);
    return 1;
}

INLINE void remember_block(struct thread *t, u64 address, struct block *block, struct site *site) {
    struct block_key key = {.address = address, .pid = t->pid};
    if (bpf_map_update_elem(&blocks, &key, block, UPDATE_ANY)) {
        tally(TALLY_FULL);
        if (!site) return;
        __sync_fetch_and_add(&site->forgotten, 1);
        add(&site->forgotten_bytes, block->size);
    }
}

INLINE struct allocating *mine(struct task_struct *task) {
    return bpf_task_storage_get(&allocators, task, 0, STORAGE_CREATE);
}

/* Whether an allocator's function is under way in this thread. One whose return was not seen (it was jumped out of) lies
 * below the stack that is in use now, or at its end: there, one that the first one jumped to (reallocarray to realloc)
 * finds in place of its caller the kernel's own trampoline. */
INLINE int is_inside(struct allocating *a, struct pt_regs *regs) {
    if (!a->depth) return 0;
    u64 sp = stack_pointer(regs);
    if (sp > a->sp || (sp == a->sp && caller_of(regs) == a->caller)) a->depth = 0;
    return a->depth > 0;
}

SEC("uprobe") int allocation_begins(void *ctx) {
    struct task_struct *task = bpf_get_current_task_btf();
    struct thread *t = known(task);
    if (!t || shared.stopped) return 0;
    struct allocating *a = mine(task);
    if (!a) {
        count(LOST_EVENTS);
        return 0;
    }
    tally(TALLY_EVENTS);
    struct pt_regs *regs = bpf_task_pt_regs(task);
    if (is_inside(a, regs)) {
        a->depth++;
        return 0;
    }
    u64 cookie = bpf_get_attach_cookie(ctx);
    u32 takes = cookie & TAKES_MASK, skip = cookie & AFTER_CONTEXT ? 1 : 0;
    u64 first = skip ? given(regs, 1) : given(regs, 0), second = skip ? given(regs, 2) : given(regs, 1);
    u64 third = skip ? given(regs, 3) : given(regs, 2);
    a->depth = 1;
    a->sp = stack_pointer(regs);
    a->caller = caller_of(regs);
    a->function = cookie >> NAME_SHIFT;
    a->takes = takes;
    a->old = a->out = 0;
    if (takes == TAKES_SIZE) a->size = first;
    else if (takes == TAKES_COUNT_SIZE) a->size = first * second;
    else if (takes == TAKES_OLD_COUNT_SIZE) a->size = second * third;
    else if (takes == TAKES_OUT_SIZE) a->size = third;
    else a->size = second;
    if (takes == TAKES_OUT_SIZE) a->out = first;
    /* realloc gives the old block away before it returns: another thread may be given it by then */
    if (takes == TAKES_OLD_SIZE || takes == TAKES_OLD_COUNT_SIZE)
        if (first && take_out(t, first, &a->was)) a->old = first;
    if (t->image != t->pid && bpf_ktime_get_ns() > t->began + CHILDHOOD) t->image = t->pid;
    a->stack = walk_caller(t, regs, &a->scratch);
    return 0;
}

SEC("uretprobe") int allocation_ends(void *ctx) {
    struct task_struct *task = bpf_get_current_task_btf();
    struct thread *t = known(task);
    if (!t || shared.stopped) return 0;
    struct allocating *a = bpf_task_storage_get(&allocators, task, 0, 0);
    if (!a || !a->depth) return 0;
    tally(TALLY_EVENTS);
    if (--a->depth) return 0;
    u64 now = bpf_ktime_get_ns();
    u64 address = returned(bpf_task_pt_regs(task));
    if (a->takes == TAKES_OUT_SIZE) address = (u32)address ? 0 : read_word(a->out);
    if (!address) {
        if (a->old && a->size) remember_block(t, a->old, &a->was, 0); /* it failed: the old block lives on */
        else if (a->old) forget(&a->was, now);
        if (a->size) tally(TALLY_FAILED);
        return 0;
    }
    if (a->old) forget(&a->was, now);
    struct block block = {.stack = a->stack, .size = a->size, .born = now, .owner = owner(t), .function = a->function};
    struct site *site = site_of(block.stack, block.owner, block.function);
    if (site) {
        __sync_fetch_and_add(&site->calls, 1);
        add(&site->bytes, block.size);
        if (block.size > site->largest) site->largest = block.size;
        __sync_fetch_and_add(&site->sizes[log2_of(block.size) & 31], 1);
    }
    remember_block(t, address, &block, site);
    return 0;
}

SEC("uprobe") int block_is_freed(void *ctx) {
    struct task_struct *task = bpf_get_current_task_btf();
    struct thread *t = known(task);
    if (!t || shared.stopped) return 0;
    tally(TALLY_EVENTS);
    struct pt_regs *regs = bpf_task_pt_regs(task);
    struct allocating *a = mine(task);
    u64 cookie = bpf_get_attach_cookie(ctx);
    u64 address = cookie & AFTER_CONTEXT ? given(regs, 1) : given(regs, 0);
    if (!address || !a || is_inside(a, regs)) return 0;
    struct block was;
    int ours = take_out(t, address, &was);
    if (ours) {
        forget(&was, bpf_ktime_get_ns());
    } else if (address == a->freeing && cookie != a->freed_by) {
        a->freeing = 0; /* Python's free calls the library's, and operator delete does */
        return 0;
    } else {
        tally(TALLY_UNKNOWN_FREE);
    }
    a->freeing = address;
    a->freed_by = cookie;
    return 0;
}
