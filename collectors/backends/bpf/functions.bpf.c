/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * How often functions are called, from where, and how long they take: a probe on the first instruction and one on the
 * return. What is under way is kept with the thread, innermost last.
 */
#include "rows.h"
#include "stacks.h"

static u64 (*bpf_get_attach_cookie)(void *ctx) = (void *)174; /* Linux 5.15 */

#define OPEN 16 /* calls under way in one thread; deeper ones are counted, and not timed */
#define NO_VALUE 5

enum value_of { ARGUMENT_0, ARGUMENT_1, ARGUMENT_2, ARGUMENT_3, RETURNED, NO_VALUE_AT_ALL };
/* .rodata.functions, set before loading */
const volatile struct {
    u32 value, pad;
} asked_for SEC(".rodata.functions") = {};

struct function_key {
    u64 stack;
    u32 pid, function;
};
struct function_value {
    u64 calls, returns, nested, ns, max;
    u64 negative, values;
    s64 sum, least, most;
    u32 histogram[32];
    u32 sizes[64];
};
const volatile struct function_value no_function SEC(".rodata.nothing") = {};

struct open_call {
    u64 began, stack, sp;
    u32 function, nested;
};
struct calling {
    u32 depth, pad;
    struct open_call open[OPEN];
    struct scratch scratch;
};
enum tally { TALLY_EVENTS, TALLY_DEEP, TALLIES };

struct { __uint(type, MAP_TASK_STORAGE); __uint(map_flags, NO_PREALLOC); __type(key, int); __type(value, struct calling); } callings SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 4096); __type(key, struct function_key); __type(value, struct function_value); } functions SEC(".maps");
struct { __uint(type, MAP_PERCPU_ARRAY); __uint(max_entries, TALLIES); __type(key, u32); __type(value, u64); } tallies SEC(".maps");

#include "watch.bpf.c"
#include "entry.h"

INLINE void tally(u32 which) {
    u64 *n = bpf_map_lookup_elem(&tallies, &which);
    if (n) *n += 1;
}

INLINE struct function_value *function_row(u64 stack, u32 pid, u32 function) {
    struct function_key key = {.stack = pid ? stack : 0, .pid = pid, .function = function};
    struct function_value *row = bpf_map_lookup_elem(&functions, &key);
    if (row) return row;
    if (bpf_map_update_elem(&functions, &key, (void *)&no_function, UPDATE_NOEXIST) == -7) {
        count(LOST_ROWS);
        key.stack = key.pid = 0;
        bpf_map_update_elem(&functions, &key, (void *)&no_function, UPDATE_NOEXIST);
    }
    row = bpf_map_lookup_elem(&functions, &key);
    if (!row) count(LOST_EVENTS);
    return row;
}

INLINE void add_value(struct function_value *row, s64 value) {
    if (value < 0) __sync_fetch_and_add(&row->negative, 1);
    if (!row->values || value < row->least) row->least = value;
    if (!row->values || value > row->most) row->most = value;
    __sync_fetch_and_add(&row->values, 1);
    __sync_fetch_and_add(&row->sum, value);
    if (value < 0) return;
    u32 bits = (u64)value >> 32 ? 32 + log2_of((u64)value >> 32) : log2_of(value);
    __sync_fetch_and_add(&row->sizes[bits & 63], 1);
}

SEC("uprobe") int function_begins(void *ctx) {
    struct task_struct *task = bpf_get_current_task_btf();
    struct thread *t = known(task);
    if (!t || shared.stopped) return 0;
    struct calling *c = bpf_task_storage_get(&callings, task, 0, STORAGE_CREATE);
    if (!c) {
        count(LOST_EVENTS);
        return 0;
    }
    tally(TALLY_EVENTS);
    struct pt_regs *regs = bpf_task_pt_regs(task);
    u32 function = bpf_get_attach_cookie(ctx);
    u64 sp = stack_pointer(regs);
    u64 stack = walk_caller(t, regs, &c->scratch);
    struct function_value *row = function_row(stack, owner(t), function);
    if (row) {
        __sync_fetch_and_add(&row->calls, 1);
        if (asked_for.value < RETURNED) add_value(row, (s64)given(regs, asked_for.value));
    }
    /* Calls that were jumped out of lie below the stack that is in use now. */
    u32 nested = 0;
    ROLLED
    for (int i = 0; i < OPEN; i++) {
        if (i >= c->depth) break;
        struct open_call *open = &c->open[i & (OPEN - 1)];
        if (open->sp < sp) {
            c->depth = i;
            break;
        }
        if (open->function == function) nested = 1;
    }
    u32 depth = c->depth;
    if (depth >= OPEN) {
        tally(TALLY_DEEP);
        return 0;
    }
    struct open_call *open = &c->open[depth & (OPEN - 1)];
    open->stack = stack;
    open->sp = sp;
    open->function = function;
    open->nested = nested;
    c->depth = depth + 1;
    open->began = bpf_ktime_get_ns();
    return 0;
}

SEC("uretprobe") int function_ends(void *ctx) {
    struct task_struct *task = bpf_get_current_task_btf();
    u64 now = bpf_ktime_get_ns();
    struct thread *t = known(task);
    if (!t || shared.stopped) return 0;
    struct calling *c = bpf_task_storage_get(&callings, task, 0, 0);
    if (!c) return 0;
    tally(TALLY_EVENTS);
    struct pt_regs *regs = bpf_task_pt_regs(task);
    u32 function = bpf_get_attach_cookie(ctx);
    u64 sp = stack_pointer(regs);
    ROLLED
    for (int i = 0; i < OPEN; i++) {
        u32 depth = c->depth;
        if (!depth) return 0;
        struct open_call *open = &c->open[(depth - 1) & (OPEN - 1)];
        if (open->sp > sp) return 0; /* of a call that was too deep to be kept */
        c->depth = depth - 1;
        if (open->function != function || open->sp + 16 < sp) continue; /* jumped out of */
        struct function_value *row = function_row(open->stack, owner(t), function);
        if (!row) return 0;
        u64 took = now - open->began;
        __sync_fetch_and_add(&row->returns, 1);
        if (open->nested) __sync_fetch_and_add(&row->nested, 1);
        else add(&row->ns, took);
        if (took > row->max) row->max = took;
        __sync_fetch_and_add(&row->histogram[log2_of(took) & 31], 1);
        if (asked_for.value == RETURNED) add_value(row, (s64)returned(regs));
        return 0;
    }
    return 0;
}
