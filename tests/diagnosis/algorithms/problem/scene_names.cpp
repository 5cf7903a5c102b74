#include <cctype>
#include <memory>
#include <string>
#include <vector>

class SceneNode {
public:
	explicit SceneNode(std::string p_name) :
			name(std::move(p_name)) {}

	const std::string &get_name() const { return name; }
	SceneNode *get_parent() const { return parent; }
	int get_child_count() const { return int(children.size()); }

	SceneNode *add_child(std::unique_ptr<SceneNode> p_child) {
		if (_has_child_named(p_child->name)) {
			p_child->name = _generate_serial_name(p_child->name);
		}
		p_child->parent = this;
		children.push_back(std::move(p_child));
		return children.back().get();
	}

	SceneNode *find_child(const std::string &p_name) const {
		for (const std::unique_ptr<SceneNode> &child : children) {
			if (child->name == p_name) {
				return child.get();
			}
		}
		return nullptr;
	}

private:
	bool _has_child_named(const std::string &p_name) const {
		for (const std::unique_ptr<SceneNode> &child : children) { // <- cost hot 33
			if (child->name == p_name) { // <- cost hot 61
				return true;
			}
		}
		return false;
	}

	std::string _generate_serial_name(const std::string &p_base) const {
		size_t digits = p_base.size();
		while (digits > 0 && isdigit((unsigned char)p_base[digits - 1])) {
			digits--;
		}
		std::string prefix = p_base.substr(0, digits);
		long num = digits < p_base.size() ? std::stol(p_base.substr(digits)) : 1;

		for (;;) { // <- cost
			num++;
			std::string attempt = prefix + std::to_string(num);
			if (!_has_child_named(attempt)) { // <- cost
				return attempt;
			}
		}
	}

	std::string name;
	SceneNode *parent = nullptr;
	std::vector<std::unique_ptr<SceneNode>> children;
};

void spawn_bullets(SceneNode *p_root, int p_count) {
	for (int i = 0; i < p_count; i++) {
		p_root->add_child(std::make_unique<SceneNode>("Bullet"));
	}
}
