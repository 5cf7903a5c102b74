/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
 *
 * Where in the code is it? Python frames from the interpreter's own structures, native ones by frame pointers.
 */
#pragma once
#include "threads.h"

/* The interpreter's record of this thread. A process has several interpreters at times, and a thread then a record in
 * more than one. */
struct state_search {
    struct layout *layout;
    u64 interpreter, state, found, nearest;
    u64 me, sp;
    u32 several, matches;
};

/* Whether a record's word is the name of this thread. (On arm64 the thread pointer is the end of what pthread_self()
 * is the beginning of.) */
INLINE int names_us(struct layout *l, u64 word, u64 me) {
    return l->by_pointer ? me - word < 4096 : (u32)word == (u32)me;
}

static long state_is_ours(u32 index, struct state_search *at) {
    struct layout *l = at->layout;
    u64 state = at->state;
    if (!state) {
        if (!at->interpreter) return 1;
        at->state = read_word(at->interpreter + l->interpreter_threads);
        at->interpreter = read_word(at->interpreter + l->interpreter_next);
        return 0;
    }
    at->state = read_word(state + l->thread_next);
    int ours = names_us(l, read_word(state + l->thread_native_id), at->me);
    if (!at->several) {
        if (ours) at->found = state;
        return ours;
    }
    /* Before 3.12 a thread may run code with the record that another one made: what tells is whose C stack the record
     * points to, and the innermost is the nearest. From 3.13 on each thread makes its own; the newest interpreter, which
     * comes first, is the innermost. 3.8 and 3.9 have neither. */
    u64 frame = read_word(state + l->thread_frame);
    if (l->cframe_frame != NONE) frame = read_word(frame + l->cframe_frame);
    if (!frame) return 0;
    if (l->thread_place != NONE) {
        u64 place = read_word(state + l->thread_place) - at->sp;
        if (place < at->nearest) {
            at->nearest = place;
            at->found = state;
        }
    } else if (ours) {
        if (!at->found) at->found = state;
        at->matches++;
    }
    return 0;
}

INLINE u64 search_state(struct thread *t, struct layout *l, struct scratch *w, u64 me, u64 sp) {
    /* A thread without one (of a C library, say) must not pay for the search at every event. */
    if (t->searches > 256 && bpf_ktime_get_ns() < t->search_after) return 0;
    t->searches++;
    t->search_after = bpf_ktime_get_ns() + 1000000;
    t->interpreter = read_word(t->runtime + l->runtime_interpreters);
    struct state_search search = {.layout = l, .interpreter = t->interpreter, .me = me, .sp = sp, .nearest = 8 << 20};
    search.several = read_word(t->interpreter + l->interpreter_next) != 0;
    bpf_loop(STATES, state_is_ours, &search, 0);
    if (search.matches > 1 && l->by_pointer) { /* nobody can tell which of them it is using */
        w->stack.flags |= STACK_PARTIAL;
        return 0;
    }
    if (search.several) {
        if (search.found) t->searches = 0;
    } else {
        t->state = search.found;
    }
    return search.found;
}

/* The thread's current frame. The cached state is believed only while it names this thread; one read tells both. */
INLINE u64 current_frame(struct thread *t, struct layout *l, struct scratch *w, u64 sp) {
    u32 from = l->thread_frame, name_at = (l->thread_native_id - from) >> 3 & 31;
    u64 me = l->by_pointer ? thread_pointer() : t->own_tid;
    if (t->state) {
        if (bpf_probe_read_user(w->frame, l->by_pointer ? 160 : 128, (void *)(t->state + from))) w->frame[name_at] = 0;
        if (!names_us(l, w->frame[name_at], me)) t->state = 0;
        /* (now and then: is there another interpreter by now?) */
        if (!(++t->looks & 63) && read_word(t->runtime + l->runtime_interpreters) != t->interpreter) t->state = 0;
    }
    if (!t->state) {
        u64 state = search_state(t, l, w, me, sp);
        if (!state || bpf_probe_read_user(w->frame, 8, (void *)(state + from))) return 0;
    }
    u64 frame = w->frame[0];
    if (settings.mixed && l->frame_entry != NONE) w->loop = frame; /* 3.11: the record that points to the frame */
    return l->cframe_frame == NONE ? frame : read_word(frame + l->cframe_frame);
}

struct python_walk {
    struct layout *layout;
    struct scratch *scratch;
    u64 frame, hash;
};

/* A call of the interpreter's loop began with the frame that was walked last. */
INLINE void loop_begins(struct python_walk *at) {
    struct scratch *w = at->scratch;
    u32 last = w->depth - 1;
    at->hash = mix(at->hash, 1);
    if (last < PYTHON_FRAMES) {
        if ((w->stack.python[last].code & CODE_LOOPS) < CODE_LOOPS) w->stack.python[last].code++;
    } else if (w->stack.loops < CODE_LOOPS) {
        w->stack.loops++;
    }
}

/* One frame; 1 ends the loop. */
static long python_frame(u32 index, struct python_walk *at) {
    struct layout *l = at->layout;
    struct scratch *w = at->scratch;
    u64 frame = at->frame;
    if (!frame) return 1;
    /* A read costs far more than the bytes: frames of one thread lie behind each other, callers below, so one read
     * serves several. Fields are picked at masked offsets, which is cheap to verify. */
    if (frame < w->low || frame > w->top) {
        w->top = frame;
        /* not below the frame's own page: the one before may not be there, and a failed read is dear */
        u64 page = frame & ~4095ull, below = frame - (WINDOW_BYTES - FRAME_BYTES);
        w->low = below > page ? below : page;
        if (bpf_probe_read_user(w->frame, WINDOW_BYTES, (void *)w->low)) {
            w->low = frame;
            if (bpf_probe_read_user(w->frame, FRAME_BYTES, (void *)frame)) {
                w->stack.flags |= STACK_PARTIAL;
                return 1;
            }
        }
    }
    u32 word = (frame - w->low) >> 3 & (WINDOW_BYTES / 8 - 1);
    u64 code = w->frame[word + (l->frame_code >> 3 & 15)] & ~(u64)l->tag_mask;
    u64 instruction = w->frame[word + (l->frame_instruction >> 3 & 15)];
    if (l->by_pointer) instruction = (u32)instruction;
    u8 owner = w->frame[word + (l->frame_owner >> 3 & 15)] >> (l->frame_owner << 3 & 56);
    at->frame = w->frame[word + (l->frame_previous >> 3 & 15)];
    if (owner >= l->shim_owner) { /* since 3.12 each call of the loop has one, outside of the frames that it runs */
        if (settings.mixed) {
            if (!w->loop) w->loop = frame;
            loop_begins(at);
        }
        return 0;
    }
    u32 n = w->depth;
    if (n >= PYTHON_FRAMES) {
        w->stack.flags |= STACK_TRUNCATED;
        return 1;
    }
    w->stack.python[n].code = code;
    w->stack.python[n].instruction = instruction;
    w->depth = n + 1;
    at->hash = mix(mix(at->hash, code), instruction);
    if (settings.mixed) {
        /* before 3.11 each frame has a call of its own */
        u8 entered = w->frame[word + (l->frame_entry >> 3 & 15)] >> (l->frame_entry << 3 & 56);
        if (l->by_pointer || (l->frame_entry != NONE && entered)) loop_begins(at);
    }
    return 0;
}

INLINE u64 walk_python(struct thread *t, struct scratch *w, u64 hash, u64 sp) {
    u32 index = t->layout;
    struct layout *l = bpf_map_lookup_elem(&layouts, &index);
    if (!l) return hash;
    struct python_walk at = {.layout = l, .scratch = w, .hash = hash};
    w->loop = 0;
    at.frame = current_frame(t, l, w, sp);
    w->depth = 0;
    w->low = w->top = 0;
    /* (since 3.12 there may be a frame of the interpreter's own beside each) */
    if (bpf_loop(PYTHON_FRAMES * 2, python_frame, &at, 0) == PYTHON_FRAMES * 2) w->stack.flags |= STACK_TRUNCATED;
    w->stack.python_frames = w->depth;
    return at.hash;
}

/* Everything that changes on the way is in the scratch, in memory: the verifier need not follow every value of it. */
struct native_walk {
    struct thread *thread;
    struct scratch *scratch;
    struct unwind_space *space;
    u64 behind; /* the innermost place is behind a system call, and not where the code stands */
    u64 brief; /* end where no file's code is running (what a runtime compiled): nobody can name it, and events are many */
};

/* Whether a word on the stack points into the main program's code; 1 ends the loop. */
static long word_is_code(u32 index, struct native_walk *at) {
    struct scratch *w = at->scratch;
    u64 word = w->frame[index & (SCAN_BYTES / 8 - 1)];
    if (word < at->thread->text_low || word >= at->thread->text_high) return 0;
    w->stack.native[1] = word;
    w->depth = 2;
    w->stack.flags |= STACK_SCANNED;
    w->hash = mix(w->hash, word);
    return 1;
}

/* Go to the caller by the frame pointer; 1 where there is none. */
INLINE int up_by_frame(struct scratch *w) {
    u64 fp = w->fp;
    if (fp < w->sp || fp > w->sp + (8 << 20) || fp & 7) return 1;
    if (bpf_probe_read_user(w->frame, 16, (void *)fp)) return 1;
    w->pc = w->frame[1];
    w->sp = fp + 16;
    w->fp = w->frame[0];
    return 0;
}

/* The last mapping that begins at or below the place: one step of a binary search. */
static long halve_mappings(u32 index, struct native_walk *at) {
    struct scratch *w = at->scratch;
    u32 next = w->mapping + (UNWIND_MAPPINGS / 2 >> (index & 7));
    if (at->space->at[next & (UNWIND_MAPPINGS - 1)].low <= w->place) w->mapping = next;
    return 0;
}

/* The last row at or below the place: one step of a binary search. */
static long halve_rows(u32 index, struct native_walk *at) {
    struct scratch *w = at->scratch;
    if (w->row >= w->rows_end) return 1;
    u32 middle = w->row + (w->rows_end - w->row) / 2;
    struct unwind_row *row = bpf_map_lookup_elem(&unwind_rows, &middle);
    if (!row) return 1;
    if (row->at <= w->place) {
        w->rule = row->rule;
        w->row = middle + 1;
    } else {
        w->rows_end = middle;
    }
    return 0;
}

/* Nothing says where the caller is: what a guess would find is a caller that may be none. */
INLINE int cut(struct scratch *w) {
    w->stack.flags |= STACK_CUT;
    return 1;
}

/* Go to the caller by the table of the code that is running there. 1: there is no caller, none that is wanted, or nobody
 * knows it; -1: frame pointers are kept there. The innermost function may not have made its frame yet, or need none: its
 * caller is told by the table where there is one. Where the order of two languages hangs on it, the table is asked for
 * every caller. */
INLINE int up_by_table(struct native_walk *at) {
    struct scratch *w = at->scratch;
    /* A return address may lie behind the end of a function that never returns. In a system call the instruction is
     * behind the one that made it: clone3 begins the new thread there, which has no caller. */
    w->place = w->pc - (w->depth > 1 || at->behind);
    if (w->place < w->same_low || w->place >= w->same_high) {
        w->mapping = 0;
        bpf_loop(8, halve_mappings, at, 0);
        w->same_low = at->space->at[w->mapping & (UNWIND_MAPPINGS - 1)].low;
        w->same_high = at->space->at[(w->mapping + 1) & (UNWIND_MAPPINGS - 1)].low;
    }
    struct unwind_mapping *m = &at->space->at[w->mapping & (UNWIND_MAPPINGS - 1)];
    if (w->place < m->low || w->place >= m->high) return at->brief ? cut(w) : -1;
    u32 keeps_frames = m->count & KEEPS_FRAMES, rows = m->count & ~KEEPS_FRAMES;
    if (keeps_frames && (!rows || (w->depth > 1 && !settings.mixed))) return -1;
    w->place -= m->bias;
    w->row = m->first;
    w->rows_end = m->first + rows;
    w->rule = NO_RULE;
    bpf_loop(20, halve_rows, at, 0);
    u32 kind = w->rule & 7;
    if (kind == OUTERMOST) {
        w->stack.flags |= STACK_OUTERMOST;
        return 1;
    }
    if (kind >= NO_RULE) return keeps_frames && !settings.mixed ? -1 : cut(w);
    u64 from = w->sp;
    if (kind == BY_FRAME) from = w->fp;
    from += w->rule & 0x7ffff8;
    if (from <= w->sp) return cut(w);
    /* the words below the CFA: the last is the return address */
    u32 saved = w->rule >> 23;
    if (bpf_probe_read_user(&w->pc, 8, (void *)(from - 8))) return cut(w);
    if (saved && bpf_probe_read_user(&w->fp, 8, (void *)(from - saved * 8))) return cut(w);
    w->sp = from;
    return 0;
}

static long native_frame(u32 index, struct native_walk *at) {
    struct scratch *w = at->scratch;
    int ended = -1;
    u64 sp = w->sp;
    if (at->space) ended = up_by_table(at);
    if (ended < 0) ended = up_by_frame(w);
    if (ended) return 1;
    if (w->pc < 4096) {
        if (!w->pc) w->stack.flags |= STACK_OUTERMOST;
        return 1;
    }
    u32 n = w->depth;
    /* (between the call of the loop and its first lines the innermost Python frame is still another call's) */
    if (settings.mixed && w->loop - sp < w->sp - sp) w->stack.loop_frame = n - 1;
    if (n >= NATIVE_FRAMES || n >= settings.native_frames) {
        w->stack.flags |= STACK_TRUNCATED;
        return 1;
    }
    w->stack.native[n] = w->pc;
    w->depth = n + 1;
    w->hash = mix(w->hash, w->pc);
    return 0;
}

/* By unwind tables where user space gave them. Without them by frame pointers, and before those the first word on the
 * stack that points into the main program's code: system call wrappers keep no frame, and their caller would be
 * missing. User space drops it unless a call precedes it. */
INLINE u64 walk_native(struct thread *t, struct pt_regs *regs, struct scratch *w, u64 hash, int scan, int brief) {
    u64 ip = instruction_pointer(regs);
    struct native_walk at = {.thread = t, .scratch = w, .behind = behind_system_call(regs), .brief = brief};
    w->pc = ip;
    w->sp = stack_pointer(regs);
    w->fp = frame_pointer(regs);
    w->stack.native[0] = ip;
    w->stack.loop_frame = NO_FRAME;
    w->depth = 1;
    w->same_low = w->same_high = 0;
    w->hash = mix(hash, ip);
    if (t->space) at.space = bpf_map_lookup_elem(&spaces, &t->space);
    if (!at.space && scan && t->text_low && (ip < t->text_low || ip >= t->text_high))
        if (!bpf_probe_read_user(w->frame, SCAN_BYTES, (void *)w->sp)) bpf_loop(SCAN_BYTES / 8, word_is_code, &at, 0);
    bpf_loop(NATIVE_FRAMES, native_frame, &at, 0);
    w->stack.native_frames = w->depth;
    return w->hash;
}

INLINE void refresh(struct thread *t) {
    if (t->seen_generation == shared.generation) return;
    t->seen_generation = shared.generation;
    struct process *p = bpf_map_lookup_elem(&processes, &t->pid);
    /* (what is said may be of the program before) */
    if (!p || p->executed != t->executed) return;
    t->flags &= ~STRANGER;
    t->runtime = p->runtime;
    t->layout = p->layout;
    t->space = p->space;
    t->text_low = p->text_low;
    t->text_high = p->text_high;
}

/* Whether user space has this stack or path; the thread's own memory spares most look-ups. */
INLINE int is_sent(struct thread *t, u64 hash) {
    if (t->recent[hash & 7] == hash) return 1;
    if (!bpf_map_lookup_elem(&seen, &hash)) return 0;
    t->recent[hash & 7] = hash;
    return 1;
}

/* Send a new stack or path; it stays new until the ring buffer had room for it. */
INLINE void send_once(u64 hash, void *record, u64 size, u64 wake) {
    u8 yes = 1;
    if (bpf_ringbuf_output(&records, record, size, wake))
        count(LOST_STACKS);
    else
        bpf_map_update_elem(&seen, &hash, &yes, UPDATE_ANY);
}

/* At hundreds of thousands of calls a second in one loop, walking the stack of every call costs more than the calls. When
 * the last STREAK calls all had the same stack, and the registers still are the same, only one in LEAP is walked. */
INLINE int same_as_before(struct thread *t, struct pt_regs *regs) {
    if (t->streak < STREAK || !(++t->skipped & (LEAP - 1))) return 0;
    if (instruction_pointer(regs) != t->last_ip || stack_pointer(regs) != t->last_sp) return 0;
    if (frame_pointer(regs) != t->last_fp) return 0;
    t->reused++;
    return 1;
}

INLINE void remember(struct thread *t, struct pt_regs *regs, u64 hash) {
    if (hash != t->last_stack || t->streak == 0) {
        t->streak = 1;
        t->streak_began = t->call_ended;
        t->last_stack = hash;
        t->last_ip = instruction_pointer(regs);
        t->last_sp = stack_pointer(regs);
        t->last_fp = frame_pointer(regs);
    } else if (t->streak < STREAK && ++t->streak == STREAK && t->call_ended - t->streak_began > STREAK * 4000) {
        t->streak = 0; /* fewer than 250,000 a second: walk each */
    }
}

/* A forked child is its parent's program at first, and most go on to execute another one soon: its events are its
 * parent's rows. One that lives on gets rows of its own. */
#define CHILDHOOD 100000000
INLINE void grow_up(struct thread *t) {
    if (t->image != t->pid && t->call_ended > t->began + CHILDHOOD) t->image = t->pid;
}

struct identifying {
    struct layout *layout;
    struct scratch *scratch;
};

static long identify(u32 index, struct identifying *at) {
    struct scratch *w = at->scratch;
    if (index >= PYTHON_FRAMES || index >= w->stack.python_frames) return 1;
    u64 identity = 0;
    if (!bpf_probe_read_user(w->frame, 32, (void *)((w->stack.python[index].code & ~CODE_LOOPS) + at->layout->code_names))) {
        identity = mix(mix(mix(1, w->frame[0]), w->frame[1]), w->frame[2]);
        if (!at->layout->by_pointer) identity = mix(identity, w->frame[3]);
    }
    w->stack.identities[index] = identity;
    return 0;
}

INLINE void identify_code(struct thread *t, struct scratch *w) {
    u32 index = t->layout;
    struct identifying at = {.layout = bpf_map_lookup_elem(&layouts, &index), .scratch = w};
    if (at.layout) bpf_loop(PYTHON_FRAMES, identify, &at, 0);
}

/* Count what a walk met, and send the stack to user space if it is new. Its id, 0 when there is none. */
INLINE u64 keep_stack(struct thread *t, struct scratch *w, u64 hash) {
    if (w->stack.flags & STACK_PARTIAL) count(PARTIAL_STACKS);
    if (w->stack.flags & STACK_TRUNCATED) count(TRUNCATED_STACKS);
    if (!w->stack.python_frames && !w->stack.native_frames) {
        count(NO_STACK);
        return 0;
    }
    if (!hash) hash = 1;
    if (!is_sent(t, hash)) {
        if (w->stack.python_frames) identify_code(t, w);
        w->stack.record = RECORD_STACK;
        w->stack.pid = t->pid;
        w->stack.hash = hash;
        /* (with a wake-up: the memory that names it may be gone a moment later) */
        u64 native = w->stack.native_frames;
        if (native > NATIVE_FRAMES) native = NATIVE_FRAMES;
        send_once(hash, &w->stack, sizeof(w->stack) - sizeof(w->stack.native) + native * 8, RINGBUF_WAKEUP);
    }
    return hash;
}

/* Which native frames a caller wants beside the language's own. */
enum walk { WALK_LANGUAGE, WALK_BOTH };

/* The id of the current thread's stack, 0 when there is none. A new stack is sent to user space once. */
INLINE u64 walk(struct thread *t, struct pt_regs *regs, u32 slot, enum walk how) {
    if (!settings.walk_stacks) return 0;
    refresh(t);
    if (t->flags & STRANGER) return 0;
    int is_native = !t->runtime && how == WALK_LANGUAGE;
    if (is_native && same_as_before(t, regs)) return t->last_stack;
    struct scratch *w = bpf_map_lookup_elem(&scratches, &slot);
    if (!w) return 0;
    w->stack.python_frames = w->stack.native_frames = w->stack.flags = w->stack.loops = 0;
    grow_up(t);
    u64 hash = mix(mix(0, t->image), t->executed);
    if (t->runtime) hash = walk_python(t, w, hash, stack_pointer(regs));
    if (how == WALK_BOTH || !w->stack.python_frames)
        hash = walk_native(t, regs, w, hash, !w->stack.python_frames, how == WALK_LANGUAGE);
    hash = keep_stack(t, w, hash);
    if (is_native && hash) remember(t, regs, hash);
    return hash;
}

/* Whose row an event belongs to: strangers share one, or a build's compilers would fill the tables. */
INLINE u32 owner(struct thread *t) { return (t->flags & (STRANGER | LAUNCHED)) == STRANGER ? 0 : t->image; }
