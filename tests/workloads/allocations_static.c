/* build: -static
 * allocations.c without a C library beside it: the program has a malloc of its own. Lines are those of allocations.c. */
#include "allocations.c"
