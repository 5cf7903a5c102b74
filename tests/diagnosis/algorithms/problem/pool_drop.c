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

static inline bool
RelNodeEquals(const RelNode *a, const RelNode *b)
{
	return a->rel == b->rel && a->db == b->db && a->space == b->space; // <- hot 44
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
DropRelNodesAllBuffers(BufferPool *pool, const RelNode *nodes, int nnodes)
{
	for (int i = 0; i < pool->nbuffers; i++)
	{
		BufDesc    *buf = &pool->descs[i];

		if (!(buf->flags & BUF_VALID))
			continue;
		for (int j = 0; j < nnodes; j++) // <- cost hot 32
		{
			if (RelNodeEquals(&buf->node, &nodes[j])) // <- cost hot 18
			{
				InvalidateBuffer(pool, i);
				break;
			}
		}
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
