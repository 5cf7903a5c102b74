import java.io.FileInputStream;
import java.util.Scanner;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.Deflater;

/** Works on request, in primes: the lines that are counted are marked. */
public class KnownJava {
    static final Object MONITOR = new Object();
    static final ReentrantLock LOCK = new ReentrantLock();
    static double sink;
    static volatile byte[] kept;

    static void burn(long milliseconds) {
        long end = System.nanoTime() + milliseconds * 1_000_000;
        while (System.nanoTime() < end) {
            for (int i = 0; i < 100_000; i++) sink += Math.sqrt(i);  // @hot
        }
    }

    static long cpu() {
        return java.lang.management.ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    /** Five sixths of its CPU time in Java, the rest in native code; says how much by its own clock, in thousandths. */
    static long mix(long milliseconds) {
        byte[] some = new byte[200_003], squeezed = new byte[200_003];
        for (int i = 0; i < some.length; i++) some[i] = (byte) (i * i >> 7);
        Deflater deflater = new Deflater(6);
        long end = System.nanoTime() + milliseconds * 1_000_000, inJava = 0, inNative = 0;
        while (System.nanoTime() < end) {
            long began = cpu();
            while (inJava + cpu() - began < 5 * inNative) {
                for (int i = 0; i < 100_000; i++) sink += Math.sqrt(i);
            }
            long then = cpu();
            inJava += then - began;
            deflater.reset();
            deflater.setInput(some);
            deflater.finish();
            deflater.deflate(squeezed);  // @squeezes
            inNative += cpu() - then;
        }
        return 1000 * inNative / (inJava + inNative);
    }

    static void allocate(int times) throws Exception {
        for (int i = 0; i < times; i++) {
            kept = new byte[65_537];  // @allocates
            if (i % 20 == 19) Thread.sleep(10);
        }
    }

    static void enter() {
        synchronized (MONITOR) {  // @enters
            sink += 1;
        }
    }

    static void lock() {
        LOCK.lock();  // @locks
        LOCK.unlock();
    }

    static void awaitState(Thread thread, Thread.State state) throws Exception {
        while (thread.getState() != state) Thread.sleep(1);
    }

    /** Another thread waits exactly once for what we hold. */
    static void contend(int monitors, int locks) throws Exception {
        for (int i = 0; i < monitors; i++) {
            Thread other = new Thread(KnownJava::enter, "enters");
            synchronized (MONITOR) {
                other.start();
                awaitState(other, Thread.State.BLOCKED);
                Thread.sleep(3);
            }
            other.join();
        }
        for (int i = 0; i < locks; i++) {
            Thread other = new Thread(KnownJava::lock, "locks");
            LOCK.lock();
            try {
                other.start();
                awaitState(other, Thread.State.WAITING);
                Thread.sleep(3);
            } finally {
                LOCK.unlock();
            }
            other.join();
        }
    }

    static void read(int times) throws Exception {
        byte[] some = new byte[7];
        try (FileInputStream file = new FileInputStream("/proc/self/stat")) {
            for (int i = 0; i < times; i++) file.read(some);  // @reads
        }
    }

    static void deadlock() throws Exception {
        Object left = new Object(), right = new Object();
        CountDownLatch both = new CountDownLatch(2);
        start("left", both, left, right);
        start("right", both, right, left);
    }

    static void start(String name, CountDownLatch both, Object first, Object second) {
        Thread thread = new Thread(() -> {
            synchronized (first) {
                both.countDown();
                try { both.await(); } catch (InterruptedException gone) { return; }
                synchronized (second) {  // @stuck
                    sink += 1;
                }
            }
        }, name);
        thread.setDaemon(true);
        thread.start();
    }

    public static void main(String[] arguments) throws Exception {
        System.out.println("ready " + ProcessHandle.current().pid());
        Scanner words = new Scanner(System.in);
        while (words.hasNext()) {
            String word = words.next();
            if (word.equals("stop")) break;
            if (word.equals("burn")) burn(words.nextInt());
            if (word.equals("mix")) word += " " + mix(words.nextInt());
            if (word.equals("allocate")) allocate(words.nextInt());
            if (word.equals("contend")) contend(words.nextInt(), words.nextInt());
            if (word.equals("read")) read(words.nextInt());
            if (word.equals("deadlock")) deadlock();
            System.out.println("done " + word);
        }
    }
}
