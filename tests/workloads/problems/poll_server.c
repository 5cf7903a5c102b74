/* expect: pattern=blocking-io bench */
/* A server on epoll. For each request it asks a slower one behind it, and waits for that answer in the loop. */
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS 4

static int behind[2], clients[CLIENTS][2];
static char log_line[64];

static void answer_slowly(void)
{
    char question;
    struct timespec pause = {0, 5000000};
    while (read(behind[1], &question, 1) == 1) {
        nanosleep(&pause, NULL);
        if (write(behind[1], "a", 1) != 1)
            return;
    }
}

static void ask_all(void)
{
    char answer;
    for (;;)
        for (int i = 0; i < CLIENTS; i++)
            if (write(clients[i][1], "q", 1) != 1 || read(clients[i][1], &answer, 1) != 1)
                return;
}

__attribute__((noinline)) static char ask_behind(void)
{
    char answer = 0;
    if (write(behind[0], "q", 1) != 1 || read(behind[0], &answer, 1) != 1) // <- cost
        _exit(1);
    return answer;
}

__attribute__((noinline)) static void serve(int client)
{
    char question;
    if (read(client, &question, 1) != 1)
        _exit(1);
    snprintf(log_line, sizeof log_line, "client %d asks %c", client, question);
    char answer = ask_behind();
    if (write(client, &answer, 1) != 1)
        _exit(1);
}

int main(void)
{
    socketpair(AF_UNIX, SOCK_STREAM, 0, behind);
    int poller = epoll_create1(0);
    for (int i = 0; i < CLIENTS; i++) {
        socketpair(AF_UNIX, SOCK_STREAM, 0, clients[i]);
        struct epoll_event event = {EPOLLIN, {.fd = clients[i][0]}};
        epoll_ctl(poller, EPOLL_CTL_ADD, clients[i][0], &event);
    }
    for (int child = 0; child < 2; child++)
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (child == 0)
                answer_slowly();
            else
                ask_all();
            return 0;
        }
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (;;) {
        struct epoll_event events[CLIENTS];
        int ready = epoll_wait(poller, events, CLIENTS, -1);
        for (int i = 0; i < ready; i++)
            serve(events[i].data.fd);
    }
}
