#include <stdlib.h>
#include <string.h>

#define RAWSZ 20

struct filespec {
	char *path;
	unsigned char oid[RAWSZ];
	unsigned mode;
	int rename_used;
	struct filespec *next;
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

struct oid_table {
	struct filespec **bucket;
	unsigned mask;
};

static unsigned oid_slot(const struct oid_table *t, const struct filespec *f)
{
	unsigned h;

	memcpy(&h, f->oid, sizeof(h));
	return h & t->mask;
}

static int basename_same(const struct filespec *a, const struct filespec *b)
{
	const char *x = strrchr(a->path, '/'); // <- hot 24
	const char *y = strrchr(b->path, '/'); // <- hot 22

	return !strcmp(x ? x + 1 : a->path, y ? y + 1 : b->path);
}

static struct filespec *find_source(struct oid_table *t, const struct filespec *dst)
{
	struct filespec *best = NULL, *src;

	for (src = t->bucket[oid_slot(t, dst)]; src; src = src->next) { // <- hot 23
		if (src->rename_used || memcmp(src->oid, dst->oid, RAWSZ))
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
	struct oid_table t = { NULL, 63 };
	int i;

	while (t.mask < (unsigned)cs->nr_deleted)
		t.mask = t.mask * 2 + 1;
	t.bucket = calloc(t.mask + 1, sizeof(*t.bucket));
	for (i = cs->nr_deleted - 1; i >= 0; i--) {
		unsigned s = oid_slot(&t, cs->deleted[i]); // <- hot 16
		cs->deleted[i]->next = t.bucket[s];
		t.bucket[s] = cs->deleted[i];
	}
	cs->moves = calloc(cs->nr_created, sizeof(*cs->moves));
	cs->nr_moves = 0;
	for (i = 0; i < cs->nr_created; i++) {
		struct filespec *src = find_source(&t, cs->created[i]);

		if (!src)
			continue;
		src->rename_used = 1;
		cs->moves[cs->nr_moves].src = src;
		cs->moves[cs->nr_moves++].dst = cs->created[i];
	}
	free(t.bucket);
	return cs->nr_moves;
}
