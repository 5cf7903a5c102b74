/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * Whom the target talks to: every connect, accept, send and receive by (peer, stack), the turns of request and answer
 * on each socket, and the first bytes of a request, from which user space makes a shape and forgets the rest.
 *
 * A descriptor is looked up in the thread's own file table and its socket asked for its addresses, so connections that
 * were open before the window, duplicated, inherited or passed along are all known alike. A socket is told by its inode.
 */
#define AT_CALL_BEGIN(t, regs) net_call_begins(t, regs)
#define AT_CALL_END(t, result, now) net_call_ends(t, result, now)
#include "threads.h"

/* A function that the verifier looks at once, for any arguments, and not again at each call. */
#define ONCE __attribute__((noinline))

INLINE void net_call_begins(struct thread *t, struct pt_regs *regs);
INLINE void net_call_ends(struct thread *t, s64 result, u64 now);
#include "watch.bpf.c"

/* ---- what the kernel keeps of a socket ------------------------------------------------------------------------ */
struct inode {
    u16 i_mode;
    unsigned long i_ino;
} KERNEL;
struct file {
    struct inode *f_inode;
    void *private_data;
} KERNEL;
struct fdtable {
    unsigned int max_fds;
    struct file **fd;
} KERNEL;
struct files_struct {
    struct fdtable *fdt;
} KERNEL;
struct task_struct___files {
    struct files_struct *files;
} KERNEL;
struct sock;
struct socket {
    struct file *file;
    struct sock *sk;
} KERNEL;
struct in6_addr {
    u8 bytes[16];
};
struct sockaddr_un {
    u16 sun_family;
    char sun_path[108];
};
struct sock_common {
    u16 skc_family;
    u32 skc_daddr, skc_rcv_saddr;
    u16 skc_dport, skc_num;
    struct in6_addr skc_v6_daddr;
} KERNEL;
struct sock {
    struct sock_common __sk_common;
    u16 sk_type, sk_protocol;
    int sk_err;
    struct socket *sk_socket;
} KERNEL;
struct tcp_sock {
    u32 srtt_us;
} KERNEL;
struct unix_address {
    int len;
    struct sockaddr_un name[0];
} KERNEL;
struct unix_sock {
    struct unix_address *addr;
    struct sock *peer;
} KERNEL;
struct pt_regs___x86_net {
    unsigned long di, si, dx, r10, r8;
} KERNEL;
struct pt_regs___arm64_net {
    u64 regs[31];
    u64 sp, pc, pstate, orig_x0;
} KERNEL;
#define NET_ARGUMENT(regs, x86, arm64) \
    (ON_X86 ? ((struct pt_regs___x86_net *)(regs))->x86 : ((struct pt_regs___arm64_net *)(regs))->arm64)
/* From a kernel address that is no typed pointer. */
#define PEEK(to, type, address, field) \
    bpf_probe_read_kernel(&(to), sizeof(to), (void *)&((type *)(address))->field)

/* ---- shared with network.py ------------------------------------------------------------------------------------ */
#define PEER_PATH 112
#define PAYLOAD 256
#define SMALL 128 /* bytes: a send below is small */
#define PAYLOADS_A_SECOND 4000
#define DNS 53

enum { RECORD_PEER = RECORD_PART, RECORD_PAYLOAD };
enum { ROLE_NONE, OUTGOING, INCOMING };
enum { UNIX = 1, INET = 2, INET6 = 10 };
enum { STREAM = 1, DATAGRAM = 2 };
enum talk { TALK_CONNECT = 1, TALK_ACCEPT, TALK_SEND, TALK_RECEIVE, TALK_TURN, TALK_KNOWN, TALK_RETRANSMIT };
/* A call's kind, and how it passes its data. */
enum { CALL_KIND = 7, CALL_SEND = 1, CALL_RECEIVE, CALL_CONNECT, CALL_ACCEPT, CALL_URING, CALL_PAIR };
enum { FORM = 7 << 3, FORM_BUFFER = 0, FORM_VECTOR = 1 << 3, FORM_MESSAGE = 2 << 3, FORM_MESSAGES = 3 << 3, FORM_NONE = 4 << 3 };
enum { HAS_ADDRESS = 64 };

struct peer {
    u32 record;
    u8 family, type, role, pad;
    u64 hash;
    u16 port, local_port; /* as people write them; the remote one is 0 of who came to us */
    u32 length;           /* of the path */
    u8 address[16];
    u8 path[PEER_PATH];
};
struct payload {
    u32 record;
    u32 pid;
    u64 peer, stack, socket, at;
    u32 length, size; /* bytes that follow, bytes that were sent */
    u8 sent, pad[7];
    u8 data[PAYLOAD];
};
struct talk_key {
    u64 peer, stack;
    u32 pid, kind;
};
struct talk_value {
    u64 calls, bytes, small, small_bytes, begins, ns, max, rtt, rtt_max, rtts;
    u32 histogram[32];
};
struct failure_key {
    u64 peer;
    u32 kind, error;
};
enum net_counter { PAYLOADS_LIMITED, PAYLOADS_LOST, SOCKETS_UNKNOWN, URING_CALLS, NET_COUNTERS };

/* ---- our own --------------------------------------------------------------------------------------------------- */
struct socket_state {
    u64 peer, stack, turn_at;
    u64 connect_began, connect_took, connect_stack;
    u32 pid;
    u32 settled; /* the connect has been counted */
    u8 family, type, role, direction, connected, waiting, dns, pad;
};
enum { NEITHER, SENT, RECEIVED };
struct limit {
    u64 second, passed;
};
struct net_scratch {
    struct peer peer;
    struct payload payload;
};
struct iovec {
    u64 base, length;
};
struct msghdr {
    u64 name;
    u32 name_length, pad;
    u64 vector, vectors;
    u64 control, control_length;
    u32 flags, pad2;
};
struct mmsghdr {
    struct msghdr header;
    u32 length, pad;
};

/* What one call said: to or from whom, and where its bytes are. */
struct piece {
    u64 buffer, room, bytes; /* room: of the first part of a vector; bytes: of the message */
};
struct said {
    u64 peer, stack, socket, now, bytes, messages;
    u32 pid, sends;
    struct piece first, second;
};

struct { __uint(type, MAP_ARRAY); __uint(max_entries, CALL_NUMBERS); __type(key, u32); __type(value, u8); } net_calls SEC(".maps");
struct { __uint(type, 9 /* LRU_HASH */); __uint(max_entries, 32768); __type(key, u64); __type(value, struct socket_state); } sockets SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 16384); __uint(map_flags, NO_PREALLOC); __type(key, struct talk_key); __type(value, struct talk_value); } talk SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 4096); __uint(map_flags, NO_PREALLOC); __type(key, struct failure_key); __type(value, u64); } failures SEC(".maps");
struct { __uint(type, MAP_HASH); __uint(max_entries, 1024); __type(key, u32); __type(value, u8); } listening SEC(".maps");
struct { __uint(type, MAP_ARRAY); __uint(max_entries, 1); __type(key, u32); __type(value, struct limit); } limits SEC(".maps");
struct { __uint(type, MAP_ARRAY); __uint(max_entries, 1); __type(key, u32); __type(value, struct talk_value); } no_talk SEC(".maps");
struct { __uint(type, MAP_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, u32); __type(value, struct net_scratch); } net_scratches SEC(".maps");
struct { __uint(type, MAP_ARRAY); __uint(max_entries, NET_COUNTERS); __type(key, u32); __type(value, u64); } net_counters SEC(".maps");

INLINE void net_count(u32 which) {
    u64 *n = bpf_map_lookup_elem(&net_counters, &which);
    if (n) __sync_fetch_and_add(n, 1);
}

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

/* ---- sockets --------------------------------------------------------------------------------------------------- */
struct found {
    u64 inode, sk;
};

/* The socket behind a descriptor of the current thread; sk is 0 when it is none. */
INLINE struct found socket_of(u32 fd) {
    struct found found = {};
    struct task_struct___files *task = (void *)bpf_get_current_task_btf();
    struct fdtable *table = task->files->fdt;
    if (fd >= table->max_fds) return found;
    u64 file = 0, inode = 0, socket = 0;
    u16 mode = 0;
    bpf_probe_read_kernel(&file, 8, (void *)((u64)table->fd + 8ull * fd));
    if (!file || PEEK(inode, struct file, file, f_inode) || !inode) return found;
    PEEK(mode, struct inode, inode, i_mode);
    if ((mode & 0170000) != 0140000) return found;
    PEEK(found.inode, struct inode, inode, i_ino);
    PEEK(socket, struct file, file, private_data);
    if (socket) PEEK(found.sk, struct socket, socket, sk);
    return found;
}

INLINE u64 inode_of(struct sock *sk) { return sk->sk_socket->file->f_inode->i_ino; }

/* A socket that is met for the first time was there before we looked. */
ONCE int meet(u64 inode, u64 sk, u32 pid) {
    struct socket_state new = {.pid = pid, .settled = 1, .connected = 1};
    new.peer = name_sock(sk, ROLE_NONE);
    struct peer *p = last_named();
    if (!p) return 0;
    new.family = p->family;
    new.type = p->type;
    new.role = p->role;
    new.dns = p->port == DNS;
    if (new.peer) count_talk(new.peer, 0, pid, TALK_KNOWN);
    bpf_map_update_elem(&sockets, &inode, &new, UPDATE_ANY);
    return 0;
}

INLINE struct socket_state *state_of(struct thread *t, struct found *found) {
    struct socket_state *state = bpf_map_lookup_elem(&sockets, &found->inode);
    if (state) return state;
    meet(found->inode, found->sk, owner(t));
    return bpf_map_lookup_elem(&sockets, &found->inode);
}

/* ---- connections ----------------------------------------------------------------------------------------------- */
INLINE void connect_begins(struct thread *t, struct pt_regs *regs) {
    struct found found = socket_of((u32)argument_0(regs));
    if (!found.sk) return;
    struct socket_state *old = bpf_map_lookup_elem(&sockets, &found.inode);
    /* asked again how a connect without waiting came out */
    if (old && old->type != DATAGRAM && (old->connected || (old->connect_began && !old->settled))) return;
    u16 type = 0;
    PEEK(type, struct sock, found.sk, sk_type);
    struct socket_state new = {.pid = owner(t), .connect_began = t->call_began, .connect_stack = t->call_stack};
    new.peer = name_address(argument_1(regs), (u32)NET_ARGUMENT(regs, dx, regs[2]), type);
    struct peer *p = last_named();
    if (!new.peer || !p) return;
    new.family = p->family;
    new.type = type;
    new.role = OUTGOING;
    new.dns = p->port == DNS;
    bpf_map_update_elem(&sockets, &found.inode, &new, UPDATE_ANY);
}

ONCE int connected(struct socket_state *s, u64 ns) {
    if (!s || __sync_lock_test_and_set(&s->settled, 1)) return 0;
    s->connected = 1;
    struct talk_value *row = s->type == DATAGRAM ? 0 : find_row(s->peer, s->connect_stack, s->pid, TALK_CONNECT);
    if (row) took(row, ns);
    return 0;
}

INLINE void not_connected(struct socket_state *s, u32 error) {
    if (!__sync_lock_test_and_set(&s->settled, 1)) count_failure(s->peer, TALK_CONNECT, error);
}

INLINE void connect_ends(struct thread *t, struct pt_regs *regs, s64 result, u64 now) {
    struct found found = socket_of((u32)NET_ARGUMENT(regs, di, orig_x0));
    struct socket_state *s = found.sk ? bpf_map_lookup_elem(&sockets, &found.inode) : 0;
    if (!s || !s->connect_began) return;
    if (result == 0) {
        connected(s, s->connect_took ? s->connect_took : now - s->connect_began);
    } else if (result == -115 /* EINPROGRESS */ || result == -4 || result <= -512 /* interrupted: it goes on */) {
        s->waiting = 1;
        if (s->connect_took) connected(s, s->connect_took);
    } else if (result != -114 /* EALREADY */ && result != -106 /* EISCONN */) {
        not_connected(s, (u32)-result);
    }
}

/* The state of a connection moves in whatever context is current: only the socket tells whose it is. */
SEC("tp_btf/inet_sock_set_state") int connects(u64 *ctx) {
    if (shared.stopped || (u32)ctx[1] != 2 /* SYN_SENT */) return 0;
    struct sock *sk = (struct sock *)ctx[0];
    u64 inode = inode_of(sk);
    struct socket_state *s = inode ? bpf_map_lookup_elem(&sockets, &inode) : 0;
    if (!s || !s->connect_began) return 0;
    if ((u32)ctx[2] == 1 /* ESTABLISHED */) {
        s->connect_took = bpf_ktime_get_ns() - s->connect_began;
        if (s->waiting) connected(s, s->connect_took);
    } else if (s->waiting) {
        not_connected(s, sk->sk_err); /* 0: it was closed before there was an answer */
    }
    return 0;
}

SEC("tp_btf/tcp_retransmit_skb") int retransmits(u64 *ctx) {
    if (shared.stopped) return 0;
    u64 inode = inode_of((struct sock *)ctx[0]);
    struct socket_state *s = inode ? bpf_map_lookup_elem(&sockets, &inode) : 0;
    if (s) count_talk(s->peer, 0, s->pid, TALK_RETRANSMIT);
    return 0;
}

INLINE void accept_ends(struct thread *t, struct pt_regs *regs, s64 result) {
    int refused = result < 0;
    if (result == -11 || result == -4 || result <= -512) return;
    struct found found = socket_of(refused ? (u32)NET_ARGUMENT(regs, di, orig_x0) : (u32)result);
    if (!found.sk) return;
    struct socket_state new = {.pid = owner(t), .settled = 1, .connected = 1, .role = INCOMING};
    new.peer = name_sock(found.sk, INCOMING);
    struct peer *p = last_named();
    if (!p) return;
    if (refused) {
        count_failure(new.peer, TALK_ACCEPT, (u32)-result);
        return;
    }
    new.family = p->family;
    new.type = p->type;
    bpf_map_update_elem(&sockets, &found.inode, &new, UPDATE_ANY);
    count_talk(new.peer, t->call_stack, new.pid, TALK_ACCEPT);
}

/* Both ends of a pair are opened here, as one connection. */
INLINE void pair_ends(struct thread *t, struct pt_regs *regs) {
    u32 ends[2] = {};
    if (bpf_probe_read_user(ends, sizeof(ends), (void *)NET_ARGUMENT(regs, r10, regs[3]))) return;
    u64 peer = 0;
    ROLLED
    for (int i = 0; i < 2; i++) {
        struct found found = socket_of(ends[i]);
        if (!found.sk) return;
        struct socket_state new = {.pid = owner(t), .settled = 1, .connected = 1, .role = OUTGOING};
        new.peer = peer = name_sock(found.sk, OUTGOING);
        struct peer *p = last_named();
        if (!p) return;
        new.family = p->family;
        new.type = p->type;
        bpf_map_update_elem(&sockets, &found.inode, &new, UPDATE_ANY);
    }
    if (peer) count_talk(peer, t->call_stack, owner(t), TALK_ACCEPT);
}

/* ---- what is said ---------------------------------------------------------------------------------------------- */
/* The first piece of a vector that is not empty. */
ONCE int first_of_vector(struct piece *found, u64 vector, u64 pieces) {
    struct iovec piece;
    if (!found) return 0;
    ROLLED
    for (int i = 0; i < 4; i++) {
        if (i >= pieces || bpf_probe_read_user(&piece, sizeof(piece), (void *)(vector + i * sizeof(piece)))) return 0;
        if (!piece.length) continue;
        found->buffer = piece.base;
        found->room = piece.length;
        return 0;
    }
    return 0;
}

/* The messages of one sendmmsg or recvmmsg: their bytes, and the first two, for a resolver asks for both kinds of
 * address at once. */
ONCE int messages(struct said *said, u64 at, u32 number) {
    if (!said) return 0;
    struct mmsghdr one;
    said->bytes = 0;
    ROLLED
    for (int i = 0; i < 64; i++) {
        if (i >= number || bpf_probe_read_user(&one, sizeof(one), (void *)(at + i * sizeof(one)))) break;
        said->bytes += one.length;
        if (i == 0) {
            first_of_vector(&said->first, one.header.vector, one.header.vectors);
            said->first.bytes = one.length;
        } else if (i == 1) {
            first_of_vector(&said->second, one.header.vector, one.header.vectors);
            said->second.bytes = one.length;
        }
    }
    return 0;
}

INLINE int may_send_payload(u64 now) {
    u32 zero = 0;
    struct limit *l = bpf_map_lookup_elem(&limits, &zero);
    if (!l) return 0;
    u64 second = now >> 30;
    if (l->second != second) {
        l->second = second;
        l->passed = 0;
    }
    if (__sync_fetch_and_add(&l->passed, 1) < PAYLOADS_A_SECOND) return 1;
    net_count(PAYLOADS_LIMITED);
    return 0;
}

ONCE int send_payload(struct piece *piece, struct said *said) {
    u32 zero = 0;
    struct net_scratch *w = bpf_map_lookup_elem(&net_scratches, &zero);
    if (!w || !piece || !said || !piece->buffer || !piece->bytes || !may_send_payload(said->now)) return 0;
    struct payload *p = &w->payload;
    u64 length = piece->room < piece->bytes ? piece->room : piece->bytes;
    if (length > PAYLOAD) length = PAYLOAD;
    p->record = RECORD_PAYLOAD;
    p->pid = said->pid;
    p->peer = said->peer;
    p->stack = said->stack;
    p->socket = said->socket;
    p->at = said->now;
    p->length = length;
    p->size = piece->bytes > 0xffffffff ? 0xffffffff : piece->bytes;
    p->sent = said->sends;
    if (length == 0 || length > PAYLOAD || bpf_probe_read_user(p->data, length, (void *)piece->buffer) ||
        bpf_ringbuf_output(&records, p, sizeof(*p), RINGBUF_NO_WAKEUP))
        net_count(PAYLOADS_LOST);
    return 0;
}

/* A request has been answered. */
ONCE int turn_ends(struct socket_state *s, struct said *said, u64 sk) {
    if (!s || !said) return 0;
    struct talk_value *turn = find_row(said->peer, s->stack, said->pid, TALK_TURN);
    if (!turn) return 0;
    took(turn, said->now > s->turn_at ? said->now - s->turn_at : 0);
    u32 rtt = 0;
    u16 protocol = 0;
    PEEK(protocol, struct sock, sk, sk_protocol);
    if (protocol != 6 /* TCP */ || s->family == UNIX) return 0;
    PEEK(rtt, struct tcp_sock, sk, srtt_us);
    rtt >>= 3;
    if (!rtt) return 0;
    __sync_fetch_and_add(&turn->rtts, 1);
    __sync_fetch_and_add(&turn->rtt, rtt);
    if (rtt > turn->rtt_max) turn->rtt_max = rtt;
    return 0;
}

/* Count what was said, and see whose turn it is. */
ONCE int talked(struct socket_state *s, struct said *said, u64 sk) {
    if (!s || !said) return 0;
    int sends = said->sends;
    struct talk_value *row = find_row(said->peer, said->stack, said->pid, sends ? TALK_SEND : TALK_RECEIVE);
    if (!row) return 0;
    __sync_fetch_and_add(&row->calls, said->messages);
    add(&row->bytes, said->bytes);
    if (sends && said->bytes < SMALL * said->messages) {
        __sync_fetch_and_add(&row->small, said->messages);
        add(&row->small_bytes, said->bytes);
    }
    if (!said->bytes && s->type != DATAGRAM) {
        if (!sends) s->direction = NEITHER; /* the other side has closed */
        return 0;
    }
    /* The side that asks: we, or who came to us. */
    u8 asked = s->role != INCOMING ? SENT : RECEIVED, now = sends ? SENT : RECEIVED, before = s->direction;
    s->direction = now;
    if (now == asked) {
        s->turn_at = said->now;
        if (before != asked) {
            s->stack = said->stack;
            __sync_fetch_and_add(&row->begins, 1);
            send_payload(&said->first, said);
            if (s->dns) send_payload(&said->second, said);
            return 0;
        }
    } else if (before == asked) {
        turn_ends(s, said, sk);
    }
    if (s->dns && s->type == DATAGRAM) {
        send_payload(&said->first, said);
        send_payload(&said->second, said);
    }
    return 0;
}

INLINE void talk_ends(struct thread *t, struct pt_regs *regs, s64 result, u64 now, u8 call) {
    struct found found = socket_of((u32)NET_ARGUMENT(regs, di, orig_x0));
    if (!found.sk) {
        if (result > 0 && (call & HAS_ADDRESS || (call & FORM) == FORM_MESSAGE)) net_count(SOCKETS_UNKNOWN);
        return;
    }
    int sends = (call & CALL_KIND) == CALL_SEND, form = call & FORM;
    u64 second = argument_1(regs), third = NET_ARGUMENT(regs, dx, regs[2]), name = 0;
    u64 fourth = NET_ARGUMENT(regs, r10, regs[3]), fifth = NET_ARGUMENT(regs, r8, regs[4]);
    /* read here: one instruction may not read registers by one way through the code, and memory by another */
    asm volatile("" : "+r"(second), "+r"(third), "+r"(fourth), "+r"(fifth));
    u32 flags = 0, name_length = 128;
    struct msghdr header = {};
    if (call & HAS_ADDRESS) {
        flags = fourth;
        name = fifth;
    } else if (form == FORM_MESSAGE || form == FORM_MESSAGES) {
        if (form == FORM_MESSAGE) flags = third;
        bpf_probe_read_user(&header, sizeof(header), (void *)second);
        name = header.name;
        name_length = header.name_length;
    }
    if (!sends && flags & (2 /* PEEK */ | 0x2000 /* ERRQUEUE */)) return;
    struct socket_state *s = state_of(t, &found);
    if (!s) return;
    struct said said = {.peer = s->peer, .stack = t->call_stack, .socket = found.inode, .now = now};
    said.bytes = result > 0 ? result : 0;
    said.messages = form == FORM_MESSAGES && result > 0 ? result : 1;
    said.pid = owner(t);
    said.sends = sends;
    if (name && s->type == DATAGRAM && (sends || result >= 0)) {
        u64 named = name_address(name, name_length, s->type);
        struct peer *p = last_named();
        if (named && p) {
            said.peer = named;
            s->dns = p->port == DNS;
        }
    }
    /* a datagram from or to nobody that we can name */
    if (!said.peer) said.peer = name_nobody(s->family, s->type, s->role);
    if (result < 0) {
        int at_once = now - t->call_began < 1000000; /* a socket that does not wait says EAGAIN, and so does a time-out */
        if (result == -4 || result <= -512 || (result == -11 && at_once)) return;
        count_failure(said.peer, sends ? TALK_SEND : TALK_RECEIVE, (u32)-result);
        return;
    }
    said.first.bytes = said.bytes;
    if (form == FORM_BUFFER) {
        said.first.buffer = second;
        said.first.room = said.bytes;
    } else if (form == FORM_VECTOR) {
        first_of_vector(&said.first, second, third);
    } else if (form == FORM_MESSAGE) {
        first_of_vector(&said.first, header.vector, header.vectors);
    } else if (form == FORM_MESSAGES) {
        messages(&said, second, result);
    }
    talked(s, &said, found.sk);
}

INLINE u8 net_class(s32 call) {
    u32 index = call & (CALL_NUMBERS - 1);
    u8 *class = bpf_map_lookup_elem(&net_calls, &index);
    return class && call >= 0 && call < CALL_NUMBERS ? *class : 0;
}

ONCE int net_begin(struct thread *t) {
    if (t) connect_begins(t, bpf_task_pt_regs(bpf_get_current_task_btf()));
    return 0;
}

ONCE int net_end(struct thread *t, s64 result, u64 now, u32 call) {
    if (!t) return 0;
    u8 kind = call & CALL_KIND;
    struct pt_regs *regs = bpf_task_pt_regs(bpf_get_current_task_btf());
    if (kind == CALL_URING)
        net_count(URING_CALLS);
    else if (kind == CALL_CONNECT)
        connect_ends(t, regs, result, now);
    else if (kind == CALL_ACCEPT)
        accept_ends(t, regs, result);
    else if (kind == CALL_PAIR)
        pair_ends(t, regs);
    else
        talk_ends(t, regs, result, now, call);
    return 0;
}

INLINE void net_call_begins(struct thread *t, struct pt_regs *regs) {
    if ((net_class(t->call) & CALL_KIND) == CALL_CONNECT) net_begin(t);
}

INLINE void net_call_ends(struct thread *t, s64 result, u64 now) {
    u8 call = net_class(t->call);
    if (call) net_end(t, result, now, call);
}
