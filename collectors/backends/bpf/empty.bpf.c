/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * Two programs that do nothing, on the two hooks of every system call: the floor under any tracer's cost. Loaded by
 * bench/overhead.py only.
 */
#include "kernel.h"

SEC("tp_btf/sys_enter") int enter(u64 *ctx) { return 0; }
SEC("tp_btf/sys_exit") int leave(u64 *ctx) { return 0; }

char LICENSE[] SEC("license") = "Dual BSD/GPL";
