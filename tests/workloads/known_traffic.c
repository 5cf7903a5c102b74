// A client in C whose every call is known: known_traffic PORT [TURNS]. Protocol as in known_traffic.py.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static struct sockaddr_in server;

static int connected(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&server, sizeof server)) exit(3);
    return fd;
}

__attribute__((noinline)) static void vectors(int fd, int times) {
    char answer[64];
    struct iovec parts[] = {{"GET /c/", 7}, {"17 HTTP/1.1\r\n\r\n", 15}};
    for (int i = 0; i < times; i++) {
        if (writev(fd, parts, 2) != 22) exit(4); // @writev
        if (read(fd, answer, sizeof answer) <= 0) exit(5);
    }
}

__attribute__((noinline)) static void messages(int fd, int times) {
    char answer[64];
    struct iovec part = {"hello", 5};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    struct mmsghdr both[2] = {{message, 0}, {message, 0}};
    for (int i = 0; i < times; i++) {
        if (sendmsg(fd, &message, 0) != 5) exit(6); // @sendmsg
        if (recv(fd, answer, sizeof answer, MSG_PEEK) <= 0) exit(7);
        if (recv(fd, answer, sizeof answer, 0) <= 0) exit(8);
    }
    if (sendmmsg(fd, both, 2, 0) != 2) exit(9);
}

__attribute__((noinline)) static void without_waiting(int times) {
    for (int i = 0; i < times; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), copy;
        char answer[64];
        if (connect(fd, (struct sockaddr *)&server, sizeof server) && errno != EINPROGRESS) exit(10); // @connect
        struct pollfd wait = {fd, POLLOUT, 0};
        poll(&wait, 1, -1);
        copy = dup(fd);
        close(fd);
        if (write(copy, "one", 3) != 3) exit(11);
        wait.fd = copy, wait.events = POLLIN;
        while (read(copy, answer, sizeof answer) < 0) poll(&wait, 1, -1); // says EAGAIN at first, perhaps
        close(copy);
    }
}

// More turns a second than a tracer would look at: their number is exact all the same.
__attribute__((noinline)) static void storm(int times) {
    char bytes[64];
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) exit(12);
    for (int i = 0; i < times; i++) {
        if (send(ends[0], "GET /storm HTTP/1.1\r\n\r\n", 23, 0) != 23) exit(13);
        if (recv(ends[1], bytes, sizeof bytes, 0) != 23) exit(14);
        if (send(ends[1], "answer!", 7, 0) != 7) exit(15);
        if (recv(ends[0], bytes, sizeof bytes, 0) != 7) exit(16);
    }
    close(ends[0]);
    close(ends[1]);
}

int main(int argc, char **argv) {
    char word[64];
    server.sin_family = AF_INET;
    server.sin_port = htons(atoi(argv[1]));
    inet_pton(AF_INET, "127.0.0.1", &server.sin_addr);
    printf("ready %d\n", getpid());
    fflush(stdout);
    while (fgets(word, sizeof word, stdin) && strncmp(word, "stop", 4)) {
        int fd = connected();
        vectors(fd, 23);
        messages(fd, 29);
        close(fd);
        without_waiting(5);
        if (argc > 2) storm(atoi(argv[2]));
        printf("done\n");
        fflush(stdout);
    }
}
