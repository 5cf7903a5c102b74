#include <string>
#include <string_view>
#include <vector>

class Lexer {
    std::string_view src_;
    size_t pos_ = 0;

    std::string_view ident() {
        size_t start = pos_;
        while (pos_ < src_.size() && (std::isalnum((unsigned char)src_[pos_]) || src_[pos_] == '_'))
            ++pos_; // <- 0
        return src_.substr(start, pos_ - start);
    }

    std::string_view next() {
        while (pos_ < src_.size() && std::isspace((unsigned char)src_[pos_])) ++pos_;
        if (pos_ >= src_.size()) return {};
        return std::isalpha((unsigned char)src_[pos_]) ? ident() : src_.substr(pos_++, 1); // <- 1
    }

public:
    explicit Lexer(std::string_view s) : src_(s) {}

    std::vector<std::string> all() {
        std::vector<std::string> out;
        for (;;) {
            auto t = next(); // <- 2
            if (t.empty()) break;
            out.emplace_back(t);
        }
        return out;
    }
};
