/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * Who asks the kernel for memory, and who touches it first: the bytes of mmap, munmap, brk, mremap and madvise by stack,
 * and the page faults that the kernel takes on the target's behalf (a read(2) into new memory) beside its own.
 */
#include "rows.h"
#include "stacks.h"

/* What a call did to the address space, the order of growth.py. */
enum mapped { MAPPED_ANONYMOUS, MAPPED_FILE, UNMAPPED, HEAP_GROWN, HEAP_SHRUNK, REMAPPED_LARGER, REMAPPED_SMALLER, GIVEN_BACK };

/* .rodata.growth: the numbers of the calls on this architecture, set before loading */
const volatile struct {
    s32 mmap, munmap, brk, mremap, madvise, pad;
} memory_calls SEC(".rodata.growth") = {};

struct mapped_key {
    u64 stack;
    u32 pid, kind;
};
struct mapped_value {
    u64 calls, bytes;
};
struct { __uint(type, MAP_HASH); __uint(max_entries, 8192); __type(key, struct mapped_key); __type(value, struct mapped_value); } mapped SEC(".maps");
/* The end of the heap when a thread called brk. */
struct { __uint(type, MAP_HASH); __uint(max_entries, 4096); __type(key, u32); __type(value, u64); } heap_ends SEC(".maps");

struct pt_regs___x86_more {
    unsigned long dx, r10;
} KERNEL;
INLINE u64 argument_2(struct pt_regs *regs) {
    return ON_X86 ? ((struct pt_regs___x86_more *)regs)->dx : ((struct pt_regs___arm64 *)regs)->regs[2];
}
INLINE u64 argument_3(struct pt_regs *regs) {
    return ON_X86 ? ((struct pt_regs___x86_more *)regs)->r10 : ((struct pt_regs___arm64 *)regs)->regs[3];
}

struct mm_struct {
    unsigned long brk;
} KERNEL;
struct task_struct___memory {
    struct mm_struct *mm;
    int pagefault_disabled;
} KERNEL;

INLINE void add_mapped(struct thread *t, u32 kind, u64 bytes) {
    struct mapped_key key = {.stack = t->call_stack, .pid = owner(t), .kind = kind};
    if (!key.pid) key.stack = 0;
    struct mapped_value *row = bpf_map_lookup_elem(&mapped, &key);
    if (!row) {
        struct mapped_value none = {};
        if (bpf_map_update_elem(&mapped, &key, &none, UPDATE_NOEXIST) == -7) {
            count(LOST_ROWS);
            key.stack = key.pid = 0;
            bpf_map_update_elem(&mapped, &key, &none, UPDATE_NOEXIST);
        }
        row = bpf_map_lookup_elem(&mapped, &key);
        if (!row) {
            count(LOST_EVENTS);
            return;
        }
    }
    __sync_fetch_and_add(&row->calls, 1);
    add(&row->bytes, bytes);
}

INLINE void memory_call_begins(struct thread *t) {
    if (t->call != memory_calls.brk) return;
    struct task_struct___memory *task = (struct task_struct___memory *)bpf_get_current_task_btf();
    u64 end = task->mm ? task->mm->brk : 0;
    u32 tid = t->tid;
    bpf_map_update_elem(&heap_ends, &tid, &end, UPDATE_ANY);
}

#define WHOLE_PAGES(bytes) (((bytes) + 4095) & ~4095ull)
enum { ANONYMOUS = 0x20, DONT_NEED = 4, FREE = 8, REMOVE = 9 }; /* of mmap(2) and madvise(2) */

INLINE void memory_call_ends(struct thread *t, struct pt_regs *regs, s64 result) {
    s32 call = t->call;
    if (result < 0 && result >= -4095) return;
    if (call == memory_calls.mmap) {
        add_mapped(t, argument_3(regs) & ANONYMOUS ? MAPPED_ANONYMOUS : MAPPED_FILE, WHOLE_PAGES(argument_1(regs)));
    } else if (call == memory_calls.munmap) {
        add_mapped(t, UNMAPPED, WHOLE_PAGES(argument_1(regs)));
    } else if (call == memory_calls.mremap) {
        u64 before = WHOLE_PAGES(argument_1(regs)), after = WHOLE_PAGES(argument_2(regs));
        if (after > before)
            add_mapped(t, REMAPPED_LARGER, after - before);
        else
            add_mapped(t, REMAPPED_SMALLER, before - after);
    } else if (call == memory_calls.madvise) {
        u64 advice = argument_2(regs);
        if (advice == DONT_NEED || advice == FREE || advice == REMOVE)
            add_mapped(t, GIVEN_BACK, WHOLE_PAGES(argument_1(regs)));
    } else if (call == memory_calls.brk) {
        u32 tid = t->tid;
        u64 *before = bpf_map_lookup_elem(&heap_ends, &tid);
        if (!before || !*before) return;
        if ((u64)result > *before)
            add_mapped(t, HEAP_GROWN, result - *before);
        else if ((u64)result < *before)
            add_mapped(t, HEAP_SHRUNK, *before - result);
        bpf_map_delete_elem(&heap_ends, &tid);
    }
}

#define AT_CALL_BEGIN(t, regs) memory_call_begins(t)
#define AT_CALL_END(t, result, now) memory_call_ends(t, (struct pt_regs *)ctx[0], result)
#include "watch.bpf.c"

/* The kernel touches the target's memory for it. A look at memory that must not fault (ours, too) is none. */
SEC("tp_btf/page_fault_kernel") int kernel_faults(u64 *ctx) {
    struct task_struct *task = bpf_get_current_task_btf();
    struct thread *t = known(task);
    if (!t || shared.stopped || ctx[0] >> 63) return 0;
    if (((struct task_struct___memory *)task)->pagefault_disabled) return 0;
    u64 stack = walk(t, bpf_task_pt_regs(task), 0, WALK_LANGUAGE);
    add_point(POINT_FAULT, owner(t), 0, stack, -1, 0);
    count(EVENTS);
    return 0;
}
