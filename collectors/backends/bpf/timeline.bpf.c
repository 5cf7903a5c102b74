/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * When each system call was (timeline.h), and nothing else beside the usual window.
 */
#include "timeline.h"
#define AT_CALL_BEGIN(t, regs) \
    if (is_not_the_programs(t)) return 0
#define AT_SAMPLE(t, stack, kernel) tell_sample(t, stack, kernel)
#define AT_CALL_END(t, result, now) \
    if (goes_on(t, result)) return 0; \
    tell_call(t, now)
#include "watch.bpf.c"
