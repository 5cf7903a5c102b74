// expect: pattern=serial-requests bench
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.URL;

/** Asks for the price of each hotel of a town, in a loop, and takes the cheapest. */
class HotelSearch {
    static int port;

    static int service(String milliseconds) throws Exception {
        String services = System.getenv("SERVICES"), python = System.getenv("PYTHON");
        Process started = new ProcessBuilder(python, services, "http", milliseconds).start();
        return Integer.parseInt(new BufferedReader(new InputStreamReader(started.getInputStream())).readLine());
    }

    static int price(int hotel) throws Exception {
        HttpURLConnection asked = (HttpURLConnection) new URL("http://127.0.0.1:" + port + "/hotel/" + hotel).openConnection();
        try (BufferedReader answer = new BufferedReader(new InputStreamReader(asked.getInputStream()))) { // <- cost
            return answer.readLine().length();
        }
    }

    static int cheapest(int town) throws Exception {
        int best = Integer.MAX_VALUE;
        for (int hotel = town; hotel < town + 30; hotel++) best = Math.min(best, price(hotel)); // <- cost
        return best;
    }

    public static void main(String[] arguments) throws Exception {
        port = service("25");
        System.out.println("ready " + ProcessHandle.current().pid());
        for (int town = 0;; town += 30) cheapest(town);
    }
}
