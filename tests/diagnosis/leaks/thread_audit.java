package com.acme.bank;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

final class AuditTrail {
    private static final ThreadLocal<List<String>> LINES = ThreadLocal.withInitial(ArrayList::new); // <- cost

    private AuditTrail() {
    }

    static void note(String action, Map<String, ?> details) {
        StringBuilder sb = new StringBuilder(64);
        sb.append(System.currentTimeMillis()).append(' ').append(action);
        for (Map.Entry<String, ?> e : details.entrySet()) {
            sb.append(' ').append(e.getKey()).append('=').append(e.getValue());
        }
        LINES.get().add(sb.toString()); // <- made 100 <- cost
    }

    static List<String> take() {
        List<String> copy = new ArrayList<>(LINES.get());
        LINES.remove();
        return copy;
    }
}

class TransferService {
    private final ExecutorService workers = Executors.newFixedThreadPool(16);
    private final AccountStore store;
    private final AuditSink sink;

    TransferService(AccountStore store, AuditSink sink) {
        this.store = store;
        this.sink = sink;
    }

    void submit(String from, String to, long cents) {
        workers.execute(() -> transfer(from, to, cents));
    }

    private void transfer(String from, String to, long cents) {
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("from", mask(from));
        details.put("to", mask(to));
        details.put("cents", cents);
        AuditTrail.note("begin", details);
        if (store.balance(from) < cents) {
            AuditTrail.note("insufficient", details);
            return; // <- cost
        }
        store.move(from, to, cents);
        AuditTrail.note("done", details);
        sink.write(AuditTrail.take());
    }

    private static String mask(String account) {
        try {
            MessageDigest md = MessageDigest.getInstance("SHA-256");
            byte[] digest = md.digest(account.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 6);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    interface AccountStore {
        long balance(String account);

        void move(String from, String to, long cents);
    }

    interface AuditSink {
        void write(List<String> lines);
    }
}
