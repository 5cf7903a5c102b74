/* A program whose first thread has left: the other one holds 997 pages. */
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static void *stays(void *unused) {
    char *at = mmap(NULL, 997 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 997; i++) at[i * 4096] = 1;
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (;;) pause();
    return unused;
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, stays, NULL);
    pthread_exit(NULL);
}
