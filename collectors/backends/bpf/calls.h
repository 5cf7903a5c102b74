/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * System calls: what a call is made upon, and its account from entry to exit.
 */
#pragma once
#include "rows.h"
#include "stacks.h"

/* A part's programs may look on at every call: they define these two before they include watch.bpf.c.
 * BEGIN: the call's number, stack and object are known; END: they still are, and the result is. */
#ifndef AT_CALL_BEGIN
#define AT_CALL_BEGIN(t, regs)
#endif
#ifndef AT_SAMPLE
#define AT_SAMPLE(t, stack, kernel)
#endif
#ifndef AT_CALL_END
#define AT_CALL_END(t, result, now)
#endif

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

/* An event loop waits for what happens in one call, and has no time for it until the next: between two polls lies what
 * its callbacks took. */
enum { DUPFD = 0, DUPFD_CLOEXEC = 1030 }; /* commands of fcntl */

INLINE int is_of_loop(struct thread *t, u8 class) {
    if (!(class & POLLS)) return 0;
    if (class & OBJECT_MASK) t->flags |= ASKS_EPOLL; /* (poll and select have no descriptor in front) */
    else if (t->flags & ASKS_EPOLL) return 0;
    return 1;
}

INLINE void loop_polls(struct thread *t, u64 now) {
    t->poll_since = now;
    if (!t->off_poll_since) return;
    u64 off = now - t->off_poll_since;
    t->off_poll_since = 0;
    t->off_ns += off;
    t->off_histogram[log2_of(off) & 31]++;
    if (off > t->longest_off) t->longest_off = off;
}

INLINE void loop_polled(struct thread *t, u64 now) {
    t->polls++;
    t->poll_ns += now - t->poll_since; /* (call_began may be older: a part joins what a signal broke) */
    t->poll_stack = t->call_stack;
    t->off_poll_since = now;
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
    t->flags &= ~(FRESH | NO_COPY);
    t->call_began = bpf_ktime_get_ns();
    if (is_of_loop(t, class)) loop_polls(t, t->call_began);
    AT_CALL_BEGIN(t, regs);
    if (class & CLOSES_FD && shared.files_opened) {
        struct fd_key key = {.pid = t->pid, .fd = (u32)argument_0(regs)};
        bpf_map_delete_elem(&descriptors, &key);
    }
    if ((class & COPIES_FD) == COPIES_FD) {
        u32 command = (u32)argument_1(regs);
        if (command != DUPFD && command != DUPFD_CLOEXEC) t->flags |= NO_COPY;
    } else if (class & NEVER_RETURNS) {
        end_call(t, 1, t->call_began, class);
    }
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
    if (class & RETURNS_FD && result >= 0 && t->call_object & IS_PATH && !(t->flags & NO_COPY)) {
        struct fd_key key = {.pid = t->pid, .fd = (u32)result};
        u64 path = t->call_object;
        bpf_map_update_elem(&descriptors, &key, &path, UPDATE_ANY);
        shared.files_opened = 1;
    }
    u32 object = class & OBJECT_MASK;
    if (is_of_loop(t, class)) loop_polled(t, now);
    if (class & POLLS || (object && object != OBJECT_ADDRESS_0) || t->call_blocked) t->asked_last = now;
    AT_CALL_END(t, result, now);
    end_call(t, result, now, class);
    return 0;
}
