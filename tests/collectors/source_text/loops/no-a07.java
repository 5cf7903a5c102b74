public class Indexer {
    private final Map<String, List<Posting>> postings = new HashMap<>();

    private void indexPage(Page page) {
        int pos = 0;
        for (String w : page.getText().split("\\W+")) {
            postings.computeIfAbsent(w.toLowerCase(), k -> new ArrayList<>()).add(new Posting(page.getId(), pos++)); // <- 0
        }
    }

    private void indexSite(Site site) {
        for (Page p : site.getPages()) {
            if (p.isPublic()) {
                indexPage(p); // <- 1
            }
        }
    }

    public void index(Collection<Site> sites) {
        for (Site s : sites) {
            indexSite(s); // <- 2
        }
    }
}
