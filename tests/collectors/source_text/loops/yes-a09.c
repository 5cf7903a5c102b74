#include <string.h>

struct symbol { const char *name; long value; };

static struct symbol table[65536];
static int nsyms;

static struct symbol *sym_get(const char *name)
{
    int i;
    for (i = 0; i < nsyms; i++)
        if (strcmp(table[i].name, name) == 0) // <- 0
            return &table[i];
    table[nsyms].name = name;
    table[nsyms].value = -1;
    return &table[nsyms++];
}

static void operand(struct insn *in, const char *tok)
{
    if (tok[0] >= '0' && tok[0] <= '9')
        in->imm = strtol(tok, NULL, 0);
    else
        in->sym = sym_get(tok); // <- 1
}

void assemble(struct insn *prog, char **toks, int n)
{
    for (int k = 0; k < n; k++) { // <- outer
        prog[k].addr = k * 4;
        operand(&prog[k], toks[k]); // <- 2
    }
}
