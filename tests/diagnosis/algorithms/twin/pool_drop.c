#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct RelNode
{
	uint32_t	space;
	uint32_t	db;
	uint32_t	rel;
} RelNode;

typedef struct BufDesc
{
	RelNode		node;
	uint32_t	block;
	uint32_t	flags;
	int			refcount;
	int			free_next;
} BufDesc;

#define BUF_VALID 0x1u
#define BUF_DIRTY 0x2u

typedef struct BufferPool
{
	BufDesc    *descs;
	int			nbuffers;
	int			free_head;
} BufferPool;

static int
relnode_comparator(const void *p1, const void *p2)
{
	const RelNode *a = p1;
	const RelNode *b = p2;

	if (a->rel != b->rel) // <- hot 24
		return a->rel < b->rel ? -1 : 1;
	if (a->db != b->db)
		return a->db < b->db ? -1 : 1;
	if (a->space != b->space)
		return a->space < b->space ? -1 : 1;
	return 0;
}

static void
InvalidateBuffer(BufferPool *pool, int i)
{
	BufDesc    *buf = &pool->descs[i];

	buf->flags &= ~(BUF_VALID | BUF_DIRTY);
	buf->free_next = pool->free_head;
	pool->free_head = i;
}

/*
 * Throws away every cached page of the given relations, which are being
 * dropped at the end of a transaction.
 */
void
DropRelNodesAllBuffers(BufferPool *pool, RelNode *nodes, int nnodes)
{
	qsort(nodes, nnodes, sizeof(RelNode), relnode_comparator);

	for (int i = 0; i < pool->nbuffers; i++)
	{
		BufDesc    *buf = &pool->descs[i];

		if (!(buf->flags & BUF_VALID)) // <- hot 20
			continue;
		if (bsearch(&buf->node, nodes, nnodes, sizeof(RelNode), // <- hot 47
					relnode_comparator) != NULL)
			InvalidateBuffer(pool, i);
	}
}

int
CountDirty(const BufferPool *pool)
{
	int			n = 0;

	for (int i = 0; i < pool->nbuffers; i++)
		n += (pool->descs[i].flags & BUF_DIRTY) != 0;
	return n;
}
