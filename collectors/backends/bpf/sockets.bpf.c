/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * Whom the target talks to: every connect, accept, send and receive by (peer, stack), the turns of request and answer
 * on each socket, and the first bytes of a request, from which user space makes a shape and forgets the rest.
 *
 * A descriptor is looked up in the thread's own file table and its socket asked for its addresses, so connections that
 * were open before the window, duplicated, inherited or passed along are all known alike. A socket is told by its inode.
 */
#ifndef AT_CALL_BEGIN
#define AT_CALL_BEGIN(t, regs) net_call_begins(t, regs)
#define AT_CALL_END(t, result, now) net_call_ends(t, result, now)
#endif
#include "threads.h"

/* A function that the verifier looks at once, for any arguments, and not again at each call. */
#define ONCE __attribute__((noinline))

INLINE void net_call_begins(struct thread *t, struct pt_regs *regs);
INLINE void net_call_ends(struct thread *t, s64 result, u64 now);
#include "watch.bpf.c"
#include "peers.h"

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
    if (__sync_lock_test_and_set(&s->settled, 1)) return;
    count_failure(s->peer, TALK_CONNECT, error);
    count_talk(s->peer, s->connect_stack, s->pid, TALK_FAILED);
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
        else if (s->refused) not_connected(s, s->refused);
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
    } else {
        s->refused = sk->sk_err; /* within the call, which may say all the same that it goes on */
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
/* The first piece of a vector that is not empty, and the largest one. */
ONCE int first_of_vector(struct piece *found, u64 vector, u64 pieces) {
    struct iovec piece;
    if (!found) return 0;
    ROLLED
    for (int i = 0; i < 4; i++) {
        if (i >= pieces || bpf_probe_read_user(&piece, sizeof(piece), (void *)(vector + i * sizeof(piece)))) return 0;
        if (!piece.length) continue;
        if (!found->buffer) {
            found->buffer = piece.base;
            found->room = piece.length;
        }
        if (piece.length > found->most) {
            found->largest = piece.base;
            found->most = piece.length;
        }
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

INLINE int may_send_payload(u64 now, u32 sample) {
    struct limit *l = bpf_map_lookup_elem(&limits, &sample);
    if (!l) return 0;
    u64 second = now >> 30;
    if (l->second != second) {
        l->second = second;
        l->passed = 0;
    }
    if (__sync_fetch_and_add(&l->passed, 1) < (sample ? SAMPLES_A_SECOND : PAYLOADS_A_SECOND)) return 1;
    if (!sample) net_count(PAYLOADS_LIMITED);
    return 0;
}

/* The first bytes of a request, or some from the midst of many, which tell whether they are compressed. */
ONCE int send_payload(struct piece *piece, struct said *said, u32 sample) {
    u32 zero = 0;
    struct net_scratch *w = bpf_map_lookup_elem(&net_scratches, &zero);
    if (!w || !piece || !said || !piece->buffer || !piece->bytes) return 0;
    sample = sample != 0;
    if (!may_send_payload(said->now, sample)) return 0;
    struct payload *p = &w->payload;
    u64 length = piece->room, from = piece->buffer;
    if (sample && piece->largest) { /* (a head of few bytes may stand before what is sent) */
        length = piece->most;
        from = piece->largest;
    }
    if (length > piece->bytes) length = piece->bytes;
    if (sample && length > PAYLOAD) from += said->now % (length - PAYLOAD); /* anywhere: what is sent again may be alike */
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
    p->sample = sample;
    if (length == 0 || length > PAYLOAD || bpf_probe_read_user(p->data, length, (void *)from) ||
        bpf_ringbuf_output(&records, p, sizeof(*p), RINGBUF_NO_WAKEUP)) {
        if (!sample) net_count(PAYLOADS_LOST);
    }
    return 0;
}

/* HTTP/1.1 503 …: what an answer says of itself, where it is that the other side could not answer. */
ONCE int failure_told(struct piece *answer) {
    u8 head[12];
    if (!answer || answer->room < sizeof(head) || bpf_probe_read_user(head, sizeof(head), (void *)answer->buffer)) return 0;
    if (head[0] != 'H' || head[1] != 'T' || head[4] != '/' || head[5] != '1' || head[8] != ' ') return 0;
    int status = (head[9] - '0') * 100 + (head[10] - '0') * 10 + (head[11] - '0');
    return (status >= 500 && status <= 599) || status == 429 ? status : 0;
}

/* How long at least one request was under way: of each turn the part that came after the end of the last one. */
ONCE int span(u64 peer, u32 pid, u64 began, u64 ended) {
    struct talk_value *row = find_row(peer, 0, pid, TALK_SPAN);
    if (!row) return 0;
    u64 from = began > row->max ? began : row->max;
    __sync_fetch_and_add(&row->calls, 1);
    if (ended > from) {
        add(&row->ns, ended - from);
        row->max = ended;
    }
    return 0;
}

/* A request has been answered. */
ONCE int turn_ends(struct socket_state *s, struct said *said, u64 sk) {
    if (!s || !said) return 0;
    struct talk_value *turn = find_row(said->peer, s->stack, said->pid, TALK_TURN);
    if (!turn) return 0;
    took(turn, said->now > s->turn_at ? said->now - s->turn_at : 0);
    if (s->role != INCOMING) {
        span(said->peer, said->pid, s->turn_at, said->now);
        span(0, said->pid, s->turn_at, said->now);
        int status = failure_told(&said->first);
        if (status) {
            count_failure(said->peer, TALK_TURN, status);
            count_talk(said->peer, s->stack, said->pid, TALK_FAILED);
        }
    }
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
    if (said->bytes >= LARGE && s->type == STREAM) send_payload(&said->first, said, 1);
    /* The side that asks: we, or who came to us. */
    u8 asked = s->role != INCOMING ? SENT : RECEIVED, now = sends ? SENT : RECEIVED, before = s->direction;
    s->direction = now;
    if (now == asked) {
        s->turn_at = said->now;
        if (before != asked) {
            s->stack = said->stack;
            __sync_fetch_and_add(&row->begins, 1);
            send_payload(&said->first, said, 0);
            if (s->dns) send_payload(&said->second, said, 0);
            return 0;
        }
    } else if (before == asked) {
        turn_ends(s, said, sk);
    }
    if (s->dns && s->type == DATAGRAM) {
        send_payload(&said->first, said, 0);
        send_payload(&said->second, said, 0);
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
        count_talk(said.peer, said.stack, said.pid, TALK_FAILED);
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
