public class HttpFetcher {
    private static final int MAX_TRIES = 5;
    private final HttpClient client = HttpClient.newHttpClient();

    private String fetch(URI uri) throws InterruptedException {
        long wait = 200;
        for (int i = 0; i < MAX_TRIES; i++) {
            try {
                HttpResponse<String> r = client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString()); // <- 0
                if (r.statusCode() < 500) {
                    return r.body();
                }
            } catch (IOException e) {
                log.warn("{}: {}", uri, e.getMessage());
            }
            Thread.sleep(wait);
            wait *= 2;
        }
        return null;
    }

    public Map<URI, String> fetchAll(List<URI> uris) throws InterruptedException {
        Map<URI, String> out = new LinkedHashMap<>();
        for (URI u : uris) {
            out.put(u, fetch(u)); // <- 1
        }
        return out;
    }
}
