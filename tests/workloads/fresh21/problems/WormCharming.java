// expect: pattern=memory-growth bench
// The scoring tent of a worm-charming championship: stewards' tablets on the plots come by a bad radio line, look at
// the tally of a plot, and are gone again. Frames are deflated with one context for a session, so that what was sent
// already costs little; a tablet that lost the line resumes its session within seconds and keeps its context.
//
// Measured: 35 new sessions a second; grows by 3.2 MiB/s (96 to 229 MiB in 40 s); the twin from 85 to 92 MiB
// in 40 s; CPU 2 % of both. (What grows is mostly zlib's memory, outside the heap of Java.)
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.zip.Deflater;

public class WormCharming {
    static final int PLOTS = 144;
    static final int CHARMERS = 3;

    /** What a session has been sent, as the tablet's inflater remembers it. */
    static class FrameContext {
        final int session;
        private final Deflater deflater = new Deflater(); // <- cost
        private final byte[] packed = new byte[2048];

        FrameContext(int session) {
            this.session = session;
        }

        void send(String text, DataOutputStream out) throws IOException {
            deflater.setInput(text.getBytes(StandardCharsets.UTF_8));
            int length;
            do {
                length = deflater.deflate(packed, 0, packed.length, Deflater.SYNC_FLUSH);
                if (length > 0) {
                    out.writeShort(length);
                    out.write(packed, 0, length);
                }
            } while (length == packed.length);
            out.writeShort(0);
            out.flush();
        }
    }

    /** The sessions whose tablet is away, and may come back. */
    static class SessionShelf {
        private final Map<Integer, FrameContext> away = new HashMap<>();
        private int last;

        synchronized FrameContext begin() {
            return new FrameContext(++last);
        }

        synchronized FrameContext resume(int session) {
            FrameContext context = away.remove(session);
            return context == null ? begin() : context;
        }

        synchronized void leave(FrameContext context) {
            away.put(context.session, context); // <- cost
        }

        synchronized int size() {
            return away.size();
        }
    }

    /** The worms of a plot, by charmer, and how long the team has drummed. */
    static class Plot {
        private final int number;
        private final int[] worms = new int[CHARMERS];
        private int seconds;

        Plot(int number) {
            this.number = number;
        }

        synchronized void tick(Random random) {
            seconds = seconds >= 1800 ? 0 : seconds + 1;
            for (int i = 0; i < CHARMERS; i++) {
                worms[i] = seconds == 0 ? 0 : worms[i] + (random.nextInt(9) == 0 ? 1 : 0);
            }
        }

        synchronized int total() {
            int total = 0;
            for (int count : worms) {
                total += count;
            }
            return total;
        }

        synchronized String tally() {
            StringBuilder text = new StringBuilder(160);
            text.append("{\"plot\": ").append(number).append(", \"seconds\": ").append(seconds);
            text.append(", \"worms\": [");
            for (int i = 0; i < CHARMERS; i++) {
                text.append(i > 0 ? ", " : "").append(worms[i]);
            }
            return text.append(']').toString();
        }
    }

    static class Tent {
        private final List<Plot> plots = new ArrayList<>();
        private final Random random = new Random(1980);
        private volatile int[] ranks = new int[PLOTS];

        Tent() {
            for (int i = 0; i < PLOTS; i++) {
                plots.add(new Plot(i));
            }
        }

        /** Stewards have counted for another second. */
        void tick() {
            plots.forEach(plot -> plot.tick(random));
            int[] totals = plots.stream().mapToInt(Plot::total).toArray();
            int[] next = new int[PLOTS];
            for (int i = 0; i < PLOTS; i++) {
                for (int other : totals) {
                    next[i] += other > totals[i] ? 1 : 0;
                }
            }
            ranks = next;
        }

        String frame(int number, int neighbours) {
            StringBuilder text = new StringBuilder("[");
            for (int i = 0; i < neighbours; i++) {
                int at = Math.floorMod(number + i, PLOTS);
                text.append(i > 0 ? ", " : "").append(plots.get(at).tally()).append(", \"rank\": ")
                        .append(ranks[at] + 1).append('}');
            }
            return text.append("]").toString();
        }
    }

    static class TabletServer {
        private final Tent tent;
        private final SessionShelf shelf = new SessionShelf();
        private final ExecutorService stewards = Executors.newFixedThreadPool(16);
        private final LongAdder looks = new LongAdder();
        private final LongAdder frames = new LongAdder();

        TabletServer(Tent tent) {
            this.tent = tent;
        }

        void accept(ServerSocket listener) {
            try {
                while (true) {
                    Socket tablet = listener.accept();
                    stewards.execute(() -> serve(tablet));
                }
            } catch (IOException e) {
                System.err.println("no more tablets: " + e.getMessage());
            }
        }

        /** "watch PLOT" or "resume PLOT SESSION", then "next" for each further frame. */
        private void serve(Socket tablet) {
            FrameContext context = null;
            try (tablet) {
                tablet.setTcpNoDelay(true);
                tablet.setSoTimeout(5000);
                InputStream in = new BufferedInputStream(tablet.getInputStream(), 64);
                DataOutputStream out = new DataOutputStream(new BufferedOutputStream(tablet.getOutputStream(), 1024));
                String hello = line(in);
                if (hello == null) {
                    return;
                }
                String[] words = hello.split(" ");
                int plot = Integer.parseInt(words[1]);
                context = words[0].equals("resume") ? shelf.resume(Integer.parseInt(words[2])) : shelf.begin();
                out.writeInt(context.session);
                do {
                    context.send(tent.frame(plot, 8), out);
                    frames.increment();
                } while (line(in) != null);
            } catch (IOException | RuntimeException e) {
                System.err.println("a tablet is gone: " + e);
            } finally {
                if (context != null) {
                    looks.increment();
                    shelf.leave(context);
                }
            }
        }

        /** The next line; null at the end. */
        private static String line(InputStream in) throws IOException {
            StringBuilder text = new StringBuilder(24);
            int next;
            while ((next = in.read()) != '\n') {
                if (next < 0 || text.length() > 60) {
                    return null;
                }
                text.append((char) next);
            }
            return text.toString();
        }

        String report() {
            return looks.sum() + " looks, " + frames.sum() + " frames, " + shelf.size() + " sessions away";
        }
    }

    static final String TABLETS = """
            import os, random, socket, sys, time
            sys.path.append(os.path.dirname(os.environ["SERVICES"]))
            import clients, services

            def look(port, plot, session):
                with socket.create_connection(("127.0.0.1", port)) as line, line.makefile("rb") as told:
                    hello = f"resume {plot} {session}" if session else f"watch {plot}"
                    line.sendall(hello.encode() + b"\\n")
                    session = int.from_bytes(told.read(4), "big")
                    for frame in range(3):
                        if frame:
                            time.sleep(0.03)
                            line.sendall(b"next\\n")
                        while length := int.from_bytes(told.read(2), "big"):
                            told.read(length)
                return session

            def tablet(number):
                due, session = time.monotonic() + number * 0.02, 0
                while True:
                    due = max(due + 0.3, time.monotonic() - 1)
                    time.sleep(max(0.0, due - time.monotonic()))
                    try:
                        session = look(int(sys.argv[1]), random.randrange(144), session)
                    except OSError:
                        time.sleep(1)
                    if random.random() < 0.75:
                        session = 0

            services.outside(lambda: clients.crowd(tablet, 14))
            """;

    static volatile byte[] touched;

    /** Walks once through the young part of the heap, so that it does not seem to grow later. */
    static void settle() {
        for (int i = 0; i < 1000; i++) {
            touched = new byte[1 << 16];
        }
    }

    public static void main(String[] args) throws Exception {
        settle();
        Tent tent = new Tent();
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        clock.scheduleAtFixedRate(tent::tick, 0, 1, TimeUnit.SECONDS);
        ServerSocket listener = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        TabletServer server = new TabletServer(tent);
        new Thread(() -> server.accept(listener), "accept").start();
        new ProcessBuilder(System.getenv("PYTHON"), "-c", TABLETS, "" + listener.getLocalPort())
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
        Thread.sleep(5000);
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            System.err.println(server.report());
        }
    }
}
