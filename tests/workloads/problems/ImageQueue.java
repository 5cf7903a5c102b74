// expect: pattern=pool-undersized bench
// Fetches pictures for a page from a store that takes 15 ms for each, with a pool of two. A client asks for whole pages.
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

public class ImageQueue {
    static final int POOL = 2;

    static int fetch(Socket store, int picture) throws Exception {
        OutputStream out = store.getOutputStream();
        InputStream in = store.getInputStream();
        out.write(picture & 127);
        byte[] answer = new byte[2048];
        return in.read(answer); // <- cost
    }

    static void keepStore(ServerSocket listening) {
        while (true) {
            try {
                Socket peer = listening.accept();
                new Thread(() -> {
                    try {
                        byte[] picture = new byte[1500];
                        while (peer.getInputStream().read() >= 0) {
                            Thread.sleep(15);
                            peer.getOutputStream().write(picture);
                        }
                    } catch (Exception gone) {
                    }
                }, "store").start();
            } catch (Exception closed) {
                return;
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0) {
            ServerSocket listening = new ServerSocket(0);
            System.out.println(listening.getLocalPort());
            keepStore(listening);
        }
        Process store = new ProcessBuilder("java", "-Xmx32m", "-cp", System.getProperty("java.class.path"), "ImageQueue", "store").start();
        Runtime.getRuntime().addShutdownHook(new Thread(store::destroyForcibly));
        int port = Integer.parseInt(store.inputReader().readLine());
        ThreadLocal<Socket> connection = ThreadLocal.withInitial(() -> {
            try {
                return new Socket("127.0.0.1", port);
            } catch (Exception refused) {
                throw new IllegalStateException(refused);
            }
        });
        ExecutorService pool = Executors.newFixedThreadPool(POOL); // <- cost
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            List<Future<Integer>> page = new ArrayList<>();
            for (int picture = 0; picture < 40; picture++) {
                int number = picture;
                page.add(pool.submit(() -> fetch(connection.get(), number)));
            }
            for (Future<Integer> picture : page) picture.get();
            Thread.sleep(5);
        }
    }
}
