/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * When each system call was: its beginning and end, thread and row, so that a runtime's own profiler, which samples
 * stacks on the same clock, can say which of them a call belongs to; and when each CPU sample was. Not more than so many in a slice of time.
 *
 * A profiler inside the target (V8's) interrupts its thread by a signal for every sample. What that adds is not the
 * program's: the return from the signal's handler is left out, a call that was interrupted and begun again is one, and
 * so are the profiler's own threads left out.
 */
#pragma once
#include "rows.h"
#include "stacks.h"

#define QUIET 8
#define SLICE_NS 10000000
#define RECORD_EVENT (RECORD_PART + 2) /* beside those of sockets.bpf.c */
#define INTERRUPTED 4 /* EINTR */
#define CPU_SAMPLE (-2) /* the `call` of an event that is a CPU sample; its object is the kernel's stack */
#define RESTARTS 512  /* ERESTARTSYS and its kin, up to 516: the kernel begins the call again */

/* .rodata.timeline, set before loading */
const volatile struct {
    u32 most_in_slice;
    s32 signal_return; /* the number of rt_sigreturn where signals interrupt the target, else -1 */
    u32 quiet[QUIET];  /* threads that are not the program's */
} timeline SEC(".rodata.timeline") = {};

struct event {
    u32 record;
    u32 tid;
    u64 began, ended;
    u64 stack, object;
    u32 pid;
    s32 call;
};
struct slice {
    u64 number, sent, unsent;
};
/* A call that a signal interrupted. */
struct broken {
    u64 began, blocked, runnable;
    s32 call;
    u32 pad;
};
struct { __uint(type, MAP_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, u32); __type(value, struct slice); } slices SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 4096); __type(key, u32); __type(value, struct broken); } broken_calls SEC(".maps");

INLINE int is_quiet(u32 tid) {
    ROLLED
    for (int i = 0; i < QUIET; i++)
        if (timeline.quiet[i] == tid) return 1;
    return 0;
}

/* Whether the call that begins is none of the program's. */
INLINE int is_not_the_programs(struct thread *t) {
    u32 tid = t->tid;
    if (timeline.quiet[0] && is_quiet(tid)) {
        bpf_task_storage_delete(&threads, bpf_get_current_task_btf());
        return 1;
    }
    if (timeline.signal_return < 0) return 0;
    if (t->call == timeline.signal_return) {
        t->call_began = 0;
        return 1;
    }
    struct broken *b = bpf_map_lookup_elem(&broken_calls, &tid);
    if (b && b->began) {
        if (b->call == t->call) {
            t->call_began = b->began;
            t->call_blocked = b->blocked;
            t->call_runnable = b->runnable;
        }
        b->began = 0;
    }
    return 0;
}

/* Whether the call that ends will be begun again. */
INLINE int goes_on(struct thread *t, s64 result) {
    if (timeline.signal_return < 0 || !(result == -INTERRUPTED || (result <= -RESTARTS && result >= -RESTARTS - 4))) return 0;
    u32 tid = t->tid;
    struct broken b = {.began = t->call_began, .blocked = t->call_blocked, .runnable = t->call_runnable, .call = t->call};
    if (bpf_map_update_elem(&broken_calls, &tid, &b, UPDATE_ANY)) return 0;
    t->call_began = 0;
    return 1;
}

INLINE void tell_call(struct thread *t, u64 now) {
    u32 zero = 0;
    struct slice *s = bpf_map_lookup_elem(&slices, &zero);
    if (!s) return;
    if (s->number != now / SLICE_NS) {
        s->number = now / SLICE_NS;
        s->sent = 0;
    }
    struct event e = {.record = RECORD_EVENT, .tid = t->tid, .began = t->call_began, .ended = now,
                      .stack = t->call_stack, .object = t->call_object, .pid = owner(t), .call = t->call};
    if (s->sent >= timeline.most_in_slice || bpf_ringbuf_output(&records, &e, sizeof(e), RINGBUF_NO_WAKEUP))
        s->unsent++;
    else
        s->sent++;
}

/* (They are few: no more than were asked for in a second, on each core.) */
INLINE void tell_sample(struct thread *t, u64 stack, s64 kernel) {
    u64 now = bpf_ktime_get_ns();
    struct event e = {.record = RECORD_EVENT, .tid = t->tid, .began = now, .ended = now,
                      .stack = stack, .object = kernel, .pid = owner(t), .call = CPU_SAMPLE};
    if (bpf_ringbuf_output(&records, &e, sizeof(e), RINGBUF_NO_WAKEUP)) count(LOST_STACKS);
}
