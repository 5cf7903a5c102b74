/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * Whom is a socket connected to? Each peer gets a number, and user space is told once what it stands for.
 */
#pragma once
#include "sockets.h"

/* ---- rows ------------------------------------------------------------------------------------------------------ */
INLINE struct talk_value *find_row(u64 peer, u64 stack, u32 pid, u32 kind) {
    struct talk_key key = {.peer = peer, .stack = stack, .pid = pid, .kind = kind};
    struct talk_value *row = bpf_map_lookup_elem(&talk, &key);
    if (row) return row;
    u32 zero = 0;
    struct talk_value *none = bpf_map_lookup_elem(&no_talk, &zero);
    if (!none) return 0;
    if (bpf_map_update_elem(&talk, &key, none, UPDATE_NOEXIST) == -7 /* E2BIG: full */) {
        count(LOST_ROWS);
        key.peer = key.stack = 0;
        key.pid = 0;
        bpf_map_update_elem(&talk, &key, none, UPDATE_NOEXIST);
    }
    row = bpf_map_lookup_elem(&talk, &key);
    if (!row) count(LOST_EVENTS);
    return row;
}

ONCE int took(struct talk_value *row, u64 ns) {
    if (!row) return 0;
    __sync_fetch_and_add(&row->calls, 1);
    __sync_fetch_and_add(&row->ns, ns);
    __sync_fetch_and_add(&row->histogram[log2_of(ns) & 31], 1);
    if (ns > row->max) row->max = ns;
    return 0;
}

/* One more of `kind`, with nothing else to add. */
ONCE int count_talk(u64 peer, u64 stack, u32 pid, u32 kind) {
    struct talk_value *row = find_row(peer, stack, pid, kind);
    if (row) __sync_fetch_and_add(&row->calls, 1);
    return 0;
}

ONCE int count_failure(u64 peer, u32 kind, u32 error) {
    struct failure_key key = {.peer = peer, .kind = kind, .error = error};
    u64 one = 1, *n = bpf_map_lookup_elem(&failures, &key);
    if (!n) {
        long full = bpf_map_update_elem(&failures, &key, &one, UPDATE_NOEXIST);
        if (full == -7) count(LOST_EVENTS);
        if (full != -17 /* EEXIST: raced */) return 0;
        n = bpf_map_lookup_elem(&failures, &key);
    }
    if (n) __sync_fetch_and_add(n, 1);
    return 0;
}

/* ---- peers ----------------------------------------------------------------------------------------------------- */
INLINE u16 from_network(u16 port) { return port << 8 | port >> 8; }

/* An IPv4 address may be written as an IPv6 one: the same peer. */
INLINE void unmap(struct peer *p) {
    u64 *words = (u64 *)p->address;
    if (p->family != INET6 || words[0] || (u32)words[1] != 0xffff0000) return;
    p->family = INET;
    words[0] = words[1] >> 32;
    words[1] = 0;
}

INLINE struct net_scratch *fresh_peer(void) {
    u32 zero = 0;
    struct net_scratch *w = bpf_map_lookup_elem(&net_scratches, &zero);
    if (!w) return 0;
    u64 *words = (u64 *)&w->peer;
    ROLLED
    for (int i = 0; i < sizeof(struct peer) / 8; i++) words[i] = 0;
    return w;
}

/* Give the peer its number; user space is told once what it stands for. */
INLINE u64 settle_peer(struct peer *p) {
    unmap(p);
    if (p->role == INCOMING && p->family != UNIX) p->port = 0;
    if (p->role != INCOMING) p->local_port = 0;
    p->record = RECORD_PEER;
    p->hash = 0;
    u64 hash = 0;
    u64 *words = (u64 *)p;
    ROLLED
    for (int i = 0; i < sizeof(struct peer) / 8; i++) hash = mix(hash, words[i]);
    if (!hash) hash = 1;
    p->hash = hash;
    if (!bpf_map_lookup_elem(&seen, &hash)) send_once(hash, p, sizeof(*p), RINGBUF_NO_WAKEUP);
    return hash;
}

INLINE void path_from_kernel(struct peer *p, u64 address) {
    s32 length = 0;
    PEEK(length, struct unix_address, address, len);
    length -= 2; /* the family before it */
    if (length <= 0) return;
    if (length > 108) length = 108;
    bpf_probe_read_kernel(p->path, length & 127, (u8 *)&((struct unix_address *)address)->name + 2);
    p->length = length;
}

/* Of a socket that is connected, from the socket itself. */
INLINE void peer_of_sock(struct peer *p, u64 sk, u32 role) {
    u16 family = 0, type = 0, port = 0, local = 0;
    PEEK(family, struct sock, sk, __sk_common.skc_family);
    PEEK(type, struct sock, sk, sk_type);
    p->family = family;
    p->type = type;
    p->role = role;
    if (family == INET || family == INET6) {
        PEEK(port, struct sock, sk, __sk_common.skc_dport);
        PEEK(local, struct sock, sk, __sk_common.skc_num);
        p->port = from_network(port);
        p->local_port = local;
        if (family == INET)
            bpf_probe_read_kernel(p->address, 4, (void *)&((struct sock *)sk)->__sk_common.skc_daddr);
        else
            bpf_probe_read_kernel(p->address, 16, (void *)&((struct sock *)sk)->__sk_common.skc_v6_daddr);
        u32 key = local;
        if (!role) p->role = bpf_map_lookup_elem(&listening, &key) ? INCOMING : OUTGOING;
    } else if (family == UNIX && EXISTS(((struct unix_sock *)0)->peer)) {
        u64 other = 0, address = 0;
        PEEK(other, struct unix_sock, sk, peer);
        if (other && role != INCOMING) PEEK(address, struct unix_sock, other, addr);
        if (!address) { /* who came to us has no name: ours is the one that was called */
            PEEK(address, struct unix_sock, sk, addr);
            if (!role) p->role = address ? INCOMING : OUTGOING;
        } else if (!role) {
            p->role = OUTGOING;
        }
        if (address) path_from_kernel(p, address);
    } else if (!role) {
        p->role = OUTGOING;
    }
}

/* Of an address that the program names. 0 when it names none. */
INLINE int peer_of_address(struct peer *p, u64 address, u32 length, u16 type) {
    u16 family = 0, port = 0;
    if (!address || length < 2 || bpf_probe_read_user(&family, 2, (void *)address)) return 0;
    p->type = type;
    p->role = OUTGOING;
    p->family = family;
    if (family == INET || family == INET6) {
        bpf_probe_read_user(&port, 2, (void *)(address + 2));
        p->port = from_network(port);
        if (family == INET)
            bpf_probe_read_user(p->address, 4, (void *)(address + 4));
        else
            bpf_probe_read_user(p->address, 16, (void *)(address + 8));
        return 1;
    }
    if (family != UNIX || length <= 2) return 0;
    length -= 2;
    if (length > 108) length = 108;
    u8 first = 0;
    bpf_probe_read_user(&first, 1, (void *)(address + 2));
    if (first) { /* a path ends at its zero, whatever length was given */
        long n = bpf_probe_read_user_str(p->path, 109, (void *)(address + 2));
        p->length = n;
    } else {
        bpf_probe_read_user(p->path, length & 127, (void *)(address + 2));
        p->length = length;
    }
    return 1;
}

/* The numbers of peers, 0 where there is none. What they are is left in net_scratches. */
ONCE u64 name_sock(u64 sk, u32 role) {
    struct net_scratch *w = fresh_peer();
    if (!w) return 0;
    peer_of_sock(&w->peer, sk, role);
    /* a datagram socket without a peer is named one at each call */
    if (w->peer.type == DATAGRAM && !w->peer.port && !w->peer.length && w->peer.role != INCOMING) return 0;
    return settle_peer(&w->peer);
}

ONCE u64 name_address(u64 address, u32 length, u32 type) {
    struct net_scratch *w = fresh_peer();
    return w && peer_of_address(&w->peer, address, length, type) ? settle_peer(&w->peer) : 0;
}

ONCE u64 name_nobody(u32 family, u32 type, u32 role) {
    struct net_scratch *w = fresh_peer();
    if (!w) return 0;
    w->peer.family = family;
    w->peer.type = type;
    w->peer.role = role;
    return settle_peer(&w->peer);
}

INLINE struct peer *last_named(void) {
    u32 zero = 0;
    struct net_scratch *w = bpf_map_lookup_elem(&net_scratches, &zero);
    return w ? &w->peer : 0;
}
