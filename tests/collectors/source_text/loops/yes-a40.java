public class ChatServer {
    private final List<Session> sessions = new CopyOnWriteArrayList<>();
    private final BlockingQueue<Packet> inbox = new LinkedBlockingQueue<>();

    protected List<Session> getSessions() {
        return sessions;
    }

    private Session sessionOf(String nick) {
        Session result = null;
        for (Iterator<Session> it = getSessions().iterator(); it.hasNext() && result == null; ) {
            Session s = it.next();
            if (nick.equals(s.getNick())) result = s; // <- 0
        }
        return result;
    }

    private void handle(Packet p) {
        switch (p.type()) {
            case PRIVATE -> {
                Session to = sessionOf(p.recipient()); // <- 1
                if (to != null) to.send(p.text());
            }
            case QUIT -> sessions.remove(p.origin());
            default -> getSessions().forEach(s -> s.send(p.text()));
        }
    }

    public void run() throws InterruptedException {
        Packet p;
        while ((p = inbox.take()) != Packet.STOP) { // <- outer
            handle(p); // <- 2
        }
    }
}
