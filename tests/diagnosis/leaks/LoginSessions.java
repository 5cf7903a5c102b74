package com.example.portal.auth;

import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

public class LoginSessions {

    public enum Right { READ, WRITE, APPROVE, ADMIN }

    public static final class Session {
        final String token;
        final String user;
        final Set<Right> rights;
        final Map<String, Object> attributes = new HashMap<>(); // <- made 35
        volatile Instant lastSeen;

        Session(String token, String user, Set<Right> rights, Instant now) {
            this.token = token;
            this.user = user;
            this.rights = rights;
            this.lastSeen = now;
        }

        public Map<String, Object> attributes() {
            return attributes;
        }
    }

    public interface Directory {
        boolean check(String user, char[] password);

        List<String> groups(String user);
    }

    private static final Duration IDLE = Duration.ofMinutes(30);
    private static final int MAX_FAILURES = 5;

    private final SecureRandom random = new SecureRandom();
    private final Map<String, Session> sessions = new ConcurrentHashMap<>(); // <- cost
    private final Map<String, Integer> failures = new ConcurrentHashMap<>();
    private final Directory directory;
    private final Clock clock;

    public LoginSessions(Directory directory, Clock clock) {
        this.directory = directory;
        this.clock = clock;
    }

    public Optional<Session> login(String user, char[] password) {
        if (failures.getOrDefault(user, 0) >= MAX_FAILURES) {
            return Optional.empty();
        }
        if (!directory.check(user, password)) {
            if (failures.size() < 10_000) {
                failures.merge(user, 1, Integer::sum);
            }
            return Optional.empty();
        }
        failures.remove(user);
        Session s = new Session(newToken(), user, rightsOf(user), clock.instant()); // <- made 65
        s.attributes().put("locale", "en");
        sessions.put(s.token, s); // <- cost
        return Optional.of(s);
    }

    public Optional<Session> find(String token) {
        Session s = sessions.get(token);
        if (s == null) {
            return Optional.empty();
        }
        Instant now = clock.instant();
        if (s.lastSeen.plus(IDLE).isBefore(now)) {
            return Optional.empty(); // <- cost
        }
        s.lastSeen = now;
        return Optional.of(s);
    }

    public void logout(String token) {
        sessions.remove(token);
    }

    private Set<Right> rightsOf(String user) {
        EnumSet<Right> rights = EnumSet.of(Right.READ);
        for (String group : directory.groups(user)) {
            if (group.equals("editors")) rights.add(Right.WRITE);
            if (group.equals("leads")) rights.add(Right.APPROVE);
        }
        return rights;
    }

    private String newToken() {
        byte[] raw = new byte[24];
        random.nextBytes(raw);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(raw);
    }
}
