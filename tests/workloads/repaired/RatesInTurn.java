// expect: healthy bench
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Fetches the exchange rates of all currencies, ten under way at once, and adds them up. */
class RatesInTurn {
    static final HttpClient client = HttpClient.newHttpClient();
    static int port;

    static int service(String milliseconds) throws Exception {
        String services = System.getenv("SERVICES"), python = System.getenv("PYTHON");
        Process started = new ProcessBuilder(python, services, "http", milliseconds).start();
        return Integer.parseInt(new BufferedReader(new InputStreamReader(started.getInputStream())).readLine());
    }

    static CompletableFuture<String> rate(int currency) {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/rate/" + currency))
            .version(HttpClient.Version.HTTP_1_1).build();
        return client.sendAsync(request, HttpResponse.BodyHandlers.ofString()).thenApply(HttpResponse::body);
    }

    static int total(List<Integer> currencies) {
        int sum = 0;
        for (int first = 0; first < currencies.size(); first += 10) {
            List<CompletableFuture<String>> asked = new ArrayList<>();
            for (int currency : currencies.subList(first, first + 10)) asked.add(rate(currency));
            for (CompletableFuture<String> one : asked) sum += one.join().length();
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
