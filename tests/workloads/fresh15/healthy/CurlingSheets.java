// expect: healthy bench
// Follows the stones on a hall of curling sheets: the stone's handle opens a connection when it is let go, sends where
// it is twenty times a second until it rests, and closes; the hall keeps the stones in play and tells the scoreboard
// four times a second.
//
// A thread per stone, which lives for seconds; small messages, because they are the news and cannot wait; a lock on
// the stones in play, held for a put; a scoreboard that wakes four times a second; a ring of the last throws, which is
// bounded.
// Measured: 18577 places, 224 throws in 60 s; CPU 2.2 s of 65 s.
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.BufferedOutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

public class CurlingSheets {
    static final int SHEETS = 16;
    static final int STEPS = 80;
    static final long STEP_MILLIS = 50;

    record Stone(int sheet, int number) {}

    record Place(double metres, double across, double turn) {}

    record Throw(Stone stone, Place rested) {}

    /** The stones in play, and the throws that have come to rest. */
    static class Hall {
        private static final int REMEMBERED = 256;
        private final Map<Stone, Place> inPlay = new HashMap<>();
        private final Deque<Throw> rested = new ArrayDeque<>(REMEMBERED);
        final AtomicLong places = new AtomicLong();
        final AtomicLong thrown = new AtomicLong();

        void moved(Stone stone, Place place) {
            synchronized (inPlay) {
                inPlay.put(stone, place);
            }
            places.incrementAndGet();
        }

        void rests(Stone stone) {
            synchronized (inPlay) {
                Place last = inPlay.remove(stone);
                if (last == null) {
                    return;
                }
                if (rested.size() == REMEMBERED) {
                    rested.pollFirst();
                }
                rested.addLast(new Throw(stone, last));
            }
            thrown.incrementAndGet();
        }

        String board() {
            StringBuilder board = new StringBuilder(SHEETS * 24);
            synchronized (inPlay) {
                inPlay.forEach((stone, place) -> board.append(stone.sheet()).append(':').append(stone.number())
                        .append('@').append(Math.round(place.metres() * 100)).append(' '));
                rested.stream().skip(Math.max(0, rested.size() - SHEETS))
                        .forEach(thrown -> board.append(thrown.stone().sheet()).append(' '));
            }
            return board.toString();
        }
    }

    /** The hall's end of a stone's connection. */
    static class Follower implements Runnable {
        private final Socket socket;
        private final Hall hall;

        Follower(Socket socket, Hall hall) {
            this.socket = socket;
            this.hall = hall;
        }

        @Override
        public void run() {
            try (socket;
                    DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 512))) {
                Stone stone = new Stone(in.readInt(), in.readInt());
                try {
                    while (true) {
                        hall.moved(stone, new Place(in.readDouble(), in.readDouble(), in.readDouble()));
                    }
                } catch (EOFException rests) {
                    hall.rests(stone);
                }
            } catch (IOException broken) {
                System.err.println("stone: " + broken);
            }
        }
    }

    static class Door implements Runnable {
        private final ServerSocket listener;
        private final Hall hall;

        Door(Hall hall) throws IOException {
            this.listener = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
            this.hall = hall;
        }

        int port() {
            return listener.getLocalPort();
        }

        @Override
        public void run() {
            try {
                for (int stone = 1; ; stone++) {
                    Socket socket = listener.accept();
                    Thread follower = new Thread(new Follower(socket, hall), "stone-" + stone);
                    follower.setDaemon(true);
                    follower.start();
                }
            } catch (IOException broken) {
                System.err.println("door: " + broken);
                System.exit(1);
            }
        }
    }

    /** A sheet of ice: one stone after the other is let go, and slides until it rests. */
    static class Sheet implements Runnable {
        private final int number;
        private final int port;

        Sheet(int number, int port) {
            this.number = number;
            this.port = port;
        }

        private void slide(int stone) throws IOException {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.setTcpNoDelay(true);
                DataOutputStream out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), 512));
                out.writeInt(number);
                out.writeInt(stone);
                double speed = 2.2 + stone % 7 * 0.05;
                double metres = 0;
                long next = System.nanoTime();
                for (int step = 0; step < STEPS; step++) {
                    metres += speed * STEP_MILLIS / 1000;
                    speed *= 0.985;
                    double along = (double) step / STEPS;
                    out.writeDouble(metres);
                    out.writeDouble(Math.sin(along * 1.2) * (stone % 2 == 0 ? 1 : -1));
                    out.writeDouble(along * 2.5);
                    out.flush();
                    next += STEP_MILLIS * 1_000_000;
                    for (long left = next - System.nanoTime(); left > 0; left = next - System.nanoTime()) {
                        LockSupport.parkNanos(left);
                    }
                }
            }
        }

        @Override
        public void run() {
            try {
                Thread.sleep(number * STEPS * STEP_MILLIS / SHEETS);
                for (int stone = 1; ; stone++) {
                    slide(stone);
                }
            } catch (IOException | InterruptedException broken) {
                System.err.println("sheet " + number + ": " + broken);
                System.exit(1);
            }
        }
    }

    static class Scoreboard implements Runnable {
        private final Hall hall;
        private volatile String shown = "";

        Scoreboard(Hall hall) {
            this.hall = hall;
        }

        @Override
        public void run() {
            shown = hall.board();
        }

        @Override
        public String toString() {
            return hall.places + " places, " + hall.thrown + " throws, board of " + shown.length();
        }
    }

    public static void main(String[] arguments) throws Exception {
        Hall hall = new Hall();
        Door door = new Door(hall);
        new Thread(door, "door").start();
        Scoreboard board = new Scoreboard(hall);
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        clock.scheduleAtFixedRate(board, 250, 250, TimeUnit.MILLISECONDS);
        clock.scheduleAtFixedRate(() -> System.err.println(board), 10, 10, TimeUnit.SECONDS);
        for (int number = 0; number < SHEETS; number++) {
            new Thread(new Sheet(number, door.port()), "sheet-" + number).start();
        }
        System.out.println("ready " + ProcessHandle.current().pid());
    }
}
