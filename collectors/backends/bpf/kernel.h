/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * What the programs need to know of the kernel, and no more: no vmlinux.h, no libbpf headers. Only the fields that
 * are touched are declared; libbpf moves their offsets to where the running kernel has them (CO-RE).
 */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
typedef long long s64;

#define SEC(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))
#define KERNEL __attribute__((preserve_access_index))
/* An unrolled loop costs the verifier as much as a rolled one, and more to load. */
#define ROLLED _Pragma("clang loop unroll(disable)")
#define EXISTS(field) __builtin_preserve_field_info(field, 2)

/* BTF-defined maps, as libbpf reads them. */
#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name

enum {
    MAP_HASH = 1,
    MAP_ARRAY = 2,
    MAP_PERCPU_ARRAY = 6,
    MAP_STACK_TRACE = 7,
    MAP_RINGBUF = 27,
    MAP_TASK_STORAGE = 29,
};
enum { UPDATE_ANY = 0, UPDATE_NOEXIST = 1 };
enum { STORAGE_CREATE = 1 };
enum { NO_PREALLOC = 1, MMAPABLE = 1 << 10 };
enum { RINGBUF_NO_WAKEUP = 1, RINGBUF_WAKEUP = 2 };
enum { FAST_STACK_COMPARE = 1 << 9, REUSE_STACK_ID = 1 << 10 };

struct task_struct;
struct pt_regs;

/* Helpers, by their number in include/uapi/linux/bpf.h. */
static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*bpf_map_update_elem)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static long (*bpf_map_delete_elem)(void *map, const void *key) = (void *)3;
static u64 (*bpf_ktime_get_ns)(void) = (void *)5;
static long (*bpf_get_stackid)(void *ctx, void *map, u64 flags) = (void *)27;
static long (*bpf_probe_read_user)(void *to, u32 size, const void *from) = (void *)112;
static long (*bpf_probe_read_kernel)(void *to, u32 size, const void *from) = (void *)113;
static long (*bpf_probe_read_user_str)(void *to, u32 size, const void *from) = (void *)114;
static long (*bpf_probe_read_kernel_str)(void *to, u32 size, const void *from) = (void *)115;
static long (*bpf_ringbuf_output)(void *ringbuf, void *data, u64 size, u64 flags) = (void *)130;
static void *(*bpf_task_storage_get)(void *map, struct task_struct *task, void *value, u64 flags) = (void *)156;
static long (*bpf_task_storage_delete)(void *map, struct task_struct *task) = (void *)157;
static struct task_struct *(*bpf_get_current_task_btf)(void) = (void *)158;
static struct pt_regs *(*bpf_task_pt_regs)(struct task_struct *task) = (void *)175;
static long (*bpf_loop)(u32 times, void *callback, void *context, u64 flags) = (void *)181; /* Linux 5.17 */

struct ns_common {
    unsigned int inum;
} KERNEL;
struct pid_namespace {
    struct ns_common ns;
} KERNEL;
/* (Each type that is marked KERNEL costs libbpf a search through all of the kernel's types, some milliseconds; these
 * two have not changed since they were introduced.) */
struct upid {
    int nr;
    struct pid_namespace *ns;
};
struct pid {
    unsigned int level;
    struct upid numbers[1];
} KERNEL;
typedef struct {
    int counter;
} atomic_t;
struct signal_struct {
    atomic_t live;
} KERNEL;
/* Of one of two architectures: the fields of the other are not there, and not asked for. */
struct thread_struct {
    unsigned long fsbase;
    struct {
        unsigned long tp_value;
    } uw;
} KERNEL;
typedef struct {
    u32 val;
} kernel_id;
typedef struct {
    u64 val;
} kernel_capabilities;
struct user_namespace {
    kernel_id owner;
} KERNEL;
struct cred {
    kernel_id uid, gid, suid, sgid, euid, egid, fsuid, fsgid;
    kernel_capabilities cap_permitted;
    struct user_namespace *user_ns;
} KERNEL;
/* Linux 6.18 made a bitmap of the flags; the first word says the same in both. */
struct mm_struct___word {
    unsigned long flags;
} KERNEL;
typedef struct {
    unsigned long __mm_flags[1];
} kernel_mm_flags;
struct mm_struct___bits {
    kernel_mm_flags flags;
} KERNEL;
struct task_struct {
    unsigned int __state;
    int on_cpu;
    int pid;
    int tgid;
    struct task_struct *group_leader;
    struct pid *thread_pid;
    struct signal_struct *signal;
    struct cred *real_cred;
    void *mm;
    char comm[16];
    struct thread_struct thread;
} KERNEL;
struct linux_binprm {
    const char *filename;
} KERNEL;
struct bpf_iter__task {
    void *meta;
    struct task_struct *task;
};

/* The user's registers, under the two names that exist; the one that does not is removed at load time. */
struct pt_regs___x86 {
    unsigned long di, si, cx, ip, sp, bp, orig_ax;
} KERNEL;
struct pt_regs___arm64 {
    u64 regs[31];
    u64 sp, pc;
    s32 syscallno;
} KERNEL;

#define ON_X86 EXISTS(((struct pt_regs___x86 *)0)->orig_ax)
#define REGISTER(regs, x86, arm64) \
    (ON_X86 ? ((struct pt_regs___x86 *)(regs))->x86 : ((struct pt_regs___arm64 *)(regs))->arm64)

INLINE u64 argument_0(struct pt_regs *regs) { return REGISTER(regs, di, regs[0]); }
INLINE u64 argument_1(struct pt_regs *regs) { return REGISTER(regs, si, regs[1]); }
INLINE u64 instruction_pointer(struct pt_regs *regs) { return REGISTER(regs, ip, pc); }
INLINE u64 stack_pointer(struct pt_regs *regs) { return REGISTER(regs, sp, sp); }
INLINE u64 frame_pointer(struct pt_regs *regs) { return REGISTER(regs, bp, regs[29]); }
/* Where the current thread has its thread-local data: pthread_self(), or (arm64) a little above it. */
INLINE u64 thread_pointer(void) {
    struct task_struct *task = bpf_get_current_task_btf();
    return EXISTS(((struct task_struct *)0)->thread.fsbase) ? task->thread.fsbase : task->thread.uw.tp_value;
}
/* Whether the user's instruction pointer is behind an instruction that called the kernel: it leaves the same in cx.
 * (Only the tables of x86-64 ask.) */
INLINE u64 behind_system_call(struct pt_regs *regs) {
    return ON_X86 && ((struct pt_regs___x86 *)regs)->cx == ((struct pt_regs___x86 *)regs)->ip;
}
/* The system call that a task is inside of, negative when it entered the kernel for another reason. */
INLINE s32 syscall_number(struct pt_regs *regs) { return (s32)REGISTER(regs, orig_ax, syscallno); }
