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

std::vector<Part> parse(std::string rest) {
    std::vector<Part> parts;
    while (!rest.empty()) { // <- cost
        const auto open = rest.find("{{");
        if (open == std::string::npos) {
            parts.push_back({Kind::Text, rest});
            break;
        }
        if (open > 0) parts.push_back({Kind::Text, rest.substr(0, open)});
        rest = rest.substr(open + 2); // <- cost hot 46
        const auto close = rest.find("}}");
        if (close == std::string::npos) break;
        parts.push_back({Kind::Field, trimmed(std::string_view(rest).substr(0, close))});
        rest = rest.substr(close + 2); // <- cost hot 45
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
