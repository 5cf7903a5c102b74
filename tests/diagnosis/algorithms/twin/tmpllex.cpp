// Splits mail templates into literal text and {{placeholders}}.
#include <string>
#include <string_view>
#include <vector>

namespace tmpl {

enum class Kind { Text, Field };

struct Part {
    Kind kind;
    std::string text;
};

static std::string trimmed(std::string_view s) {
    const auto a = s.find_first_not_of(" \t");
    if (a == std::string_view::npos) return {};
    const auto b = s.find_last_not_of(" \t");
    return std::string(s.substr(a, b - a + 1));
}

std::vector<Part> parse(const std::string& source) {
    std::vector<Part> parts;
    const std::string_view src(source);
    std::size_t pos = 0;
    while (pos < src.size()) {
        const auto open = src.find("{{", pos); // <- hot 31
        if (open == std::string_view::npos) {
            parts.push_back({Kind::Text, std::string(src.substr(pos))});
            break;
        }
        if (open > pos)
            parts.push_back({Kind::Text, std::string(src.substr(pos, open - pos))}); // <- hot 28
        pos = open + 2;
        const auto close = src.find("}}", pos);
        if (close == std::string_view::npos) break;
        parts.push_back({Kind::Field, trimmed(src.substr(pos, close - pos))}); // <- hot 24
        pos = close + 2;
    }
    return parts;
}

template <class Lookup>
std::string render(const std::vector<Part>& parts, Lookup&& lookup) {
    std::string out;
    for (const auto& p : parts)
        out += p.kind == Kind::Text ? p.text : lookup(p.text);
    return out;
}

}  // namespace tmpl
