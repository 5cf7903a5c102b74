package menu;

import java.util.ArrayList;
import java.util.List;

public class CategoryTree {
    private final List<Category> all;

    public CategoryTree(List<Category> all) {
        this.all = all;
    }

    private List<Category> childrenOf(long id) {
        List<Category> out = new ArrayList<>();
        for (Category c : all) {
            if (c.getParentId() == id) { // <- 0
                out.add(c);
            }
        }
        return out;
    }

    private TreeNode build(Category c, int depth) {
        TreeNode node = new TreeNode(c.getName(), depth);
        for (Category child : childrenOf(c.getId())) { // <- 1
            node.add(build(child, depth + 1)); // <- 2 outer
        }
        return node;
    }

    public TreeNode root(Category top) {
        return build(top, 0);
    }
}
