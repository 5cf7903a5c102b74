/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * In order or not? For each descriptor, where the last access ended and where the next one begins.
 */
#define AT_CALL_BEGIN(t, regs) file_call_begins(t, regs)
#define AT_CALL_END(t, result, now) file_call_ends(t, result)
#include "threads.h"
INLINE void file_call_begins(struct thread *t, struct pt_regs *regs);
INLINE void file_call_ends(struct thread *t, s64 result);
#include "watch.bpf.c"

/* What a system call does to a position, the order of files.py; filled by user space from the call's name. */
enum access { NO_ACCESS, READ_HERE, WRITE_HERE, READ_AT, WRITE_AT, SEEK, CLOSE };

struct place_key {
    u32 pid, fd;
};
struct place {
    u64 position, next_read_at, next_write_at;
    u8 known, moved, used, used_read_at, used_write_at, pad[3];
};
struct order_key {
    u64 stack, object;
    u32 pid, writes;
};
struct order {
    u64 sequential, random;
};
struct asked {
    u64 offset;
    u32 fd, access;
};

struct { __uint(type, MAP_ARRAY); __uint(max_entries, CALL_NUMBERS); __type(key, u32); __type(value, u8); } accesses SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 16384); __type(key, struct place_key); __type(value, struct place); } places SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 16384); __type(key, struct order_key); __type(value, struct order); } orders SEC(".maps");
struct { __uint(type, MAP_TASK_STORAGE); __uint(map_flags, NO_PREALLOC); __type(key, int); __type(value, struct asked); } asking SEC(".maps");

struct pt_regs___x86_offset {
    unsigned long r10;
} KERNEL;
INLINE u64 argument_3(struct pt_regs *regs) {
    return ON_X86 ? ((struct pt_regs___x86_offset *)regs)->r10 : ((struct pt_regs___arm64 *)regs)->regs[3];
}

INLINE u32 access_of(s32 call) {
    u32 index = call & (CALL_NUMBERS - 1);
    u8 *access = bpf_map_lookup_elem(&accesses, &index);
    return access && call >= 0 && call < CALL_NUMBERS ? *access : NO_ACCESS;
}

INLINE void file_call_begins(struct thread *t, struct pt_regs *regs) {
    u32 access = access_of(t->call);
    if (access == NO_ACCESS) return;
    struct asked *asked = bpf_task_storage_get(&asking, bpf_get_current_task_btf(), 0, STORAGE_CREATE);
    if (!asked) return;
    asked->access = access;
    asked->fd = (u32)argument_0(regs);
    asked->offset = argument_3(regs);
}

INLINE void count_order(struct thread *t, u32 writes, int in_order) {
    struct order_key key = {.stack = t->call_stack, .object = t->call_object, .pid = owner(t), .writes = writes};
    if (!key.pid) key.stack = key.object = 0;
    struct order *row = bpf_map_lookup_elem(&orders, &key);
    if (!row) {
        struct order none = {};
        bpf_map_update_elem(&orders, &key, &none, UPDATE_NOEXIST);
        row = bpf_map_lookup_elem(&orders, &key);
        if (!row) return; /* a full table: the share is of those that were seen */
    }
    __sync_fetch_and_add(in_order ? &row->sequential : &row->random, 1);
}

INLINE void file_call_ends(struct thread *t, s64 result) {
    u32 access = access_of(t->call);
    if (access == NO_ACCESS) return;
    struct asked *asked = bpf_task_storage_get(&asking, bpf_get_current_task_btf(), 0, 0);
    if (!asked || asked->access != access) return;
    struct place_key key = {.pid = t->pid, .fd = asked->fd};
    if (access == CLOSE) {
        bpf_map_delete_elem(&places, &key);
        return;
    }
    if (result < 0 || (access != SEEK && !result)) return;
    struct place *at = bpf_map_lookup_elem(&places, &key);
    if (!at) {
        struct place none = {};
        bpf_map_update_elem(&places, &key, &none, UPDATE_ANY);
        at = bpf_map_lookup_elem(&places, &key);
        if (!at) return;
    }
    u32 writes = access == WRITE_HERE || access == WRITE_AT;
    if (access == SEEK) {
        if (!at->known || at->position != (u64)result) at->moved = 1;
        at->position = result;
        at->known = 1;
    } else if (access == READ_HERE || access == WRITE_HERE) {
        if (at->used) count_order(t, writes, !at->moved);
        at->used = 1;
        at->moved = 0;
        at->position += result;
    } else if (writes) {
        if (at->used_write_at) count_order(t, 1, at->next_write_at == asked->offset);
        at->used_write_at = 1;
        at->next_write_at = asked->offset + result;
    } else {
        if (at->used_read_at) count_order(t, 0, at->next_read_at == asked->offset);
        at->used_read_at = 1;
        at->next_read_at = asked->offset + result;
    }
}
