/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * Whose event is it? The target's threads, and what the tracer's namespace calls them.
 */
#pragma once
#include "tables.h"

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

/* ---- whose process --------------------------------------------------------------------------------------------- */

#define PEEK_AT(to, type, address, field) \
    bpf_probe_read_kernel(&(to), sizeof(to), (void *)&((type *)(address))->field)
#define DUMPABLE_MASK 3
#define DUMPABLE_BY_USER 1

INLINE int is_owners(u64 cred) {
    kernel_id one = {};
    u32 owner = settings.owner;
    if (PEEK_AT(one, struct cred, cred, uid) || one.val != owner) return 0;
    if (PEEK_AT(one, struct cred, cred, euid) || one.val != owner) return 0;
    if (PEEK_AT(one, struct cred, cred, suid) || one.val != owner) return 0;
    if (PEEK_AT(one, struct cred, cred, fsuid) || one.val != owner) return 0;
    kernel_id gid = {}, egid = {}, sgid = {};
    PEEK_AT(gid, struct cred, cred, gid);
    PEEK_AT(egid, struct cred, cred, egid);
    PEEK_AT(sgid, struct cred, cred, sgid);
    if (gid.val != egid.val || gid.val != sgid.val) return 0;
    u64 held = ~0ull, space = 0;
    if (PEEK_AT(held, struct cred, cred, cap_permitted)) return 0;
    if (!held) return 1;
    /* Who made a user namespace may do everything in it anyway. (The first one is root's, who is never confined.) */
    PEEK_AT(space, struct cred, cred, user_ns);
    return !PEEK_AT(one, struct user_namespace, space, owner) && one.val == owner;
}

INLINE int is_dumpable(u64 mm) {
    u64 flags = 0;
    if (EXISTS(((struct mm_struct___bits *)0)->flags.__mm_flags)) PEEK_AT(flags, struct mm_struct___bits, mm, flags);
    else PEEK_AT(flags, struct mm_struct___word, mm, flags);
    return (flags & DUMPABLE_MASK) == DUMPABLE_BY_USER;
}

/* For whom the helper measures an unprivileged user, only what that user might inspect by itself may be followed: the
 * rules of ptrace_may_access(), at the moment that a task is adopted, and again whenever it executes a program (that is
 * how a process gains privilege). User space cannot check this: the process may have become another by then. */
INLINE int belongs(struct task_struct *task) {
    if (!settings.confined) return 1;
    u64 cred = 0, mm = 0;
    bpf_probe_read_kernel(&cred, 8, &task->real_cred);
    bpf_probe_read_kernel(&mm, 8, &task->mm);
    return cred && mm && is_owners(cred) && is_dumpable(mm);
}
