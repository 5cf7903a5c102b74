#include <cctype>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

class SceneNode {
public:
	explicit SceneNode(std::string p_name) :
			name(std::move(p_name)) {}

	const std::string &get_name() const { return name; }
	SceneNode *get_parent() const { return parent; }
	int get_child_count() const { return int(children.size()); }

	SceneNode *add_child(std::unique_ptr<SceneNode> p_child) {
		if (by_name.count(p_child->name)) { // <- hot 14
			p_child->name = _generate_serial_name(p_child->name);
		}
		p_child->parent = this;
		by_name.emplace(p_child->name, p_child.get()); // <- hot 31
		children.push_back(std::move(p_child));
		return children.back().get();
	}

	SceneNode *find_child(const std::string &p_name) const {
		auto it = by_name.find(p_name);
		return it == by_name.end() ? nullptr : it->second;
	}

private:
	std::string _generate_serial_name(const std::string &p_base) {
		size_t digits = p_base.size();
		while (digits > 0 && isdigit((unsigned char)p_base[digits - 1])) {
			digits--;
		}
		std::string prefix = p_base.substr(0, digits);
		long num = digits < p_base.size() ? std::stol(p_base.substr(digits)) : 1;

		long &last = last_serial[prefix]; // <- hot 13
		if (last > num) {
			num = last;
		}
		for (;;) {
			num++;
			std::string attempt = prefix + std::to_string(num); // <- hot 21
			if (!by_name.count(attempt)) {
				last = num;
				return attempt;
			}
		}
	}

	std::string name;
	SceneNode *parent = nullptr;
	std::vector<std::unique_ptr<SceneNode>> children;
	std::unordered_map<std::string, SceneNode *> by_name;
	std::unordered_map<std::string, long> last_serial;
};

void spawn_bullets(SceneNode *p_root, int p_count) {
	for (int i = 0; i < p_count; i++) {
		p_root->add_child(std::make_unique<SceneNode>("Bullet"));
	}
}
