/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * One set of programs sees every system call, context switch, page fault, timer tick, fork, exec and exit of the
 * target's threads, walks the code's own frames, and adds the event to a table keyed by (what, stack).
 *
 * A thread is the target's when it has a `struct thread` in task-local storage: `begin` puts one into every thread
 * of the target, fork hands it on. All else costs other processes one failed look-up.
 */
#include "calls.h"

/* ---- on and off the CPU ------------------------------------------------------------------------------------- */

/* Book the time since the thread left the CPU: up to the wake-up it was blocked, after it ready to run. */
INLINE void back_on_cpu(struct thread *t, u64 now) {
    u64 off = now - t->off_since, ready;
    if (t->flags & PREEMPTED)
        ready = off;
    else
        ready = t->woken >= t->off_since ? now - t->woken : 0; /* (a new thread is woken when it is made) */
    u64 blocked = off - ready;
    t->runnable += ready;
    if (t->call_began) {
        t->in_call += blocked;
        t->call_blocked += blocked;
        t->call_runnable += ready;
    } else {
        t->elsewhere += blocked;
        if (blocked) add_point(POINT_BLOCKED, owner(t), 0, t->off_stack, t->off_kernel, blocked);
        if (ready) add_point(POINT_RUNNABLE, owner(t), 0, t->off_stack, -1, ready);
    }
    t->off_since = 0;
    t->woken = 0;
    t->flags &= ~PREEMPTED;
}

SEC("tp_btf/sched_switch") int switches(u64 *ctx) {
    if (shared.stopped) return 0;
    struct task_struct *before = (struct task_struct *)ctx[1], *after = (struct task_struct *)ctx[2];
    struct thread *t = known(before);
    u64 now = 0;
    if (t && !t->off_since) {
        now = bpf_ktime_get_ns();
        if (t->on_since) t->running += now - t->on_since;
        t->on_since = 0;
        t->off_since = now;
        t->woken = 0;
        t->off_kernel = -1;
        if (ctx[0] || before->__state == 0) {
            t->flags |= PREEMPTED;
            t->involuntary++;
        } else {
            t->flags &= ~PREEMPTED;
            t->voluntary++;
        }
        if (!t->call_began) {
            t->off_stack = walk(t, bpf_task_pt_regs(before), 0, WALK_LANGUAGE);
            if (!(t->flags & (PREEMPTED | STRANGER)))
                t->off_kernel = bpf_get_stackid(ctx, &kernel_stacks, FAST_STACK_COMPARE | REUSE_STACK_ID);
        }
    }
    t = known(after);
    if (t) {
        if (!now) now = bpf_ktime_get_ns();
        if (t->off_since) back_on_cpu(t, now);
        t->on_since = now;
    }
    return 0;
}

INLINE int wakes(u64 *ctx) {
    struct thread *t = known((struct task_struct *)ctx[0]);
    if (t && t->off_since && !t->woken) t->woken = bpf_ktime_get_ns();
    return 0;
}
SEC("tp_btf/sched_wakeup") int wakes_up(u64 *ctx) { return wakes(ctx); }

SEC("perf_event") int sample(void *ctx) {
    struct task_struct *task = bpf_get_current_task_btf();
    struct thread *t = known(task);
    if (!t || shared.stopped) return 0;
    u64 stack = walk(t, bpf_task_pt_regs(task), 1, WALK_BOTH);
    s32 kernel = bpf_get_stackid(ctx, &kernel_stacks, FAST_STACK_COMPARE | REUSE_STACK_ID);
    add_point(POINT_CPU, owner(t), t->tid, stack, kernel < 0 ? -1 : kernel, 0);
    u64 now = bpf_ktime_get_ns(), since = t->asked_last;
    if (t->off_poll_since && now - since > LATE_NS) {
        if (t->late_told > since) since = t->late_told;
        t->late_told = now;
        add_point(POINT_LATE, owner(t), t->tid, stack, -1, now - since);
    }
    AT_SAMPLE(t, stack, kernel);
    count(EVENTS);
    return 0;
}

SEC("tp_btf/page_fault_user") int faults(u64 *ctx) {
    struct task_struct *task = bpf_get_current_task_btf();
    struct thread *t = known(task);
    if (!t || shared.stopped) return 0;
    u64 stack = walk(t, (struct pt_regs *)ctx[1], 0, WALK_LANGUAGE);
    add_point(POINT_FAULT, owner(t), 0, stack, -1, 0);
    count(EVENTS);
    return 0;
}

/* ---- births and deaths -------------------------------------------------------------------------------------- */

INLINE void name_thread(struct thread *t, struct task_struct *task) {
    bpf_probe_read_kernel(t->name, sizeof(t->name), &task->comm);
    t->pid = number_for_us(task->group_leader->thread_pid);
    t->tid = number_for_us(task->thread_pid);
    struct pid *own = task->thread_pid;
    u32 level = own->level & 31;
    bpf_probe_read_kernel(&t->own_tid, 4, (void *)((u64)&own->numbers[0] + level * 16));
}

SEC("tp_btf/sched_process_fork") int forks(u64 *ctx) {
    if (shared.stopped) return 0;
    struct task_struct *parent = (struct task_struct *)ctx[0], *child = (struct task_struct *)ctx[1];
    struct thread *from = known(parent);
    if (!from) return 0;
    int is_process = child->tgid != parent->tgid;
    if (is_process && !settings.follow_children) return 0;
    struct thread *t = bpf_task_storage_get(&threads, child, 0, STORAGE_CREATE);
    if (!t) {
        count(LOST_EVENTS);
        return 0;
    }
    mark(child);
    name_thread(t, child);
    t->image = is_process ? from->image : t->pid;
    t->record = RECORD_THREAD;
    t->began = t->off_since = t->woken = bpf_ktime_get_ns();
    t->flags = FRESH | BORN_IN_WINDOW | (from->flags & (is_process ? STRANGER : STRANGER | LAUNCHED));
    t->runtime = from->runtime;
    t->layout = from->layout;
    t->space = from->space;
    t->text_low = from->text_low;
    t->text_high = from->text_high;
    t->seen_generation = from->seen_generation;
    t->executed = from->executed;
    if (is_process) {
        t->state = from->state; /* the same address in the copied memory */
        t->interpreter = from->interpreter;
        struct life life = {.record = RECORD_FORK, .pid = t->pid, .parent = from->pid, .at = t->began};
        struct process *p = bpf_map_lookup_elem(&processes, &from->pid);
        if (p) bpf_map_update_elem(&processes, &t->pid, p, UPDATE_ANY);
        bpf_ringbuf_output(&records, &life, sizeof(life), RINGBUF_NO_WAKEUP);
    }
    return 0;
}

/* A target that is launched is adopted when it executes its program: what stood in its place before is not measured. */
INLINE struct thread *launched(struct task_struct *task) {
    u32 pid = number_for_us(task->group_leader->thread_pid);
    if (!pid || !bpf_map_lookup_elem(&wanted, &pid)) return 0;
    if (!belongs(task)) {
        count(RAISED);
        return 0;
    }
    mark(task);
    struct thread *t = bpf_task_storage_get(&threads, task, 0, STORAGE_CREATE);
    if (!t) {
        count(LOST_EVENTS);
        return 0;
    }
    t->record = RECORD_THREAD;
    t->began = t->on_since = bpf_ktime_get_ns();
    t->flags = LAUNCHED;
    return t;
}

INLINE void close_account(struct thread *t, u64 now);

/* It is more than its owner's now: what it was until here is told, and nothing from here on. */
INLINE void let_go(struct task_struct *task, struct thread *t) {
    struct life life = {.record = RECORD_EXIT, .pid = t->pid, .at = bpf_ktime_get_ns()};
    count(RAISED);
    close_account(t, life.at);
    bpf_map_delete_elem(&processes, &t->pid);
    bpf_task_storage_delete(&threads, task);
    bpf_ringbuf_output(&records, &life, sizeof(life), RINGBUF_NO_WAKEUP);
}

SEC("tp_btf/sched_process_exec") int executes(u64 *ctx) {
    struct task_struct *task = (struct task_struct *)ctx[0];
    struct thread *t = known(task);
    if (shared.stopped) return 0;
    u64 wake = RINGBUF_NO_WAKEUP;
    if (!t && settings.launched) {
        t = launched(task);
        wake = RINGBUF_WAKEUP;
    }
    if (!t) return 0;
    if (!belongs(task)) {
        let_go(task, t);
        return 0;
    }
    struct linux_binprm *program = (struct linux_binprm *)ctx[2];
    name_thread(t, task);
    t->image = t->pid;
    t->flags |= STRANGER;
    t->runtime = t->state = t->text_low = t->text_high = 0;
    t->space = 0;
    t->searches = 0;
    t->seen_generation = shared.generation;
    t->executed = bpf_ktime_get_ns();
    t->streak = 0;
    bpf_map_delete_elem(&processes, &t->pid);
    struct life life = {.record = RECORD_EXEC, .pid = t->pid, .at = t->executed};
    bpf_probe_read_kernel_str(life.name, sizeof(life.name), program->filename);
    bpf_ringbuf_output(&records, &life, sizeof(life), wake);
    return 0;
}

/* Close what is open at `now`, then send the thread's account to user space. */
INLINE void close_account(struct thread *t, u64 now) {
    u32 reused = REUSED_STACKS;
    u64 *all_reused = bpf_map_lookup_elem(&counters, &reused);
    if (all_reused) *all_reused += t->reused;
    flush(t);
    if (t->off_since) back_on_cpu(t, now);
    if (t->on_since) t->running += now - t->on_since;
    t->on_since = 0;
    t->ended = now;
    if (t->call_began && is_of_loop(t, class_of(t->call))) {
        t->polls++;
        t->poll_ns += now - t->poll_since;
        t->poll_stack = t->call_stack;
    } else {
        loop_polls(t, now);
    }
    if (t->call_began) {
        struct call_key key = {.stack = t->call_stack, .object = t->call_object, .pid = owner(t), .call = t->call};
        if (!key.pid) key.stack = key.object = 0;
        struct call_value *row = call_row(&key);
        if (row) {
            __sync_fetch_and_add(&row->unfinished, 1);
            add(&row->ns, now - t->call_began);
            add(&row->blocked, t->call_blocked);
            add(&row->runnable, t->call_runnable);
        }
    }
    if (bpf_ringbuf_output(&records, t, __builtin_offsetof(struct thread, call_stack), RINGBUF_NO_WAKEUP)) count(LOST_EVENTS);
}

SEC("tp_btf/sched_process_exit") int exits(u64 *ctx) {
    struct task_struct *task = (struct task_struct *)ctx[0];
    struct thread *t = known(task);
    if (!t || shared.stopped || t->ended) return 0;
    t->call_began = 0;
    close_account(t, bpf_ktime_get_ns());
    if (task->signal->live.counter == 0) {
        struct life life = {.record = RECORD_EXIT, .pid = t->pid, .at = t->ended};
        bpf_map_delete_elem(&processes, &t->pid);
        bpf_ringbuf_output(&records, &life, sizeof(life), RINGBUF_NO_WAKEUP);
    }
    return 0;
}

/* ---- the first and the last look ----------------------------------------------------------------------------- */

/* Run once, after everything is attached: adopt the target's threads, in the state that they are in. */
SEC("iter/task") int begin(struct bpf_iter__task *ctx) {
    struct task_struct *task = ctx->task;
    if (!task) return 0;
    u32 pid = number_for_us(task->group_leader->thread_pid);
    if (!pid || !bpf_map_lookup_elem(&wanted, &pid)) return 0;
    if (!belongs(task)) {
        u64 mm = 0;
        bpf_probe_read_kernel(&mm, 8, &task->mm);
        if (mm) count(RAISED); /* (a thread that is ending has none) */
        return 0;
    }
    mark(task);
    struct thread *t = bpf_task_storage_get(&threads, task, 0, STORAGE_CREATE);
    if (!t) {
        count(LOST_EVENTS);
        return 0;
    }
    if (t->record) return 0; /* forked by a thread that was adopted a moment ago */
    name_thread(t, task);
    u64 now = shared.window_start;
    t->image = t->pid;
    t->began = now;
    struct pt_regs *regs = bpf_task_pt_regs(task);
    s32 call = syscall_number(regs);
    if (task->on_cpu) {
        t->on_since = now;
    } else {
        t->off_since = now;
        t->off_kernel = -1;
        if (task->__state == 0) t->flags |= PREEMPTED;
        if (call >= 0) { /* (a running thread's registers are stale) */
            t->call = call;
            t->call_began = t->poll_since = now;
            t->call_stack = IS_STANDING | t->tid;
        }
    }
    t->record = RECORD_THREAD;
    return 0;
}

/* Run once, after `stopped` is set: close every account. */
SEC("iter/task") int finish(struct bpf_iter__task *ctx) {
    struct task_struct *task = ctx->task;
    if (!task) return 0;
    struct thread *t = known(task);
    if (!t || t->ended) return 0;
    close_account(t, bpf_ktime_get_ns());
    return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
