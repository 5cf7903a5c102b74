"""What threads of other runtimes wait in: the names by which a Java machine, Go, Rust, Ruby, .NET and servers in C wait
for work, for a lock, or for nothing that concerns the program."""

import re

from perfdoctor.diagnosis.user_code import basename
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.ledger import State

# Symbols of native code, or parts of them.
_FOR_WORK = (
    # conditions, joins and signals of the C and C++ libraries
    "pthread_cond_", "pthread_join", "pthread_timedjoin", "pthread_clockjoin", "std::condition_variable",
    "std::thread::join", "std::__atomic_wait", "std::__atomic_futex", "pthread_barrier_wait", "sigwait",
    "getchar", "fgets", "getline", "_IO_getc",
    # the loops of libraries and servers
    "uv__io_poll", "uv_cond_wait", "g_main_", "ev_run", "event_base_loop", "aeApiPoll", "aeProcessEvents",
    "ngx_epoll_process_events", "ngx_process_events", "fpm_event_", "fcgi_accept_request", "WaitEventSetWait",
    "ServerLoop",
    # Go: an M without a goroutine, the poller, the watcher
    "runtime.stopm", "runtime.findRunnable", "runtime.findrunnable", "runtime.mPark", "runtime.netpoll",
    "runtime.sysmon", "runtime.notetsleepg", "runtime.templateThread", "runtime.bgsweep",
    # Rust
    "std::sys::sync::condvar", "std::thread::park", "std::sys::sync::thread_parking", "parking_lot::condvar",
    "crossbeam_channel", "tokio::runtime::park", "tokio::runtime::scheduler::multi_thread::park", "mio::poll",
    "rayon_core::sleep",
    # Ruby, .NET
    "queue_do_pop", "rb_thread_sleep_forever", "PortableThreadPool", "ThreadpoolMgr::", "FinalizerThread::",
)  # fmt: skip
_LOCKS = (
    "pthread_mutex_lock", "lll_lock_wait", "pthread_rwlock", "pthread_spin", "std::mutex",
    "Mutex::lock_contended", "RwLock::read_contended", "RwLock::write_contended", "RawMutex::lock_slow",
    "RawRwLock::lock_", "runtime.lock2",
    "gvl_acquire", "thread_sched_wait_running_turn", "do_mutex_lock", "AwareLock::",
)  # fmt: skip
_DEEP_LOCKS = ("ObjectMonitor::enter", "ObjectSynchronizer::enter", "ObjectMonitor::EnterI", "Mutex::lock_contended",
               "AwareLock::", "gvl_acquire", "do_mutex_lock")  # fmt: skip
"""these are found above the condition that they are made of"""
_LINKED_IN = (
    "runtime.",
    "internal/",
    "std::",
    "core::",
    "alloc::",
    "tokio::",
    "crossbeam",
    "rayon_core::",
    "parking_lot",
)
_JAVA_FOR_WORK = (
    "java.util.concurrent.ThreadPoolExecutor.getTask", "java.util.concurrent.ForkJoinPool.awaitWork",
    "java.util.concurrent.ForkJoinPool.runWorker", "java.util.concurrent.SynchronousQueue.",
    "java.util.concurrent.LinkedTransferQueue.", "java.util.concurrent.DelayQueue.",
    "java.util.concurrent.Exchanger.", "java.util.concurrent.CountDownLatch.await",
    "java.util.concurrent.CyclicBarrier.", "java.util.concurrent.Phaser.", "java.util.concurrent.CompletableFuture.",
    "java.util.concurrent.FutureTask.", "java.util.concurrent.ForkJoinTask.",
    "java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject.",
    "java.util.concurrent.locks.LockSupport.park",
    "java.lang.Thread.join", "java.lang.Object.wait", "java.lang.ref.", "java.util.TimerThread.", "jdk.jfr.",
    "jdk.internal.ref.", "sun.nio.ch.EPoll", "sun.nio.ch.SelectorImpl.", "sun.nio.ch.KQueue", "sun.nio.ch.Net.accept",
    "java.net.ServerSocket.", "java.net.PlainSocketImpl.socketAccept",
)  # fmt: skip
_JAVA_LOCKS = (
    "java.util.concurrent.locks.AbstractQueuedSynchronizer.acquire", "java.util.concurrent.locks.ReentrantLock",
    "java.util.concurrent.locks.ReentrantReadWriteLock", "java.util.concurrent.locks.StampedLock",
    "java.util.concurrent.locks.AbstractQueuedLongSynchronizer.acquire", "java.util.concurrent.Semaphore.",
)  # fmt: skip
_JAVA_ASKS = ("jdk.internal.net.http.HttpClientImpl.send", "io.grpc.stub.ClientCalls.", "io.lettuce.core.")
"""clients whose threads of their own talk, and hand the answer to the one that stands here"""
_JAVA_TIMERS = (
    "java.util.concurrent.ScheduledThreadPoolExecutor$DelayedWorkQueue.", "java.util.TimerThread.", "jdk.jfr.internal.",
)  # fmt: skip
_JAVA_PARKS = ("jdk.internal.misc.Unsafe.park", "sun.misc.Unsafe.park", "java.util.concurrent.locks.LockSupport.park")


# Threads of a runtime itself: what runs when a garbage collector, a scheduler or a compiler has nothing to do, whatever
# they wait in; by the binary that they are in, for programs have worker threads of their own.
_AT_REST = (
    (
        "",
        re.compile(
            r"runtime\.(?:sysmon|findRunnable|findrunnable|stopm|gcstopm|schedule|templateThread|startlockedm|netpoll)(?:$|\.)"
        ),
    ),
    (
        "libjvm",
        re.compile(
            r"(?:GangWorker|WorkerThread|ConcurrentGCThread|WatcherThread|ServiceThread|VMThread|MonitorDeflationThread"
            r"|CompileQueue|CompileBroker|G1ServiceThread|G1Concurrent\w+Thread\w*|JfrThreadSampler|NotificationThread"
            r"|SignalDispatcher|ShenandoahControlThread|ZDriver\w*|ZDirector|ZStat|NMethodSweeper|AttachListener)::"
            r"|WorkGang::run_task|ObjectMonitor::wait|os::signal_wait|signal_thread_entry|recorderthread_entry"
        ),
    ),
    (
        "node",
        re.compile(r"node::\(anonymous namespace\)::PlatformWorkerThread|node::inspector::|node::WorkerThreadsTask"),
    ),
)
# Java threads that are held while the collector (or another operation of the machine) needs them to stand still.
_HELD_BY_RUNTIME = re.compile(
    r"SafepointSynchronize::block|SafepointMechanism::process|LinuxWaitBarrier::wait|VMThread::(?:execute|wait_until_executed)"
    r"|G1CollectedHeap::attempt_allocation|ParallelScavengeHeap::mem_allocate|GenCollectedHeap::mem_allocate"
)
_OUTER_FRAMES = 14


def is_linked_in(frame: Frame) -> bool:
    """Whether a frame without a source file, in the user's own binary, is that of a library linked into it."""
    return frame.kind is FrameKind.NATIVE and frame.file is None and frame.function.startswith(_LINKED_IN)


def is_for_work(function: str) -> bool:
    """Whether a native function is one in which a thread waits for work."""
    return any(name in function for name in _FOR_WORK)


def is_for_a_lock(stack: Stack) -> bool:
    """Whether native code waits for a lock proper."""
    return any(name in frame.function for frame in stack[:3] for name in _LOCKS) or any(
        name in frame.function for frame in stack[:12] for name in _DEEP_LOCKS
    )


def is_timer_of_java(stack: Stack) -> bool:
    """Whether a thread waits until the next of its tasks is due."""
    return any(frame.function.startswith(_JAVA_TIMERS) for frame in stack if frame.kind is FrameKind.JAVA)


def of_java(stack: Stack) -> State | None:
    """What a thread waits for whose innermost frame is Java; None for a call that does not wait in the machine itself.

    A monitor has no frame of its own: who waits for one stands at the line that wants it.
    """
    if not stack or stack[0].kind is not FrameKind.JAVA:
        return None
    if stack[0].function.startswith("java.lang.Thread.sleep"):
        return State.SLEEP
    inside = [frame.function for frame in stack if frame.kind is FrameKind.JAVA]
    if inside[0].startswith(_JAVA_PARKS) and any(function.startswith(_JAVA_ASKS) for function in inside):
        return State.NETWORK
    for function in inside:
        if function.startswith(_JAVA_PARKS):
            continue  # what parks is told by who called it
        if function.startswith(_JAVA_LOCKS):
            return State.LOCK
        if function.startswith(_JAVA_FOR_WORK) or function.rsplit(".", 1)[-1] in ("take", "poll"):
            return State.IDLE
        if not function.startswith("java."):
            break
    return State.IDLE if inside[0].startswith((*_JAVA_PARKS, "java.lang.Object.wait")) else State.LOCK


def is_of_the_machine(stack: Stack) -> bool:
    """Whether the stack is that of a thread that a Java machine or Go runs for itself: its compiler, its collector, its
    watchers. What they wait for is no work of the program."""
    if any(frame.kind is FrameKind.JAVA or frame.function.startswith("[anonymous") for frame in stack):
        return False
    if any(frame.function == "runtime.sysmon" for frame in stack):
        return True
    return any(basename(frame.module).startswith("libjvm.") for frame in stack[:12])


def is_watcher(stack: Stack) -> bool:
    """Whether a thread looks after its runtime now and then: nobody waits for it while it waits for a core."""
    return any(frame.function == "runtime.sysmon" or "WatcherThread::" in frame.function for frame in stack)


def is_runtime_at_rest(stack: Stack) -> bool:
    """Native frames only: a line of the user's language above them waits for something of its own."""
    near = stack[:_OUTER_FRAMES]
    return all(frame.kind is FrameKind.NATIVE for frame in near) and any(
        names.match(frame.function) and basename(frame.module).startswith(module)
        for frame in near
        for module, names in _AT_REST
    )


def held_by_runtime(stack: Stack) -> bool:
    """Whether the thread stands still because its runtime wants it to: mostly, while garbage is collected."""
    return any(
        _HELD_BY_RUNTIME.match(frame.function) and basename(frame.module).startswith("libjvm")
        for frame in stack[:_OUTER_FRAMES]
    )
