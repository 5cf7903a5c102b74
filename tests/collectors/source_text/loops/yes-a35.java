public class CategoryPaths {
    private final CategoryDao dao;
    private List<Category> all;

    public CategoryPaths(CategoryDao dao) {
        this.dao = dao;
    }

    private List<Category> getAll() {
        if (all == null) all = dao.list();
        return all;
    }

    private Optional<Category> byId(long id) {
        return getAll().stream()
            .filter(c -> c.getId() == id) // <- 0
            .findFirst();
    }

    private String path(Category c) {
        StringBuilder sb = new StringBuilder(c.getName());
        Long parent = c.getParentId();
        while (parent != null) {
            Category p = byId(parent).orElseThrow(); // <- 1
            sb.insert(0, p.getName() + " / ");
            parent = p.getParentId();
        }
        return sb.toString();
    }

    public Map<Long, String> paths() {
        Map<Long, String> m = new HashMap<>();
        for (Category c : getAll()) { // <- outer
            m.put(c.getId(), path(c)); // <- 2
        }
        return m;
    }
}
