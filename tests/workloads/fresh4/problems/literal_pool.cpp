// expect: pattern=hot-loop bench
// Compiles the formulas of a spreadsheet to the code of a small stack machine; equal literals share a place in the pool.
// Measured: 290,000 formulas for a second of CPU (the search in the pool holds about four fifths of the time),
// 1,400,000 in the twin, 4.8 times as many.
#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

constexpr size_t sheet_size = 1500;

enum class Op : uint8_t { Literal, Cell, Add, Subtract, Multiply, Divide };

struct Instruction {
    Op op;
    uint32_t operand;
};

/// The literals of a sheet, each once.
class LiteralPool {
public:
    uint32_t place(double value)
    {
        auto found = std::find(values_.begin(), values_.end(), value); // <- cost
        if (found != values_.end())
            return static_cast<uint32_t>(found - values_.begin());
        values_.push_back(value);
        return static_cast<uint32_t>(values_.size() - 1);
    }

    double operator[](uint32_t place) const { return values_[place]; }
    size_t size() const { return values_.size(); }

private:
    std::vector<double> values_; // <- cost
};

struct Sheet {
    LiteralPool literals;
    std::vector<Instruction> code;
    std::vector<size_t> starts;
};

/// A formula, by recursive descent.
class Compiler {
public:
    explicit Compiler(Sheet &sheet) : sheet_(sheet) {}

    void compile(const std::string &formula)
    {
        text_ = formula.c_str();
        sheet_.starts.push_back(sheet_.code.size());
        sum();
        if (*text_)
            throw std::runtime_error("something is left: " + std::string(text_));
    }

private:
    void sum()
    {
        product();
        while (*text_ == '+' || *text_ == '-') {
            Op op = *text_++ == '+' ? Op::Add : Op::Subtract;
            product();
            emit(op);
        }
    }

    void product()
    {
        atom();
        while (*text_ == '*' || *text_ == '/') {
            Op op = *text_++ == '*' ? Op::Multiply : Op::Divide;
            atom();
            emit(op);
        }
    }

    void atom()
    {
        if (*text_ == '(') {
            text_++;
            sum();
            if (*text_++ != ')')
                throw std::runtime_error("a bracket is missing");
        } else if (std::isdigit(static_cast<unsigned char>(*text_))) {
            char *end;
            double value = strtod(text_, &end);
            text_ = end;
            emit(Op::Literal, sheet_.literals.place(value)); // <- cost
        } else if (*text_ == 'R') {
            char *end;
            emit(Op::Cell, static_cast<uint32_t>(strtoul(text_ + 1, &end, 10)));
            text_ = end;
        } else {
            throw std::runtime_error("not understood: " + std::string(text_));
        }
    }

    void emit(Op op, uint32_t operand = 0) { sheet_.code.push_back({op, operand}); }

    Sheet &sheet_;
    const char *text_ = nullptr;
};

/// The sum of all formulas.
double run(const Sheet &sheet, const std::vector<double> &cells)
{
    double total = 0, stack[64];
    for (size_t formula = 0; formula < sheet.starts.size(); formula++) {
        size_t end = formula + 1 < sheet.starts.size() ? sheet.starts[formula + 1] : sheet.code.size();
        int top = 0;
        for (size_t at = sheet.starts[formula]; at < end; at++) {
            const Instruction &step = sheet.code[at];
            switch (step.op) {
            case Op::Literal: stack[top++] = sheet.literals[step.operand]; continue;
            case Op::Cell: stack[top++] = cells[step.operand % cells.size()]; continue;
            case Op::Add: stack[top - 2] += stack[top - 1]; break;
            case Op::Subtract: stack[top - 2] -= stack[top - 1]; break;
            case Op::Multiply: stack[top - 2] *= stack[top - 1]; break;
            case Op::Divide: stack[top - 2] /= stack[top - 1]; break;
            }
            top--;
        }
        total += stack[0];
    }
    return total;
}

std::string formula(unsigned n)
{
    char text[160];
    snprintf(text, sizeof text, "(R%u+%u.%02u)*%u-R%u/(%u.5+R%u*%u)", n % 500, n * 31 % 1900, n % 100, n % 90 + 1, n % 77,
        n * 7 % 1300, n % 311, n * 13 % 700);
    return text;
}

int main()
{
    std::vector<std::string> formulas;
    for (unsigned n = 0; n < 6000; n++)
        formulas.push_back(formula(n));
    std::vector<double> cells(512);
    for (size_t n = 0; n < cells.size(); n++)
        cells[n] = static_cast<double>(n % 37) + 0.25;
    FILE *log = fopen("sheets.log", "w");
    printf("ready %d\n", getpid());
    fflush(stdout);
    using clock = std::chrono::steady_clock;
    auto began = clock::now();
    double told = 0, sum = 0;
    for (unsigned long sheets = 1;; sheets++) {
        Sheet sheet;
        Compiler compiler(sheet);
        for (size_t n = 0; n < sheet_size; n++)
            compiler.compile(formulas[(n + sheets * 17) % formulas.size()]); // <- cost
        sum += run(sheet, cells);
        double passed = std::chrono::duration<double>(clock::now() - began).count();
        if (passed - told > 1) {
            told = passed;
            fprintf(log, "%.0f formulas a second, %zu literals, %zu steps, sum %g\n",
                static_cast<double>(sheets * sheet_size) / passed, sheet.literals.size(), sheet.code.size(), sum);
            fflush(log);
        }
    }
}
