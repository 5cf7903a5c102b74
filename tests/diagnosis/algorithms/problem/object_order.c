#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct object
{
  const char *name;
  struct object **deps;         /* NULL-terminated.  */
  unsigned int idx;
  void (*fini) (void);
};

static bool
depends_on (const struct object *who, const struct object *what)
{
  struct object **runp = who->deps;

  if (runp == NULL)
    return false;
  for (; *runp != NULL; ++runp) // <- hot 38
    if (*runp == what) // <- hot 35
      return true;
  return false;
}

/* Sort the NMAPS objects so that every object comes before the objects
   it depends on.  */
void
sort_objects (struct object **maps, size_t nmaps)
{
  unsigned short seen[nmaps];
  size_t i = 0;

  memset (seen, 0, nmaps * sizeof (seen[0]));
  while (i < nmaps) // <- cost
    {
      struct object *thisp = maps[i];
      size_t k = nmaps - 1;

      ++seen[i];
      while (k > i) // <- cost
        {
          if (depends_on (maps[k], thisp)) // <- cost hot 14
            {
              memmove (&maps[i], &maps[i + 1], (k - i) * sizeof (maps[0]));
              maps[k] = thisp;

              if (seen[i + 1] > nmaps - i)
                break;

              unsigned short this_seen = seen[i];
              memmove (&seen[i], &seen[i + 1], (k - i) * sizeof (seen[0]));
              seen[k] = this_seen;
              goto next;
            }
          --k;
        }
      ++i;
    next:;
    }
}

void
run_destructors (struct object **maps, size_t nmaps)
{
  sort_objects (maps, nmaps);
  for (size_t i = 0; i < nmaps; ++i)
    if (maps[i]->fini != NULL)
      maps[i]->fini ();
}
