#include <stdlib.h>
#include <string.h>

#define RAWSZ 20

struct filespec {
	char *path;
	unsigned char oid[RAWSZ];
	unsigned mode;
	int rename_used;
};

struct moved_pair {
	struct filespec *src, *dst;
};

struct change_set {
	struct filespec **deleted;
	int nr_deleted;
	struct filespec **created;
	int nr_created;
	struct moved_pair *moves;
	int nr_moves;
};

static int same_contents(const struct filespec *a, const struct filespec *b)
{
	return !memcmp(a->oid, b->oid, RAWSZ); // <- hot 52
}

static int basename_same(const struct filespec *a, const struct filespec *b)
{
	const char *x = strrchr(a->path, '/');
	const char *y = strrchr(b->path, '/');

	return !strcmp(x ? x + 1 : a->path, y ? y + 1 : b->path);
}

static struct filespec *find_source(struct change_set *cs, const struct filespec *dst)
{
	struct filespec *best = NULL;
	int i;

	for (i = 0; i < cs->nr_deleted; i++) { // <- cost hot 26
		struct filespec *src = cs->deleted[i];

		if (src->rename_used || !same_contents(src, dst)) // <- cost hot 17
			continue;
		if (basename_same(src, dst))
			return src;
		if (!best)
			best = src;
	}
	return best;
}

int find_exact_moves(struct change_set *cs)
{
	int i;

	cs->moves = calloc(cs->nr_created, sizeof(*cs->moves));
	cs->nr_moves = 0;
	for (i = 0; i < cs->nr_created; i++) {
		struct filespec *dst = cs->created[i];
		struct filespec *src = find_source(cs, dst); // <- cost

		if (!src)
			continue;
		src->rename_used = 1;
		cs->moves[cs->nr_moves].src = src;
		cs->moves[cs->nr_moves].dst = dst;
		cs->nr_moves++;
	}
	return cs->nr_moves;
}
