// expect: healthy bench

// The telex gateway of a fishing fleet: shore stations keep TCP lines open to it and send telexes, each a header line
// ("ZCZC station number priority"), lines of text that end in CR LF, and "NNNN". The gateway checks the numbers of
// each station, turns the text into the five-bit alphabet to know how long it will be on the air, and keeps the
// newest telexes of each station for whoever asks.
//
// Measured: 0.57-0.62 cores as a problem, less than 0.01 as a twin.
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATIONS 32
#define LONGEST_LINE 128
#define LONGEST_TEXT 4096
#define KEPT 16

struct telex {
    long number;
    int priority;
    int length;
    int baudot;
    char text[LONGEST_TEXT];
};

struct station {
    pthread_mutex_t lock;
    long expected;
    long telexes, missing, garbled;
    double seconds_on_air;
    struct telex kept[KEPT];
};

static struct station stations[STATIONS];

struct reader {
    int from;
    int at, end;
    char buffer[16384];
};

/* Reads a line without its end into `line`; its length, or -1 at the end of the connection. */
static int read_line(struct reader *reader, char *line, int room)
{
    int length = 0;
    for (;;) {
        if (reader->at == reader->end) {
            ssize_t got = read(reader->from, reader->buffer, sizeof reader->buffer);
            if (got < 0 && errno == EINTR)
                continue;
            if (got <= 0)
                return -1;
            reader->at = 0;
            reader->end = (int)got;
        }
        char c = reader->buffer[reader->at++];
        if (c == '\n')
            break;
        if (length < room - 1)
            line[length++] = c;
    }
    if (length && line[length - 1] == '\r')
        length--;
    line[length] = 0;
    return length;
}

/* How many five-bit codes a text takes, with the shifts between letters and figures. */
static int baudot_codes(const char *text, int length)
{
    int codes = 0, figures = 0;
    for (int i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == ' ' || c == '\r' || c == '\n') {
            codes++;
            continue;
        }
        int figure = !isalpha(c);
        if (figure != figures) {
            figures = figure;
            codes++;
        }
        codes++;
    }
    return codes;
}

static void keep(struct station *station, const struct telex *telex)
{
    pthread_mutex_lock(&station->lock);
    if (station->telexes && telex->number != station->expected)
        station->missing++;
    station->expected = telex->number + 1;
    struct telex *place = &station->kept[station->telexes++ % KEPT];
    place->number = telex->number;
    place->priority = telex->priority;
    place->length = telex->length;
    place->baudot = telex->baudot;
    memcpy(place->text, telex->text, (size_t)telex->length);
    station->seconds_on_air += telex->baudot * 7.5 / 50;
    pthread_mutex_unlock(&station->lock);
}

static void *serve(void *argument)
{
    struct reader reader = {.from = (int)(long)argument};
    char line[LONGEST_LINE];
    struct telex telex;
    int length;
    while ((length = read_line(&reader, line, sizeof line)) >= 0) {
        unsigned number_of_station;
        if (sscanf(line, "ZCZC %u %ld %d", &number_of_station, &telex.number, &telex.priority) != 3
            || number_of_station >= STATIONS)
            continue;
        struct station *station = &stations[number_of_station];
        telex.length = 0;
        int ended = 0;
        while ((length = read_line(&reader, line, sizeof line)) >= 0) {
            if (!strcmp(line, "NNNN")) {
                ended = 1;
                break;
            }
            if (telex.length + length + 2 > LONGEST_TEXT)
                continue;
            memcpy(telex.text + telex.length, line, (size_t)length);
            memcpy(telex.text + telex.length + length, "\r\n", 2);
            telex.length += length + 2;
        }
        if (!ended) {
            pthread_mutex_lock(&station->lock);
            station->garbled++;
            pthread_mutex_unlock(&station->lock);
            break;
        }
        telex.baudot = baudot_codes(telex.text, telex.length);
        keep(station, &telex);
    }
    close(reader.from);
    return NULL;
}

/* The shore stations: six lines, together 1200 telexes of about 700 bytes a second. */
static const char shore[] =
    "import os, sys, socket, time\n"
    "sys.path.insert(0, os.path.dirname(os.environ['SERVICES']))\n"
    "import services\n"
    "words = 'ETA HARBOUR THURSDAY 0430 COD 12 TONNES ICE 4 DIESEL 900 LITRES ENGINE OK WIND NW 6 SEA ROUGH'.split()\n"
    "def send():\n"
    "    lines = [socket.create_connection(('127.0.0.1', int(sys.argv[1]))) for _ in range(6)]\n"
    "    texts = [''.join(' '.join(words[(k * 3 + n + w) % len(words)] for w in range(11)) + '\\r\\n'\n"
    "             for k in range(12)) for n in range(20)]\n"
    "    due, number = time.monotonic(), 0\n"
    "    while True:\n"
    "        for station, line in enumerate(lines):\n"
    "            line.sendall(''.join(f'ZCZC {station} {number + k} {k % 3}\\r\\n{texts[k]}NNNN\\r\\n'\n"
    "                                 for k in range(20)).encode())\n"
    "        number += 20\n"
    "        due += 0.1\n"
    "        time.sleep(max(0.0, due - time.monotonic()))\n"
    "services.outside(send)\n";

static void call_shore(int port)
{
    char number[16];
    snprintf(number, sizeof number, "%d", port);
    pid_t child = fork();
    if (child == 0) {
        execl(getenv("PYTHON"), "python", "-c", shore, number, (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < STATIONS; i++)
        pthread_mutex_init(&stations[i].lock, NULL);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    if (bind(listener, (struct sockaddr *)&at, size) || listen(listener, 16)
        || getsockname(listener, (struct sockaddr *)&at, &size)) {
        perror("listen");
        return 1;
    }
    call_shore(ntohs(at.sin_port));
    for (int lines = 1;; lines++) {
        int line_in = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (line_in < 0)
            continue;
        pthread_t thread;
        if (pthread_create(&thread, NULL, serve, (void *)(long)line_in)) {
            close(line_in);
            continue;
        }
        pthread_detach(thread);
        if (lines == 6) {
            printf("ready %d\n", (int)getpid());
            fflush(stdout);
        }
    }
}
