/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * Locks: every wait in futex(2), flock(2), fcntl(2) and semop(2), who ended it, and how long it was held before.
 *
 * The kernel wakes a waiter in the time of the thread that lets go: sched_waking tells exactly who waited for whom. What
 * takes a lock that is free, or lets go of one that nobody waits for, mostly makes no system call and is not seen.
 */
#include "rows.h"
#include "stacks.h"

/* Numbers of this machine's system calls; set by user space before loading. */
const volatile struct {
    s32 futex, flock, fcntl, semop, semtimedop;
} lock_calls SEC(".rodata.locks") = {};

enum lock_class { FUTEX, FILE_LOCK, RECORD_LOCK, SEMAPHORES, NO_LOCK };
/* What the memory around a futex looks like when a thread goes to sleep on it (glibc 2.25 and newer). */
enum shape { PLAIN, MUTEX, PRIORITY, CONDITION, SEMAPHORE, RWLOCK, JOIN, PARKED, SHAPES };
#define ON_OWN_STACK 1 /* in place of an address: a semaphore that each waiter makes for itself (a parking lot) */
#define NEAR_STACK 65536
#define JOINED_AT 0x628 /* in struct pthread (nptl/descr.h): joinstate; its tid, since 2.34 at least */
#define TID_AT 0x2d0
#define FAR (1 << 17) /* twice the waiters that may stand between the first and the last of a condition */

enum { WAIT = 0, WAKE = 1, WAKE_OP = 5, LOCK_PI = 6, UNLOCK_PI = 7, WAIT_BITSET = 9, WAKE_BITSET = 10,
       WAIT_REQUEUE_PI = 11, LOCK_PI2 = 13, PRIVATE = 128 };
enum { EAGAIN = 11 };

struct lock_key {
    u64 object; /* an address; as object_of() names them, for a file; a set of semaphores */
    u32 pid, class;
};
/* A thread that waits (ASLEEP), or whose last wait ended without the lock (BETWEEN): when it asks again at once, it is
 * still the same wait. */
enum { DONE, ASLEEP, BETWEEN };
struct waiting {
    struct lock_key lock;
    u64 stack, since, ended, waker_stack;
    u32 pid, tid, state, shape;
    u32 owner;     /* what the lock's memory names as its owner, 0: nobody */
    u32 naps;      /* sleeps that ended without the lock */
    u32 waker_pid;
    u16 slept, shared; /* with other processes: what wakes may be in one of them */
    char waker[16];
};
struct lock_use {
    u64 waits, ns, max, naps, missed, timeouts, wakes, confirmed, calls, stolen;
    u64 held_since;
    u32 holder, waiters, last_owner, pad;
    u32 shapes[SHAPES];
    u32 histogram[32];
};
struct lock_edge_key {
    struct lock_key lock;
    u64 waiter, holder; /* stacks */
    u32 waker_pid, pad;
};
struct lock_edge {
    u64 waits, timeouts, ns, max;
    char waker[16];
    u32 histogram[32];
};
struct lock_hold_key {
    struct lock_key lock;
    u64 stack;
};
struct lock_hold {
    u64 holds, whole, ns, max;
    u32 histogram[32];
};
struct lock_thread_key {
    struct lock_key lock;
    u32 tid, pad;
};
struct lock_thread {
    u64 waits, ns, wakes;
};

struct { __uint(type, MAP_HASH); __uint(max_entries, 8192); __type(key, u64); __type(value, struct waiting); } waiting SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 4096); __type(key, struct lock_key); __type(value, struct lock_use); } lock_uses SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 8192); __type(key, struct lock_edge_key); __type(value, struct lock_edge); } lock_edges SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 8192); __type(key, struct lock_hold_key); __type(value, struct lock_hold); } lock_holds SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 8192); __type(key, struct lock_thread_key); __type(value, struct lock_thread); } lock_threads SEC(".maps");

/* Rows start from these: they are too large for the stack. */
const volatile struct {
    struct lock_use use;
    struct lock_edge edge;
    struct lock_hold hold;
} no_locks SEC(".rodata.locknone") = {};

struct pt_regs___x86_third {
    unsigned long dx;
} KERNEL;
INLINE u64 argument_2(struct pt_regs *regs) {
    return ON_X86 ? ((struct pt_regs___x86_third *)regs)->dx : ((struct pt_regs___arm64 *)regs)->regs[2];
}

INLINE u32 lock_class(s32 call) {
    if (call == lock_calls.futex) return FUTEX;
    if (call == lock_calls.flock) return FILE_LOCK;
    if (call == lock_calls.fcntl) return RECORD_LOCK;
    if (call == lock_calls.semop || call == lock_calls.semtimedop) return SEMAPHORES;
    return NO_LOCK;
}

/* A thread has two places: one for conditions, for on its way back from one it may have to wait for the mutex. */
INLINE u64 place_of(u32 tid, u32 shape) { return tid | (u64)(shape == CONDITION) << 32; }

INLINE struct waiting *asleep(u32 tid) {
    u64 place = place_of(tid, MUTEX);
    struct waiting *w = bpf_map_lookup_elem(&waiting, &place);
    if (w && w->state == ASLEEP) return w;
    place = place_of(tid, CONDITION);
    w = bpf_map_lookup_elem(&waiting, &place);
    return w && w->state == ASLEEP ? w : 0;
}

/* Whether the thread asks again for what it has just not got. The interpreter lock is waited for in pieces of some
 * milliseconds, at one place in the code, with other calls between them. */
#define AT_ONCE 2000000
INLINE int asks_again(struct thread *t, struct waiting *before, struct waiting *now) {
    if (before->lock.object != now->lock.object || before->lock.class != now->lock.class) return 0;
    if (before->ended == t->call_ended) return 1;
    return now->shape == CONDITION && before->stack == now->stack && now->since - before->ended < AT_ONCE;
}

/* A row of a table, made when it is new; 0 and counted as lost when the table is full. */
INLINE void *row_of(void *table, void *key, const volatile void *none) {
    void *row = bpf_map_lookup_elem(table, key);
    if (row) return row;
    bpf_map_update_elem(table, key, (void *)none, UPDATE_NOEXIST);
    row = bpf_map_lookup_elem(table, key);
    if (!row) count(LOST_EVENTS);
    return row;
}

INLINE void add_thread(struct lock_key *lock, u32 tid, u64 waits, u64 ns, u64 wakes) {
    struct lock_thread_key key = {.lock = *lock, .tid = tid};
    struct lock_thread none = {}, *row = row_of(&lock_threads, &key, &none);
    if (!row) return;
    add(&row->waits, waits);
    add(&row->ns, ns);
    add(&row->wakes, wakes);
}

/* ---- what kind of lock ---------------------------------------------------------------------------------------- */

/* glibc's own structures, seen from the word that is slept on (word 11 of what is read):
 * pthread_mutex_t: lock, count, owner, users, kind.                sem_t: value, waiters, private.
 * pthread_rwlock_t: readers, writers, phase*, writers'*, 0, 0, writer.   (* are slept on)
 * pthread_cond_t: ten words, of which 4 and 5 references and 9 waiters << 3, then the two that are slept on.
 * Since 2.41: u64 last, u64 first, sizes of two groups, one more, waiters << 3, the two that are slept on, 0, 0. */
INLINE u32 shape_of(struct pt_regs *regs, u64 address, u32 op, struct waiting *w) {
    u32 m[16] = {}, expected = (u32)argument_2(regs), is_second = (address & 4) != 0;
    if (bpf_probe_read_user(m, 64, (void *)(address - 44))) bpf_probe_read_user(&m[11], 20, (void *)address);
    u32 command = op & 127;
    if (command == LOCK_PI || command == LOCK_PI2) {
        w->owner = m[11] & 0x3fffffff;
        return PRIORITY;
    }
    if (command == WAIT_REQUEUE_PI) return CONDITION;
    if (!(op & PRIVATE) && command == WAIT_BITSET && expected <= 2) {
        /* pthread_join of glibc 2.42 and newer: a word in the thread's descriptor, which begins with its own address */
        u64 descriptor = address - JOINED_AT, self = 0;
        bpf_probe_read_user(&self, 8, (void *)descriptor);
        if (self == descriptor && !bpf_probe_read_user(&w->owner, 4, (void *)(descriptor + TID_AT))) return JOIN;
    }
    if (expected == 2 && (command == WAIT || m[13])) {
        w->owner = m[13];
        return MUTEX;
    }
    if (command == WAIT) return PLAIN;
    if (!(op & PRIVATE) && expected > 2 && expected == m[11]) {
        w->owner = expected;
        return JOIN;
    }
    u32 waiters = (is_second ? m[9] : m[10]) >> 3, references = m[5] >> 1;
    /* (the upper half of an address, 0x7f.., must not pass for a number of waiters) */
    if (waiters && waiters <= 1024 && references && references <= waiters) {
        w->lock.object = address - (is_second ? 44 : 40);
        return CONDITION;
    }
    u64 last = is_second ? m[2] | (u64)m[3] << 32 : m[3] | (u64)m[4] << 32;
    u64 first = is_second ? m[4] | (u64)m[5] << 32 : m[5] | (u64)m[6] << 32;
    if (waiters && waiters <= 1024 && !m[13] && !(is_second ? m[12] : m[14]) && last > first && last - first < FAR) {
        w->lock.object = address - (is_second ? 36 : 32);
        return CONDITION;
    }
    if ((expected == 2 || expected == 3) && !m[13] && !(is_second ? m[12] : m[14])) {
        w->lock.object = address - (is_second ? 12 : 8);
        w->owner = is_second ? m[14] : m[15];
        return RWLOCK;
    }
    if (!expected && m[12] && m[12] <= 1024 && (!m[13] || m[13] == PRIVATE)) {
        u64 above = address - stack_pointer(regs);
        if (above >= NEAR_STACK) return SEMAPHORE;
        w->lock.object = ON_OWN_STACK;
        return PARKED;
    }
    return PLAIN;
}

/* ---- accounts ------------------------------------------------------------------------------------------------- */

/* A wait is over: with the lock (`got`), or given up. */
static __attribute__((noinline)) int wait_is_over(struct waiting *w, u64 now, u32 got) {
    w->state = DONE;
    struct lock_use *use = row_of(&lock_uses, &w->lock, &no_locks.use);
    if (!use) return 0;
    if (!w->slept) {
        __sync_fetch_and_add(&use->missed, 1);
        return 0;
    }
    u64 ns = now - w->since;
    u32 bucket = log2_of(ns) & 31;
    __sync_fetch_and_add(&use->waits, 1);
    __sync_fetch_and_add(&use->ns, ns);
    __sync_fetch_and_add(&use->histogram[bucket], 1);
    add(&use->naps, w->naps);
    if (ns > use->max) use->max = ns;
    if (!got) __sync_fetch_and_add(&use->timeouts, 1);
    add_thread(&w->lock, w->tid, 1, ns, 0);
    struct lock_edge_key key = {.lock = w->lock, .waiter = w->stack};
    if (got) {
        key.holder = w->waker_stack;
        key.waker_pid = w->waker_pid;
    }
    struct lock_edge *edge = row_of(&lock_edges, &key, &no_locks.edge);
    if (!edge) return 0;
    if (!edge->waits && got) __builtin_memcpy(edge->waker, w->waker, 16);
    __sync_fetch_and_add(&edge->waits, 1);
    __sync_fetch_and_add(&edge->ns, ns);
    __sync_fetch_and_add(&edge->histogram[bucket], 1);
    if (ns > edge->max) edge->max = ns;
    if (!got) __sync_fetch_and_add(&edge->timeouts, 1);
    return 0;
}

/* `t` lets go of a lock: since when it had it is known when it waited for it, else only since others wait. */
static __attribute__((noinline)) int lets_go(struct lock_key *lock, struct lock_use *use, struct thread *t) {
    u64 since = use->held_since;
    u32 holder = use->holder, tid = t->tid;
    use->held_since = 0;
    use->holder = 0;
    if (!since || (holder && holder != tid)) return 0;
    struct lock_hold_key key = {.lock = *lock, .stack = t->call_stack};
    struct lock_hold *hold = row_of(&lock_holds, &key, &no_locks.hold);
    if (!hold) return 0;
    u64 ns = bpf_ktime_get_ns() - since;
    u32 bucket = log2_of(ns) & 31;
    __sync_fetch_and_add(&hold->holds, 1);
    __sync_fetch_and_add(&hold->ns, ns);
    __sync_fetch_and_add(&hold->histogram[bucket], 1);
    if (holder) __sync_fetch_and_add(&hold->whole, 1);
    if (ns > hold->max) hold->max = ns;
    return 0;
}

INLINE void starts_to_wait(struct thread *t, struct lock_use *use) {
    if (use->holder == t->tid) { /* it was woken, and somebody else was quicker */
        use->stolen++;
        use->holder = 0;
        use->held_since = 0;
    }
    if (!use->held_since) use->held_since = t->call_began;
    __sync_fetch_and_add(&use->waiters, 1);
}

INLINE void has_it(struct thread *t, struct waiting *w, struct lock_use *use, u64 now) {
    /* Of a mutex that was waited for, letting go makes a call, and is seen. Of other locks only while others wait. */
    int seen_again = w->shape == MUTEX || w->shape == PRIORITY || w->lock.class != FUTEX || use->waiters;
    use->held_since = seen_again ? now : 0;
    use->holder = seen_again ? t->tid : 0;
}

/* ---- every call of the target ---------------------------------------------------------------------------------- */

INLINE void lock_call_begins(struct thread *t, struct pt_regs *regs) {
    u32 class = lock_class(t->call);
    if (class == NO_LOCK || !owner(t)) return;
    struct waiting fresh = {
        .lock = {.object = argument_0(regs), .pid = owner(t), .class = class},
        .stack = t->call_stack, .since = t->call_began, .pid = t->pid, .tid = t->tid, .state = ASLEEP,
    };
    struct lock_use *use;
    u32 op = (u32)argument_1(regs), tid = t->tid;
    if (class == FUTEX) {
        u32 command = op & 127;
        if (command == WAKE || command == WAKE_OP || command == UNLOCK_PI || command == WAKE_BITSET) {
            use = bpf_map_lookup_elem(&lock_uses, &fresh.lock);
            if (use) lets_go(&fresh.lock, use, t);
            return;
        }
        if (command != WAIT && command != WAIT_BITSET && command != LOCK_PI && command != LOCK_PI2 &&
            command != WAIT_REQUEUE_PI)
            return;
        fresh.shared = !(op & PRIVATE);
        fresh.shape = shape_of(regs, argument_0(regs), op, &fresh);
    } else {
        if (class != SEMAPHORES) fresh.lock.object = t->call_object;
        u32 release = 0;
        if (class == FILE_LOCK) {
            release = op & 8; /* LOCK_UN */
        } else if (class == RECORD_LOCK) {
            u32 kind = 0;
            if (op != 6 && op != 7 && op != 37 && op != 38) return; /* F_SETLK, F_SETLKW, and of the open file */
            bpf_probe_read_user(&kind, 2, (void *)argument_2(regs));
            release = kind == 2; /* F_UNLCK */
        }
        if (release) {
            use = bpf_map_lookup_elem(&lock_uses, &fresh.lock);
            if (use) lets_go(&fresh.lock, use, t);
            return;
        }
    }
    u64 place = place_of(tid, fresh.shape);
    struct waiting *w = bpf_map_lookup_elem(&waiting, &place);
    use = row_of(&lock_uses, &fresh.lock, &no_locks.use);
    if (!use) return;
    if (w && w->state == BETWEEN) {
        if (asks_again(t, w, &fresh)) {
            w->state = ASLEEP;
            w->waker_stack = w->waker_pid = 0;
            w->waker[0] = 0;
            if (class == FUTEX) starts_to_wait(t, use);
            return;
        }
        wait_is_over(w, w->ended, 0);
    }
    if (class == FUTEX) {
        if (fresh.owner) use->last_owner = fresh.owner;
        __sync_fetch_and_add(&use->shapes[fresh.shape & (SHAPES - 1)], 1);
        starts_to_wait(t, use);
    }
    bpf_map_update_elem(&waiting, &place, &fresh, UPDATE_ANY);
}

INLINE void lock_call_ends(struct thread *t, s64 result, u64 now) {
    u32 class = lock_class(t->call), tid = t->tid;
    if (class == NO_LOCK) return;
    struct waiting *w = asleep(tid);
    if (!w) return;
    struct lock_use *use = bpf_map_lookup_elem(&lock_uses, &w->lock);
    if (!use) return;
    w->ended = now;
    if (class == FUTEX) {
        if (use->waiters) __sync_fetch_and_add(&use->waiters, -1);
        if (result != -EAGAIN) w->slept = 1;
        if (result == 0) {
            wait_is_over(w, now, 1);
            has_it(t, w, use, now);
        } else {
            if (result != -EAGAIN) w->naps++;
            w->state = BETWEEN;
        }
        return;
    }
    __sync_fetch_and_add(&use->calls, 1);
    if (t->call_blocked) w->slept = 1;
    if (result == 0) {
        if (w->slept)
            wait_is_over(w, now, 1);
        else
            w->state = DONE;
        if (class != SEMAPHORES) has_it(t, w, use, now);
    } else if (w->slept || result == -EAGAIN) {
        w->state = BETWEEN;
    } else {
        w->state = DONE;
    }
}

#define AT_CALL_BEGIN(t, regs) lock_call_begins(t, regs)
#define AT_CALL_END(t, result, now) lock_call_ends(t, result, now)
#include "watch.bpf.c"

/* ---- who lets go ----------------------------------------------------------------------------------------------- */

/* Runs in the time of the thread that wakes another. */
SEC("tp_btf/sched_waking") int lock_wakes(u64 *ctx) {
    struct thread *t = known((struct task_struct *)ctx[0]);
    if (!t || shared.stopped || !t->call_began) return 0;
    u32 class = lock_class(t->call), tid = t->tid;
    if (class == NO_LOCK) return 0;
    struct waiting *w = asleep(tid);
    if (!w) return 0;
    struct task_struct *task = bpf_get_current_task_btf();
    struct thread *by = known(task);
    if (by == t) return 0;
    if (by) {
        /* A timer that goes off while some thread runs is not that thread's doing. */
        if (class == FUTEX && (!by->call_began || by->call != t->call || asleep(by->tid))) return 0;
    } else if (class == FUTEX && !w->shared) {
        return 0;
    }
    if (by || belongs(task)) { /* (who else's it is, is not told) */
        w->waker_pid = number_for_us(task->group_leader->thread_pid);
        bpf_probe_read_kernel(w->waker, sizeof(w->waker), &task->comm);
    }
    if (!by) return 0;
    w->waker_stack = by->call_began ? by->call_stack : 0;
    struct lock_use *use = bpf_map_lookup_elem(&lock_uses, &w->lock);
    if (!use) return 0;
    __sync_fetch_and_add(&use->wakes, 1);
    if (w->owner && w->owner == by->own_tid) __sync_fetch_and_add(&use->confirmed, 1);
    add_thread(&w->lock, by->tid, 0, 0, 1);
    lets_go(&w->lock, use, by);
    return 0;
}

SEC("tp_btf/sched_process_exit") int lock_thread_ends(u64 *ctx) {
    struct thread *t = known((struct task_struct *)ctx[0]);
    if (!t || shared.stopped) return 0;
    ROLLED
    for (u32 i = 0; i < 2; i++) {
        u64 place = place_of(t->tid, i ? CONDITION : MUTEX);
        struct waiting *w = bpf_map_lookup_elem(&waiting, &place);
        if (!w) continue;
        if (w->state == BETWEEN) wait_is_over(w, w->ended, 0);
        bpf_map_delete_elem(&waiting, &place);
    }
    return 0;
}

/* Run once, soon after the beginning: who was inside a lock's call already. Their memory cannot be read from here. */
SEC("iter/task") int lock_sleepers(struct bpf_iter__task *ctx) {
    struct task_struct *task = ctx->task;
    if (!task) return 0;
    struct thread *t = known(task);
    if (!t || !t->call_began || t->call_stack != (IS_STANDING | t->tid)) return 0;
    u32 class = lock_class(t->call), tid = t->tid;
    if (class == NO_LOCK) return 0;
    struct pt_regs *regs = bpf_task_pt_regs(task);
    u32 op = (u32)argument_1(regs), command = op & 127;
    if (class == FUTEX && command != WAIT && command != WAIT_BITSET && command != LOCK_PI && command != LOCK_PI2 &&
        command != WAIT_REQUEUE_PI)
        return 0;
    struct waiting w = {
        .lock = {.object = argument_0(regs), .pid = t->image, .class = class},
        .stack = t->call_stack, .since = t->call_began, .pid = t->pid, .tid = tid, .state = ASLEEP, .slept = 1,
    };
    if (class == FILE_LOCK || class == RECORD_LOCK) w.lock.object = IS_FD | (u32)argument_0(regs);
    if (class == FUTEX && command == WAIT && (u32)argument_2(regs) == 2) w.shape = MUTEX;
    if (command == LOCK_PI || command == LOCK_PI2) w.shape = PRIORITY;
    struct lock_use *use = row_of(&lock_uses, &w.lock, &no_locks.use);
    if (use && class == FUTEX) __sync_fetch_and_add(&use->waiters, 1);
    if (use && w.shape) __sync_fetch_and_add(&use->shapes[w.shape & (SHAPES - 1)], 1);
    u64 place = place_of(tid, MUTEX);
    bpf_map_update_elem(&waiting, &place, &w, UPDATE_NOEXIST);
    return 0;
}
