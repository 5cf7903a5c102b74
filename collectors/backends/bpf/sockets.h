/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * What is known of sockets: the kernel's structs, the records and tables that backends/bpf/sockets.py reads, and our own.
 */
#pragma once
#include "calls.h"

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
#define PAYLOADS_A_SECOND 1000
#define LARGE 4096 /* bytes: of a call that moves more, some are looked at */
#define SAMPLES_A_SECOND 64
#define DNS 53

enum { RECORD_PEER = RECORD_PART, RECORD_PAYLOAD };
enum { ROLE_NONE, OUTGOING, INCOMING };
enum { UNIX = 1, INET = 2, INET6 = 10 };
enum { STREAM = 1, DATAGRAM = 2 };
enum talk {
    TALK_CONNECT = 1, TALK_ACCEPT, TALK_SEND, TALK_RECEIVE, TALK_TURN, TALK_KNOWN, TALK_RETRANSMIT, TALK_FAILED, TALK_SPAN
};
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
    u8 sent, sample, pad[6]; /* sample: from the midst of many bytes */
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
    u8 family, type, role, direction, connected, waiting, dns, refused; /* the error that a connect met at once */
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
    u64 largest, most;       /* of the parts of a vector: where the largest is, and its room */
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
struct { __uint(type, MAP_ARRAY); __uint(max_entries, 2); __type(key, u32); __type(value, struct limit); } limits SEC(".maps");
struct { __uint(type, MAP_ARRAY); __uint(max_entries, 1); __type(key, u32); __type(value, struct talk_value); } no_talk SEC(".maps");
struct { __uint(type, MAP_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, u32); __type(value, struct net_scratch); } net_scratches SEC(".maps");
struct { __uint(type, MAP_ARRAY); __uint(max_entries, NET_COUNTERS); __type(key, u32); __type(value, u64); } net_counters SEC(".maps");

INLINE void net_count(u32 which) {
    u64 *n = bpf_map_lookup_elem(&net_counters, &which);
    if (n) __sync_fetch_and_add(n, 1);
}
