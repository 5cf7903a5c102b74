#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

typedef int bufsize_t;

typedef struct {
  const unsigned char *data;
  bufsize_t len;
} chunk;

typedef struct {
  chunk input;
  bufsize_t pos;
  void (*text)(void *ctx, const unsigned char *s, bufsize_t n);
  void (*code)(void *ctx, const unsigned char *s, bufsize_t n);
  void *ctx;
} subject;

static inline unsigned char peek_char(const subject *subj) {
  return subj->pos < subj->input.len ? subj->input.data[subj->pos] : 0;
}

static bufsize_t take_ticks(subject *subj) {
  bufsize_t start = subj->pos;
  while (peek_char(subj) == '`')
    subj->pos++;
  return subj->pos - start;
}

// Looks for a run of exactly openticklength backticks; returns the position
// behind it, or 0 with the position left at the end of the input.
static bufsize_t scan_to_closing_ticks(subject *subj, bufsize_t openticklength) {
  for (;;) { // <- cost
    unsigned char c;
    while ((c = peek_char(subj)) && c != '`') // <- hot 56
      subj->pos++; // <- hot 21
    if (!c)
      return 0;
    bufsize_t numticks = take_ticks(subj); // <- hot 15
    if (numticks == openticklength)
      return subj->pos;
  }
}

static void handle_ticks(subject *subj) {
  bufsize_t tickpos = subj->pos;
  bufsize_t openticks = take_ticks(subj);
  bufsize_t startpos = subj->pos;
  bufsize_t endpos = scan_to_closing_ticks(subj, openticks); // <- cost

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
    while (subj->pos < subj->input.len && peek_char(subj) != '`')
      subj->pos++;
    subj->text(subj->ctx, subj->input.data + start, subj->pos - start);
  }
}
