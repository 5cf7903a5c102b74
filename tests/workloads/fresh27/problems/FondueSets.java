// expect: pattern=hot-loop bench

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.Executors;

/**
 * "You may also like" of a wholesaler for fondue sets: restaurants have bought much, and shall be shown what they have not
 * bought and not waved away, the best first.
 *
 * <p>Measured: at 60 requests a second 0.45-0.73 cores, 11 ms (138 ms on a busy machine) (the problem);
 * 0.08-0.09 cores, 1 ms (the twin).
 */
public class FondueSets {
    static final String[] KINDS = {"caquelon", "fork", "burner", "plate", "cheese", "chocolate", "broth", "oil"};
    static final int SHOWN = 12;

    record Product(int id, String name, int kind, int cents, double popularity) {}

    record Suggestion(Product product, double score) {}

    /** What a customer has done in the shop so far. */
    static final class Customer {
        final int id;
        final List<Integer> bought = new ArrayList<>();
        final List<Integer> dismissed = new ArrayList<>();
        final double[] taste = new double[KINDS.length];

        Customer(int id) {
            this.id = id;
        }

        void buys(Product product) {
            bought.add(product.id());
            taste[product.kind()] += 1;
        }

        void dismisses(Product product) {
            dismissed.add(product.id());
            taste[product.kind()] -= 0.5;
        }

        boolean knows(Product product) {
            return bought.contains(product.id()) || dismissed.contains(product.id()); // <- cost
        }
    }

    final List<Product> catalogue = new ArrayList<>();
    final Map<Integer, Customer> customers = new HashMap<>();

    FondueSets() {
        Random random = new Random(17);
        for (int id = 1; id <= 4000; id++) {
            int kind = random.nextInt(KINDS.length);
            catalogue.add(new Product(id, KINDS[kind] + " no. " + id, kind, 300 + random.nextInt(20000), random.nextDouble()));
        }
        for (int id = 1; id <= 120; id++) {
            Customer customer = new Customer(id);
            int wanted = 400 + random.nextInt(300);
            List<Integer> order = new ArrayList<>();
            for (int at = 0; at < catalogue.size(); at++) {
                order.add(at);
            }
            Collections.shuffle(order, random);
            for (int at = 0; at < wanted; at++) {
                customer.buys(catalogue.get(order.get(at)));
            }
            for (int at = wanted; at < wanted + 80; at++) {
                customer.dismisses(catalogue.get(order.get(at)));
            }
            customers.put(id, customer);
        }
    }

    double score(Customer customer, Product product) {
        double fit = customer.taste[product.kind()] / (1 + customer.bought.size());
        return product.popularity() * (0.5 + fit) - product.cents() / 400_000.0;
    }

    List<Suggestion> suggest(Customer customer, int limit) {
        PriorityQueue<Suggestion> best = new PriorityQueue<>(Comparator.comparingDouble(Suggestion::score));
        for (Product product : catalogue) { // <- cost
            if (customer.knows(product)) { // <- cost
                continue;
            }
            double score = score(customer, product);
            if (best.size() < limit) {
                best.add(new Suggestion(product, score));
            } else if (score > best.peek().score()) {
                best.poll();
                best.add(new Suggestion(product, score));
            }
        }
        List<Suggestion> found = new ArrayList<>(best);
        found.sort(Comparator.comparingDouble(Suggestion::score).reversed());
        return found;
    }

    static String json(Collection<Suggestion> suggestions) {
        StringBuilder text = new StringBuilder("[");
        for (Suggestion suggestion : suggestions) {
            if (text.length() > 1) {
                text.append(',');
            }
            Product product = suggestion.product();
            text.append("{\"id\":").append(product.id()).append(",\"name\":\"").append(product.name());
            text.append("\",\"cents\":").append(product.cents()).append('}');
        }
        return text.append(']').toString();
    }

    void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        int status = 200;
        String body;
        try {
            Customer customer = customers.get(Integer.parseInt(path.substring(path.lastIndexOf('/') + 1)));
            if (customer == null) {
                status = 404;
                body = "[]";
            } else {
                body = json(suggest(customer, SHOWN));
            }
        } catch (NumberFormatException wrong) {
            status = 400;
            body = "[]";
        }
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    public static void main(String[] words) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        FondueSets shop = new FondueSets();
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/suggestions/", shop::answer);
        server.setExecutor(Executors.newFixedThreadPool(2));
        server.start();

        StringBuilder paths = new StringBuilder();
        for (int id : shop.customers.keySet()) {
            paths.append(paths.length() > 0 ? "," : "").append("/suggestions/").append(id);
        }
        String clients = Path.of(System.getenv("SERVICES")).resolveSibling("clients.py").toString();
        String port = String.valueOf(server.getAddress().getPort());
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", port, paths.toString(), "60", "6")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
    }
}
