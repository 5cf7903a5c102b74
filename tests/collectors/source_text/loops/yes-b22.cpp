#include <algorithm>
#include <memory>
#include <string>
#include <vector>

struct Token { std::string text; int line; };
struct Scope { std::vector<std::string> names; };

struct Compiler {
    std::unique_ptr<Scope> globals = std::make_unique<Scope>();
    std::vector<Token> code;
    std::vector<std::string> errors;

    bool declared(const std::string &n) const {
        return std::find(globals->names.cbegin(), globals->names.cend(), n) // <- 0
            != globals->names.cend();
    }

    void use(const Token &t) {
        if (declared(t.text)) return; // <- 1
        errors.push_back(std::to_string(t.line) + ": undeclared " + t.text);
        globals->names.push_back(t.text);
    }

    void checkAll() {
        size_t pc = 0;
        for (;;) { // <- outer
            if (pc >= code.size()) break;
            if (!code[pc].text.empty() && std::isalpha((unsigned char)code[pc].text[0]))
                use(code[pc]); // <- 2
            ++pc;
        }
    }
};
