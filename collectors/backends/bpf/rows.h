/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * Adding an event to its row of a table.
 */
#pragma once
#include "threads.h"

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
