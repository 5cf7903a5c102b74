#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#define MAXTICKS 1000

typedef int bufsize_t;

typedef struct {
  const unsigned char *data;
  bufsize_t len;
} chunk;

typedef struct {
  chunk input;
  bufsize_t pos;
  bufsize_t ticks[MAXTICKS + 1];
  bool scanned_for_ticks;
  void (*text)(void *ctx, const unsigned char *s, bufsize_t n);
  void (*code)(void *ctx, const unsigned char *s, bufsize_t n);
  void *ctx;
} subject;

static inline unsigned char peek_char(const subject *subj) {
  return subj->pos < subj->input.len ? subj->input.data[subj->pos] : 0;
}

static bufsize_t take_ticks(subject *subj) {
  bufsize_t start = subj->pos;
  while (peek_char(subj) == '`') // <- hot 18
    subj->pos++;
  return subj->pos - start;
}

// Looks for a run of exactly openticklength backticks; returns the position
// behind it, or 0. Remembers where the last run of each length begins.
static bufsize_t scan_to_closing_ticks(subject *subj, bufsize_t openticklength) {
  if (openticklength > MAXTICKS)
    return 0;
  if (subj->scanned_for_ticks && subj->ticks[openticklength] <= subj->pos)
    return 0;
  for (;;) {
    unsigned char c;
    while ((c = peek_char(subj)) && c != '`') // <- hot 30
      subj->pos++;
    if (!c)
      break;
    bufsize_t numticks = take_ticks(subj);
    if (numticks <= MAXTICKS)
      subj->ticks[numticks] = subj->pos - numticks;
    if (numticks == openticklength)
      return subj->pos;
  }
  subj->scanned_for_ticks = true;
  return 0;
}

static void handle_ticks(subject *subj) {
  bufsize_t tickpos = subj->pos;
  bufsize_t openticks = take_ticks(subj);
  bufsize_t startpos = subj->pos;
  bufsize_t endpos = scan_to_closing_ticks(subj, openticks);

  if (endpos == 0) {
    subj->pos = startpos;
    subj->text(subj->ctx, subj->input.data + tickpos, openticks);
  } else {
    subj->code(subj->ctx, subj->input.data + startpos, endpos - startpos - openticks);
  }
}

void parse_inlines(subject *subj) {
  while (subj->pos < subj->input.len) {
    if (peek_char(subj) == '`') {
      handle_ticks(subj);
      continue;
    }
    bufsize_t start = subj->pos;
    while (subj->pos < subj->input.len && peek_char(subj) != '`') // <- hot 38
      subj->pos++;
    subj->text(subj->ctx, subj->input.data + start, subj->pos - start);
  }
}
