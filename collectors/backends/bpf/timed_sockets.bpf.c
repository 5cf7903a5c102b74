/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * Whom the target talks to (sockets.bpf.c), and when each system call was (timeline.h), in one window.
 */
#include "timeline.h"
#define AT_CALL_BEGIN(t, regs) \
    if (is_not_the_programs(t)) return 0; \
    net_call_begins(t, regs)
#define AT_SAMPLE(t, stack, kernel) tell_sample(t, stack, kernel)
#define AT_CALL_END(t, result, now) \
    if (goes_on(t, result)) return 0; \
    tell_call(t, now); \
    net_call_ends(t, result, now)
#include "sockets.bpf.c"
