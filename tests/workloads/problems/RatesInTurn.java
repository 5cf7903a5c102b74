// expect: pattern=serial-requests bench
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;

/** Fetches the exchange rates of all currencies, one after the other, and adds them up. */
class RatesInTurn {
    static final HttpClient client = HttpClient.newHttpClient();
    static int port;

    static int service(String milliseconds) throws Exception {
        String services = System.getenv("SERVICES"), python = System.getenv("PYTHON");
        Process started = new ProcessBuilder(python, services, "http", milliseconds).start();
        return Integer.parseInt(new BufferedReader(new InputStreamReader(started.getInputStream())).readLine());
    }

    static String rate(int currency) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/rate/" + currency))
            .version(HttpClient.Version.HTTP_1_1).build();
        return client.send(request, HttpResponse.BodyHandlers.ofString()).body(); // <- cost
    }

    static int total(List<Integer> currencies) throws Exception {
        int sum = 0;
        for (int currency : currencies) {
            sum += rate(currency).length(); // <- cost
        }
        return sum;
    }

    public static void main(String[] arguments) throws Exception {
        port = service("20");
        List<Integer> currencies = new ArrayList<>();
        for (int currency = 0; currency < 50; currency++) currencies.add(currency);
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) total(currencies);
    }
}
