#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

class Arena {
public:
    char* take(size_t n) {
        if (n > left_) {
            size_t size = std::max<size_t>(n, 16384);
            blocks_.push_back(std::make_unique<char[]>(size)); // <- made 100 <- cost
            cur_ = blocks_.back().get();
            left_ = size;
        }
        char* p = cur_;
        cur_ += n;
        left_ -= n;
        return p;
    }

private:
    std::vector<std::unique_ptr<char[]>> blocks_; // <- cost
    char* cur_ = nullptr;
    size_t left_ = 0;
};

struct Binding {
    std::string_view name;
    double value;
};

class Interpreter {
public:
    double eval(const std::string& program) {
        std::vector<double> stack;
        std::string token;
        locals_.clear();
        for (char c : program + " ") {
            if (c != ' ') {
                token += c;
                continue;
            }
            if (!token.empty()) step(token, stack);
            token.clear();
        }
        return stack.empty() ? 0.0 : stack.back();
    }

private:
    std::string_view copy(std::string_view s) {
        char* p = arena_.take(s.size()); // <- cost
        std::memcpy(p, s.data(), s.size());
        return {p, s.size()};
    }

    void step(const std::string& t, std::vector<double>& st) {
        if (t[0] == '=') {
            locals_.push_back({copy(std::string_view(t).substr(1)), pop(st)});
        } else if (t[0] == '$') {
            st.push_back(lookup(std::string_view(t).substr(1)));
        } else if (t == "+" || t == "*") {
            double b = pop(st), a = pop(st);
            st.push_back(t == "+" ? a + b : a * b);
        } else {
            st.push_back(std::stod(t));
        }
        ops_[t.substr(0, 1)]++;
    }

    static double pop(std::vector<double>& st) {
        if (st.empty()) throw std::runtime_error("stack underflow");
        double v = st.back();
        st.pop_back();
        return v;
    }

    double lookup(std::string_view name) const {
        for (auto it = locals_.rbegin(); it != locals_.rend(); ++it)
            if (it->name == name) return it->value;
        throw std::runtime_error("unbound " + std::string(name));
    }

    Arena arena_;
    std::vector<Binding> locals_;
    std::unordered_map<std::string, int> ops_;
};
