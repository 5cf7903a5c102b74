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
