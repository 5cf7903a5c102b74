package net.timer;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Timeouts of many connections, hashed into the slots of a wheel by deadline. */
final class TimerWheel {

    final class Timeout {
        private final Runnable task;
        private final long deadline;
        private long rounds;
        private Timeout prev;
        private Timeout next;
        private Slot slot;

        private Timeout(Runnable task, long deadline) {
            this.task = task;
            this.deadline = deadline;
        }

        void cancel() {
            cancelled.add(this);
        }
    }

    private static final class Slot {
        private final Timeout ring;

        Slot(Timeout ring) {
            this.ring = ring;
            ring.prev = ring.next = ring;
        }

        void add(Timeout t) {
            t.slot = this;
            t.prev = ring.prev;
            t.next = ring;
            ring.prev.next = t; // <- hot 12
            ring.prev = t;
        }

        void unlink(Timeout t) {
            t.prev.next = t.next; // <- hot 14
            t.next.prev = t.prev;
            t.slot = null;
        }
    }

    private final Slot[] wheel;
    private final long tickNanos;
    private final Queue<Timeout> incoming = new ConcurrentLinkedQueue<>();
    private final Queue<Timeout> cancelled = new ConcurrentLinkedQueue<>();
    private long tick;

    TimerWheel(int slots, long tickNanos) {
        wheel = new Slot[Integer.highestOneBit(Math.max(1, slots - 1)) << 1];
        for (int i = 0; i < wheel.length; i++) {
            wheel[i] = new Slot(new Timeout(null, 0));
        }
        this.tickNanos = tickNanos;
    }

    Timeout schedule(Runnable task, long deadlineNanos) {
        Timeout t = new Timeout(task, deadlineNanos);
        incoming.add(t);
        return t;
    }

    void advance() {
        for (Timeout t; (t = incoming.poll()) != null;) { // <- hot 19
            long due = Math.max(t.deadline / tickNanos, tick);
            t.rounds = (due - tick) / wheel.length;
            wheel[(int) (due & wheel.length - 1)].add(t);
        }
        for (Timeout t; (t = cancelled.poll()) != null;) {
            if (t.slot != null) t.slot.unlink(t);
        }
        Slot slot = wheel[(int) (tick++ & wheel.length - 1)];
        Queue<Timeout> expired = new ArrayDeque<>();
        for (Timeout t = slot.ring.next; t != slot.ring; t = t.next) {
            if (t.rounds-- <= 0) expired.add(t); // <- hot 31
        }
        for (Timeout t : expired) {
            slot.unlink(t);
            t.task.run();
        }
    }
}
