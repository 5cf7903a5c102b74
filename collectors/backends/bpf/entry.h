/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * At a function's first instruction and at its return: its arguments, its result, and who called it.
 */
#pragma once
#include "stacks.h"

struct pt_regs___x86_all {
    unsigned long dx, cx, ax;
} KERNEL;
/* A function's argument: the fourth is in cx, other than a system call's. */
INLINE u64 given(struct pt_regs *regs, u32 index) {
    switch (index) {
    case 0: return argument_0(regs);
    case 1: return argument_1(regs);
    case 2: return ON_X86 ? ((struct pt_regs___x86_all *)regs)->dx : ((struct pt_regs___arm64 *)regs)->regs[2];
    }
    return ON_X86 ? ((struct pt_regs___x86_all *)regs)->cx : ((struct pt_regs___arm64 *)regs)->regs[3];
}
INLINE u64 returned(struct pt_regs *regs) {
    return ON_X86 ? ((struct pt_regs___x86_all *)regs)->ax : ((struct pt_regs___arm64 *)regs)->regs[0];
}

/* ---- who called: at a function's first instruction its own frame is not there yet -------------------------------- */

INLINE u64 caller_of(struct pt_regs *regs) {
    return ON_X86 ? read_word(stack_pointer(regs)) : ((struct pt_regs___arm64 *)regs)->regs[30];
}

struct caller_scan {
    struct thread *thread;
    struct scratch *scratch;
    u64 from, below, hash;
};

static long word_is_callers(u32 index, struct caller_scan *at) {
    struct scratch *w = at->scratch;
    if (at->from + index * 8 >= at->below) return 1; /* the chain of frame pointers tells of what is beyond */
    u64 word = w->frame[index & (SCAN_BYTES / 8 - 1)];
    if (word < at->thread->text_low || word >= at->thread->text_high) return 0;
    w->stack.native[2] = word;
    w->depth = 3;
    w->stack.flags |= STACK_SCANNED_DEEPER;
    at->hash = mix(at->hash, word);
    return 1;
}

/* The function, its caller, where that is not the program itself (operator new) the first word on the stack that points
 * into the program, and then the frame pointers. */
INLINE u64 walk_from_entry(struct thread *t, struct pt_regs *regs, struct scratch *w, u64 hash) {
    if (t->space) return walk_native(t, regs, w, hash, 0, 0); /* the tables know what holds at a first instruction */
    u64 ip = instruction_pointer(regs), sp = stack_pointer(regs), fp = frame_pointer(regs), caller = caller_of(regs);
    w->stack.native[0] = ip;
    w->stack.native[1] = caller;
    w->depth = 2;
    hash = mix(mix(hash, ip), caller);
    if (t->text_low && (caller < t->text_low || caller >= t->text_high)) {
        struct caller_scan scan = {.thread = t, .scratch = w, .from = sp + 8, .hash = hash};
        scan.below = fp > sp && fp < sp + (8 << 20) ? fp : ~0ull;
        if (!bpf_probe_read_user(w->frame, SCAN_BYTES, (void *)(sp + 8))) bpf_loop(SCAN_BYTES / 8, word_is_callers, &scan, 0);
        hash = scan.hash;
    }
    struct native_walk at = {.thread = t, .scratch = w};
    w->pc = caller;
    w->sp = sp;
    w->fp = fp;
    w->hash = hash;
    bpf_loop(NATIVE_FRAMES, native_frame, &at, 0);
    w->stack.native_frames = w->depth;
    return w->hash;
}

INLINE u64 walk_caller(struct thread *t, struct pt_regs *regs, struct scratch *w) {
    refresh(t);
    if (t->flags & STRANGER || !settings.walk_stacks) return 0;
    w->stack.python_frames = w->stack.native_frames = w->stack.flags = w->stack.loops = 0;
    u64 hash = mix(0, t->image);
    if (t->runtime) hash = walk_python(t, w, hash, stack_pointer(regs));
    if (!w->stack.python_frames) hash = walk_from_entry(t, regs, w, hash);
    return keep_stack(t, w, hash);
}
