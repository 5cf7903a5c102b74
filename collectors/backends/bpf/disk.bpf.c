/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * What reaches the disk on the target's behalf: the block requests that its threads issue themselves, from issue to
 * completion, and the pages that had to be brought into the page cache for it. What the kernel writes back later is
 * nobody's any more: it is issued by the kernel's own threads.
 */
#include "rows.h"
#include "stacks.h"

struct block_device {
    u32 bd_dev;
} KERNEL;
struct request {
    u32 cmd_flags, __data_len;
    struct block_device *part;
} KERNEL;

enum operation { READ, WRITE, FLUSH, OTHER_OPERATION };
enum { OPERATION_MASK = 255, RAW_READ = 0, RAW_WRITE = 1, RAW_FLUSH = 2 };

struct pending {
    u64 began, stack, object;
    u32 pid, operation, device, bytes;
};
struct disk_key {
    u64 stack, object;
    u32 pid, operation, device, pad;
};
struct disk_value {
    u64 requests, bytes, ns, max;
    u32 histogram[32];
};
struct cached {
    u64 pages; /* added to the page cache by this thread's own calls: what was not there */
};
struct cached_key {
    u64 stack, object;
    u32 pid, pad;
};

const volatile struct disk_value no_requests SEC(".rodata.disk") = {};

/* .data.queue: how many requests of the target were under way at once */
struct {
    u64 since, area; /* the last change, and the sum of depth times nanoseconds */
    u64 depth, deepest, issued, depth_at_issue, lost;
} queue SEC(".data.queue") = {};

struct { __uint(type, MAP_HASH); __uint(max_entries, 16384); __type(key, u64); __type(value, struct pending); } pendings SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 8192); __type(key, struct disk_key); __type(value, struct disk_value); } disk SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 8192); __type(key, struct cached_key); __type(value, struct cached); } cached SEC(".maps");

#include "watch.bpf.c"

INLINE void change_depth(s64 by, u64 now) {
    u64 depth = queue.depth;
    if (queue.since && now > queue.since) __sync_fetch_and_add(&queue.area, depth * (now - queue.since));
    queue.since = now;
    __sync_fetch_and_add(&queue.depth, by);
    if (by > 0 && depth + 1 > queue.deepest) queue.deepest = depth + 1;
}

/* A request belongs to the call that the thread is in; outside of one it is a page fault's. */
INLINE u64 stack_now(struct thread *t, struct task_struct *task) {
    return t->call_began ? t->call_stack : walk(t, bpf_task_pt_regs(task), 0, WALK_LANGUAGE);
}

SEC("tp_btf/block_rq_issue") int request_begins(u64 *ctx) {
    struct task_struct *task = bpf_get_current_task_btf();
    struct thread *t = known(task);
    if (!t || shared.stopped) return 0;
    struct request *rq = (struct request *)ctx[0];
    u64 key = (u64)rq, now = bpf_ktime_get_ns();
    u32 raw = rq->cmd_flags & OPERATION_MASK;
    struct pending p = {.began = now, .pid = owner(t), .bytes = rq->__data_len};
    p.operation = raw == RAW_READ ? READ : raw == RAW_WRITE ? WRITE : raw == RAW_FLUSH ? FLUSH : OTHER_OPERATION;
    if (rq->part) p.device = rq->part->bd_dev;
    if (p.pid) {
        p.stack = stack_now(t, task);
        p.object = t->call_began ? t->call_object : 0;
    }
    if (bpf_map_update_elem(&pendings, &key, &p, UPDATE_ANY)) {
        __sync_fetch_and_add(&queue.lost, 1);
        return 0;
    }
    __sync_fetch_and_add(&queue.issued, 1);
    __sync_fetch_and_add(&queue.depth_at_issue, queue.depth);
    change_depth(1, now);
    return 0;
}

/* In whatever context the disk answers. */
SEC("tp_btf/block_rq_complete") int request_ends(u64 *ctx) {
    u64 request = ctx[0], now = bpf_ktime_get_ns();
    struct pending *p = bpf_map_lookup_elem(&pendings, &request);
    if (!p) return 0;
    struct disk_key key = {.stack = p->stack, .object = p->object, .pid = p->pid, .operation = p->operation, .device = p->device};
    u64 took = now - p->began, bytes = p->bytes;
    bpf_map_delete_elem(&pendings, &request);
    change_depth(-1, now);
    if (shared.stopped) return 0;
    struct disk_value *row = bpf_map_lookup_elem(&disk, &key);
    if (!row) {
        bpf_map_update_elem(&disk, &key, (void *)&no_requests, UPDATE_NOEXIST);
        row = bpf_map_lookup_elem(&disk, &key);
        if (!row) {
            __sync_fetch_and_add(&queue.lost, 1);
            return 0;
        }
    }
    __sync_fetch_and_add(&row->requests, 1);
    add(&row->bytes, bytes);
    add(&row->ns, took);
    if (took > row->max) row->max = took;
    __sync_fetch_and_add(&row->histogram[log2_of(took) & 31], 1);
    return 0;
}

SEC("tp_btf/mm_filemap_add_to_page_cache") int page_comes(u64 *ctx) {
    struct task_struct *task = bpf_get_current_task_btf();
    struct thread *t = known(task);
    if (!t || shared.stopped) return 0;
    struct cached_key key = {.pid = owner(t)};
    if (key.pid) {
        key.stack = stack_now(t, task);
        key.object = t->call_began ? t->call_object : 0;
    }
    struct cached *row = bpf_map_lookup_elem(&cached, &key);
    if (!row) {
        struct cached none = {};
        bpf_map_update_elem(&cached, &key, &none, UPDATE_NOEXIST);
        row = bpf_map_lookup_elem(&cached, &key);
        if (!row) return 0;
    }
    __sync_fetch_and_add(&row->pages, 1);
    return 0;
}
