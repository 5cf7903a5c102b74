// expect: healthy bench
// Decodes the messages of a stock exchange (tag=value, as FIX has it), checks them, and adds up what was traded.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace {

constexpr char soh = '\x01';
constexpr int symbols = 60;

struct Field {
    int tag;
    std::string_view value;
};

/// The fields of a message, in their order: views of its text, which must outlive them.
class Message {
public:
    void clear() { fields_.clear(); }
    void add(int tag, std::string_view value) { fields_.push_back({tag, value}); }

    const std::string_view *find(int tag) const
    {
        auto found = std::find_if(fields_.begin(), fields_.end(), [tag](const Field &field) { return field.tag == tag; });
        return found == fields_.end() ? nullptr : &found->value;
    }

    long number(int tag) const
    {
        long number = 0;
        if (const std::string_view *value = find(tag))
            std::from_chars(value->data(), value->data() + value->size(), number);
        return number;
    }

private:
    std::vector<Field> fields_;
};

void decode(std::string_view line, Message &message)
{
    message.clear();
    size_t at = 0;
    while (at < line.size()) {
        size_t equals = line.find('=', at), end = line.find(soh, at);
        if (equals == std::string::npos || end == std::string::npos || equals > end)
            break;
        int tag = 0;
        for (size_t i = at; i < equals; i++)
            tag = tag * 10 + (line[i] - '0');
        message.add(tag, line.substr(equals + 1, end - equals - 1));
        at = end + 1;
    }
}

bool checked(const std::string &line, const Message &message)
{
    size_t trailer = line.rfind("10=");
    unsigned sum = 0;
    for (size_t i = 0; i < trailer; i++)
        sum += static_cast<unsigned char>(line[i]);
    return sum % 256 == static_cast<unsigned>(message.number(10));
}

/// What was traded of each paper.
class Turnover {
public:
    void add(const Message &message)
    {
        const std::string_view *symbol = message.find(55);
        const std::string_view *kind = message.find(35);
        if (!symbol || !kind || *kind != "8")
            return;
        int number = 0;
        std::from_chars(symbol->data() + symbol->find('.') + 1, symbol->data() + symbol->size(), number);
        cents_[number % symbols] += message.number(31) * message.number(32);
        trades_++;
    }

    long trades() const { return trades_; }

private:
    long cents_[symbols] = {};
    long trades_ = 0;
};

std::string line(unsigned n)
{
    char body[512];
    int size = snprintf(body, sizeof body,
        "8=FIX.4.4%c9=231%c35=8%c34=%u%c49=EXCHANGE-GATEWAY-%u%c56=BROKER-OF-THE-NORTH%c52=20261128-10:%02u:%02u.%03u000%c"
        "37=order-%08u-of-today%c11=client-order-%07u%c17=execution-%09u%c55=EXCHANGE.%u%c54=%u%c38=%u%c44=%u%c31=%u%c"
        "32=%u%c14=%u%c6=%u%c60=20261128-10:%02u:%02u.%03u123%c",
        soh, soh, soh, n, soh, n % 4, soh, soh, n % 60, n * 7 % 60, n % 1000, soh, n, soh, n * 7919 % 9999991, soh, n * 31, soh,
        n % symbols, soh, 1 + n % 2, soh, 100 + n % 900, soh, 5000 + n % 700, soh, 5000 + n % 650, soh, 1 + n % 90, soh,
        1 + n % 95, soh, 5000 + n % 600, soh, n % 60, n * 11 % 60, n % 1000, soh);
    unsigned sum = 0;
    for (int i = 0; i < size; i++)
        sum += static_cast<unsigned char>(body[i]);
    snprintf(body + size, sizeof body - static_cast<size_t>(size), "10=%03u%c", sum % 256, soh);
    return body;
}

} // namespace

int main()
{
    using clock = std::chrono::steady_clock;
    std::vector<std::string> lines;
    for (unsigned n = 0; n < 5000; n++)
        lines.push_back(line(n));
    FILE *log = fopen("fix.log", "w");
    Turnover turnover;
    Message message;
    printf("ready %d\n", getpid());
    fflush(stdout);
    auto began = clock::now();
    long told = 0, wrong = 0;
    for (unsigned long count = 1;; count++) {
        const std::string &text = lines[count % lines.size()];
        decode(text, message);
        if (checked(text, message))
            turnover.add(message);
        else
            wrong++;
        if (count % 1000)
            continue;
        long passed = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - began).count();
        if (passed - told > 1000) {
            told = passed;
            fprintf(log, "%ld %lu messages, %ld trades, %ld wrong\n", passed, count, turnover.trades(), wrong);
            fflush(log);
        }
    }
}
