// expect: healthy bench
// The doors of a seed vault ask whether a warden may enter: the code that was typed is stretched with the salt of that very
// warden and compared; door rules are compiled once, when they are first needed. Each check is work that nobody did before.
//
// Measured: 115 hundredths of CPU in 5 s for some 100 checks on a loaded machine (PBKDF2, which is the work).
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Pattern;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

public class VaultWardens {
    static final int ROUNDS = 12_000;
    static final int WARDENS = 60;
    static final List<String> DOORS = List.of("tunnel", "airlock", "hall-1", "hall-2", "hall-3");

    record Warden(String name, byte[] salt, byte[] stretched, String doors) {}

    static final class Stretcher {
        private final SecretKeyFactory factory;

        Stretcher() throws GeneralSecurityException {
            factory = SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256");
        }

        byte[] stretch(String code, byte[] salt) throws GeneralSecurityException {
            PBEKeySpec spec = new PBEKeySpec(code.toCharArray(), salt, ROUNDS, 256);
            try {
                return factory.generateSecret(spec).getEncoded();
            } finally {
                spec.clearPassword();
            }
        }
    }

    static final class DoorRules {
        private final Map<String, Pattern> compiled = new ConcurrentHashMap<>();

        boolean allow(Warden warden, String door) {
            return compiled.computeIfAbsent(warden.doors(), Pattern::compile).matcher(door).matches();
        }
    }

    static final class Wardens {
        private final Map<String, Warden> byName = new ConcurrentHashMap<>();

        Wardens(Stretcher stretcher) throws GeneralSecurityException {
            Random random = new Random(17);
            for (int number = 0; number < WARDENS; number++) {
                byte[] salt = new byte[16];
                random.nextBytes(salt);
                String name = "warden" + number;
                String doors = number % 4 == 0 ? "tunnel|airlock" : "tunnel|airlock|hall-[1-" + (1 + number % 3) + "]";
                byName.put(name, new Warden(name, salt, stretcher.stretch(code(number), salt), doors));
            }
        }

        Warden find(String name) {
            return byName.get(name);
        }

        static String code(int number) {
            return String.valueOf(100_000 + number * 7_919 % 900_000);
        }
    }

    static final class Doors {
        private final Wardens wardens;
        private final Stretcher stretcher;
        private final DoorRules rules = new DoorRules();
        private final LongAdder opened = new LongAdder();
        private final LongAdder refused = new LongAdder();

        Doors(Wardens wardens, Stretcher stretcher) {
            this.wardens = wardens;
            this.stretcher = stretcher;
        }

        /** /doors/DOOR/WARDEN/CODE */
        void handle(HttpExchange exchange) throws IOException {
            try (exchange) {
                String[] parts = exchange.getRequestURI().getPath().split("/");
                boolean open = parts.length == 5 && mayEnter(parts[2], parts[3], parts[4]);
                (open ? opened : refused).increment();
                byte[] said = (open ? "{\"open\": true}" : "{\"open\": false}").getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(open ? 200 : 403, said.length);
                exchange.getResponseBody().write(said);
            }
        }

        private boolean mayEnter(String door, String name, String code) {
            Warden warden = wardens.find(name);
            if (warden == null || !rules.allow(warden, door)) return false;
            try {
                return MessageDigest.isEqual(stretcher.stretch(code, warden.salt()), warden.stretched());
            } catch (GeneralSecurityException problem) {
                throw new IllegalStateException(problem);
            }
        }
    }

    static void sendWardens(int port) throws IOException, InterruptedException {
        List<String> paths = new ArrayList<>();
        for (int number = 0; number < WARDENS; number++) {
            String code = number % 15 == 14 ? "000000" : Wardens.code(number);
            paths.add("/doors/" + DOORS.get(number % DOORS.size()) + "/warden" + number + "/" + code);
        }
        String clients = new File(System.getenv("SERVICES")).getParent() + "/clients.py";
        Process process = new ProcessBuilder(System.getenv("PYTHON"), clients, "http", String.valueOf(port),
            String.join(",", paths), "45", "4").redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        if (process.waitFor() != 0) throw new IOException("no customers");
    }

    public static void main(String[] words) throws Exception {
        Stretcher stretcher = new Stretcher();
        Doors doors = new Doors(new Wardens(stretcher), stretcher);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
        server.createContext("/doors/", doors::handle);
        server.setExecutor(Executors.newFixedThreadPool(2));
        server.start();
        sendWardens(server.getAddress().getPort());
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
        while (true) {
            Thread.sleep(2000);
            System.err.println(doors.opened + " opened, " + doors.refused + " refused");
        }
    }
}
