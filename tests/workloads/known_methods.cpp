// Overloaded methods in a namespace, called a known number of times at "go".
#include <cstdio>
#include <cstring>
#include <string>
#include <unistd.h>

namespace shop {
struct Cart {
    volatile long sum = 0;
    __attribute__((noinline)) long total(int x) { return sum += x; }
    __attribute__((noinline)) long total(const std::string &s) { return sum += s.size(); }
};
}

int main()
{
    char word[16];
    shop::Cart cart;
    std::printf("ready %d\n", getpid());
    std::fflush(stdout);
    while (std::fgets(word, sizeof word, stdin) && !std::strncmp(word, "go", 2)) {
        for (int i = 0; i < 307; i++)
            cart.total(i);
        for (int i = 0; i < 211; i++)
            cart.total(std::string("abc"));
        std::printf("{\"ints\": 307, \"strings\": 211}\n");
        std::fflush(stdout);
    }
}
