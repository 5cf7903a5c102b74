// expect: healthy bench
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.URL;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Asks for the price of each hotel of a town, ten at a time, and takes the cheapest. */
class HotelSearch {
    static int port;

    static int service(String milliseconds) throws Exception {
        String services = System.getenv("SERVICES"), python = System.getenv("PYTHON");
        Process started = new ProcessBuilder(python, services, "http", milliseconds).start();
        return Integer.parseInt(new BufferedReader(new InputStreamReader(started.getInputStream())).readLine());
    }

    static int price(int hotel) throws Exception {
        HttpURLConnection asked = (HttpURLConnection) new URL("http://127.0.0.1:" + port + "/hotel/" + hotel).openConnection();
        try (BufferedReader answer = new BufferedReader(new InputStreamReader(asked.getInputStream()))) {
            return answer.readLine().length();
        }
    }

    static final ExecutorService pool = Executors.newFixedThreadPool(10);

    static int cheapest(int town) throws Exception {
        List<Callable<Integer>> asked = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            int hotel = town + i;
            asked.add(() -> price(hotel));
        }
        int best = Integer.MAX_VALUE;
        for (Future<Integer> one : pool.invokeAll(asked)) best = Math.min(best, one.get());
        return best;
    }

    public static void main(String[] arguments) throws Exception {
        port = service("25");
        System.out.println("ready " + ProcessHandle.current().pid());
        for (int town = 0;; town += 30) cheapest(town);
    }
}
