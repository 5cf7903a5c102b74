// expect: pattern=connection-per-request bench build: postgresql.jar
// Yard office of a submarine cable factory: crane drivers and splicers ask over HTTP for a drum (what is wound on it,
// how long, when spliced last) and for the drums of a lane; the data is in PostgreSQL.
// Measured: each question logs in to the database anew: an answer takes 7 to 50 ms and 22 % of a core goes into it
// (twin, which keeps four connections: 1.1 to 2 ms).
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import java.util.zip.CRC32;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

public class CableDrums {
    static final class Drum {
        final String code;
        final int cores;
        final double metres;
        final String spliced;

        Drum(String code, int cores, double metres, String spliced) {
            this.code = code;
            this.cores = cores;
            this.metres = metres;
            this.spliced = spliced;
        }

        void writeTo(StringBuilder out) {
            out.append("{\"code\":\"").append(code).append("\",\"cores\":").append(cores)
                .append(",\"metres\":").append(metres).append(",\"spliced\":\"").append(spliced).append("\"}");
        }
    }

    static final class Yard {
        private static final String DRUM =
            "select d.code, d.cores, sum(s.metres), max(s.spliced) from drum d join section s on s.drum = d.id "
            + "where d.id = ? group by d.id";
        private static final String LANE =
            "select d.code, d.cores, sum(s.metres), max(s.spliced) from drum d join section s on s.drum = d.id "
            + "where d.lane = ? group by d.id order by d.code";
        private final DataSource source;

        Yard(DataSource source) {
            this.source = source;
        }

        List<Drum> drum(int id) throws SQLException {
            return find(DRUM, id);
        }

        List<Drum> lane(int lane) throws SQLException {
            return find(LANE, lane);
        }

        private List<Drum> find(String sql, int key) throws SQLException {
            List<Drum> found = new ArrayList<>();
            try (Connection connection = source.getConnection(); // <- cost
                 PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setInt(1, key);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        found.add(new Drum(rows.getString(1), rows.getInt(2), rows.getDouble(3), rows.getString(4)));
                    }
                }
            }
            return found;
        }
    }

    static final class Office {
        private final Yard yard;
        private final LongAdder answered = new LongAdder();
        private final String plan = planVersion();

        Office(Yard yard) {
            this.yard = yard;
        }

        void handle(HttpExchange exchange) throws IOException {
            String[] path = exchange.getRequestURI().getPath().split("/");
            int status = 200;
            StringBuilder body = new StringBuilder("[");
            try {
                int key = Integer.parseInt(path[2]);
                String separator = "";
                for (Drum drum : path[1].equals("lane") ? yard.lane(key) : yard.drum(key)) {
                    body.append(separator);
                    drum.writeTo(body);
                    separator = ",";
                }
            } catch (SQLException | RuntimeException failed) {
                status = 500;
                System.err.println(failed);
            }
            byte[] bytes = body.append("]").toString().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.getResponseHeaders().set("X-Yard-Plan", plan);
            exchange.sendResponseHeaders(status, bytes.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(bytes);
            }
            answered.increment();
        }
    }

    static DataSource dataSource(int port) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setServerNames(new String[] {"127.0.0.1"});
        source.setPortNumbers(new int[] {port});
        source.setDatabaseName("postgres");
        source.setUser("postgres");
        source.setApplicationName("yard-office");
        return source;
    }

    // The plan of the yard, drawn at a few scales; its checksum goes out as the version of the plan.
    static String planVersion() {
        CRC32 sum = new CRC32();
        for (int scale = 1; scale <= 8; scale++) {
            byte[][] tiles = new byte[230][];
            for (int place = 0; place < tiles.length; place++) {
                tiles[place] = new byte[160 * 1024];
                for (int at = place * scale % 512; at < tiles[place].length; at += 512) {
                    tiles[place][at] = (byte) (at ^ place);
                }
            }
            for (byte[] tile : tiles) {
                sum.update(tile, 0, 4096);
            }
        }
        return Long.toHexString(sum.getValue());
    }

    static String run(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream()))) {
            return out.readLine();
        }
    }

    static int startDatabase(String python, String services) throws IOException {
        return Integer.parseInt(run(python, services, "postgres",
            "create table drum(id int primary key, code text not null, lane int not null, cores int not null)",
            "create table section(id serial primary key, drum int not null, metres float8 not null, spliced text)",
            "insert into drum select n, 'D-' || lpad(n::text, 5, '0'), n % 50, 3 + n % 9 from generate_series(0, 399) n",
            "insert into section(drum, metres, spliced) select n % 400, 400 + n % 777, '2024-0' || 1 + n % 9 || '-11'"
                + " from generate_series(1, 4800) n",
            "create index on section(drum)", "create index on drum(lane)", "analyze").trim());
    }

    static void startCranes(String python, String services, int port) throws IOException {
        StringBuilder paths = new StringBuilder("/lane/7");
        for (int i = 0; i < 200; i++) {
            paths.append(i % 10 == 0 ? ",/lane/" + i % 50 : ",/drum/" + i * 2);
        }
        run(python, "-c",
            "import sys; sys.path.insert(0, sys.argv[1]); from services import customers; "
                + "customers(int(sys.argv[2]), sys.argv[3].split(','), 3, pause=0.025)",
            new File(services).getParent(), String.valueOf(port), paths.toString());
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        String python = System.getenv("PYTHON");
        String services = System.getenv("SERVICES");
        Yard yard = new Yard(dataSource(startDatabase(python, services)));
        for (int lane = 0; lane < 50; lane++) {
            if (yard.lane(lane).isEmpty()) {
                System.err.println("nothing stands in lane " + lane);
            }
        }
        Office office = new Office(yard);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/", office::handle);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.start();
        startCranes(python, services, server.getAddress().getPort());
        while (office.answered.sum() < 50) {
            Thread.sleep(50);
        }
        System.out.println("ready");
        System.out.flush();
    }
}
