#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct object
{
  const char *name;
  struct object **deps;         /* NULL-terminated.  */
  unsigned int idx;
  bool visited;
  void (*fini) (void);
};

static void
visit (struct object ***rpo, struct object *map)
{
  if (map->visited)
    return;
  map->visited = true;

  if (map->deps != NULL)
    for (struct object **runp = map->deps; *runp != NULL; ++runp) // <- hot 48
      if (!(*runp)->visited) // <- hot 30
        visit (rpo, *runp);

  *--*rpo = map;
}

/* Sort the NMAPS objects so that every object comes before the objects
   it depends on.  */
void
sort_objects (struct object **maps, size_t nmaps)
{
  struct object *rpo[nmaps];
  struct object **head = &rpo[nmaps];

  for (size_t i = 0; i < nmaps; ++i)
    maps[i]->visited = false;

  for (size_t i = nmaps; i-- > 0; )
    visit (&head, maps[i]);

  memcpy (maps, head, nmaps * sizeof (maps[0]));
}

void
run_destructors (struct object **maps, size_t nmaps)
{
  sort_objects (maps, nmaps);
  for (size_t i = 0; i < nmaps; ++i)
    if (maps[i]->fini != NULL)
      maps[i]->fini ();
}
