enum { AIR, SAND, WATER, ROCK };

struct pit {
    int w, h;
    unsigned char *cell;
};

static int sink(struct pit *p, int from, int to)
{
    unsigned char a = p->cell[from], b = p->cell[to];
    if (b == AIR || (a == SAND && b == WATER)) { // <- 0
        p->cell[to] = a;
        p->cell[from] = b;
        return 1;
    }
    return 0;
}

int pit_step(struct pit *p)
{
    int moved = 0;
    for (int y = p->h - 2; y >= 0; y--) {
        for (int x = 1; x < p->w - 1; x++) {
            int at = y * p->w + x;
            int below = at + p->w;
            if (p->cell[at] == AIR || p->cell[at] == ROCK)
                continue;
            if (sink(p, at, below) || sink(p, at, below - 1) || sink(p, at, below + 1)) // <- 1
                moved++;
        }
    }
    return moved;
}
