package gateway.session;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

public class SessionReaper {

    public static final class Session {
        final long id;
        final String user;
        volatile long lastSeen;

        Session(long id, String user, long now) {
            this.id = id;
            this.user = user;
            this.lastSeen = now;
        }
    }

    private final List<Session> sessions = new ArrayList<>();
    private final Clock clock;
    private final long ttlMillis;
    private final Consumer<Session> onExpire;

    public SessionReaper(Clock clock, long ttlMillis, Consumer<Session> onExpire) {
        this.clock = clock;
        this.ttlMillis = ttlMillis;
        this.onExpire = onExpire;
    }

    public synchronized void opened(Session s) {
        sessions.add(s);
    }

    public synchronized int reap() {
        long deadline = clock.millis() - ttlMillis;
        List<Session> expired = new ArrayList<>();
        for (Session s : sessions) {
            if (s.lastSeen < deadline) {
                expired.add(s);
            }
        }
        for (Session s : expired) {
            sessions.remove(s); // <- cost hot 96
            onExpire.accept(s);
        }
        return expired.size();
    }
}
