/* expect: pattern=chatty-protocol bench
 * Reads the fields of a sensor one after the other over a small protocol of its own (5 bytes there, 9 back), and keeps a
 * moving mean of each. The sensor is another process. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIELDS = 64 };

static void exactly(int fd, void *to, size_t size) {
    for (size_t got = 0; got < size;) {
        ssize_t n = read(fd, (char *)to + got, size - got); // <- cost
        if (n <= 0) exit(0);
        got += n;
    }
}

static void sensor(int listener) {
    int fd = accept(listener, 0, 0), on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (uint64_t turn = 0;; turn++) {
        unsigned char asked[5], answer[9] = {'V'};
        exactly(fd, asked, 5);
        uint64_t value = turn * 7 % 1000 + asked[1];
        memcpy(answer + 1, &value, 8);
        if (write(fd, answer, 9) != 9) exit(0);
    }
}

static double field(int fd, int number) {
    unsigned char asked[5] = {'R', number}, answer[9];
    if (write(fd, asked, 5) != 5) exit(1); // <- cost
    exactly(fd, answer, 9); // <- cost
    uint64_t value;
    memcpy(&value, answer + 1, 8);
    return value;
}

static void sweep(int fd, double *means) {
    for (int i = 0; i < FIELDS; i++) means[i] = means[i] * 0.9 + field(fd, i) * 0.1; // <- cost
}

int main(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    bind(listener, (struct sockaddr *)&at, sizeof at);
    listen(listener, 1);
    getsockname(listener, (struct sockaddr *)&at, &size);
    pid_t between = fork();
    if (!between) {
        if (!fork()) sensor(listener);
        _exit(0);
    }
    waitpid(between, 0, 0);
    close(listener);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&at, sizeof at)) return 1;
    printf("ready %d\n", getpid());
    fflush(stdout);
    double means[FIELDS] = {0};
    for (;;) sweep(fd, means);
}
