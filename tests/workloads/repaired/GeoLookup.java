// expect: healthy bench
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URL;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import com.sun.net.httpserver.HttpServer;

/** A web service that asks a slow one where an address lies, once for each; it renders a small page besides. */
class GeoLookup {
    static int port;

    static int service(String... words) throws Exception {
        String[] command = new String[words.length + 2];
        command[0] = System.getenv("PYTHON");
        command[1] = System.getenv("SERVICES");
        System.arraycopy(words, 0, command, 2, words.length);
        Process started = new ProcessBuilder(command).start();
        String said = new BufferedReader(new InputStreamReader(started.getInputStream())).readLine();
        return said == null ? 0 : Integer.parseInt(said);
    }

    static final ConcurrentHashMap<String, String> known = new ConcurrentHashMap<>();

    static String place(String address) {
        try {
            HttpURLConnection asked = (HttpURLConnection) new URL("http://127.0.0.1:" + port + "/geo/" + address).openConnection();
            try (BufferedReader answer = new BufferedReader(new InputStreamReader(asked.getInputStream()))) {
                return answer.readLine();
            }
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
    }

    static byte[] page(String address) throws Exception {
        StringBuilder text = new StringBuilder("<h1>" + known.computeIfAbsent(address, GeoLookup::place) + "</h1>");
        for (int i = 0; i < 200; i++) text.append("<li>").append(i * 7 % 13).append("</li>");
        return text.toString().getBytes();
    }

    public static void main(String[] arguments) throws Exception {
        port = service("http", "150");
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.createContext("/", exchange -> {
            try {
                byte[] body = page(exchange.getRequestURI().getPath().substring(1));
                exchange.sendResponseHeaders(200, body.length);
                exchange.getResponseBody().write(body);
            } catch (Exception error) {
                error.printStackTrace();
            } finally {
                exchange.close();
            }
        });
        server.start();
        service("customers", String.valueOf(server.getAddress().getPort()), "/a,/b,/c,/d", "2");
        System.out.println("ready " + ProcessHandle.current().pid());
    }
}
