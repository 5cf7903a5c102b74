"""Othello engine core on 64 bit boards."""

FULL = (1 << 64) - 1
NOT_A = 0xFEFEFEFEFEFEFEFE
NOT_H = 0x7F7F7F7F7F7F7F7F
SHIFTS = (
    (1, NOT_A), (-1, NOT_H), (8, FULL), (-8, FULL),
    (9, NOT_A), (-9, NOT_H), (7, NOT_H), (-7, NOT_A),
)


def shift(board, by, guard):
    moved = board << by if by > 0 else board >> -by  # <- hot 24
    return moved & guard & FULL  # <- hot 16


def legal_moves(own, other):
    empty = ~(own | other) & FULL
    moves = 0
    for by, guard in SHIFTS:
        run = shift(own, by, guard) & other
        for _ in range(5):
            run |= shift(run, by, guard) & other  # <- hot 30
        moves |= shift(run, by, guard) & empty
    return moves


def flips(own, other, square):
    out = 0
    for by, guard in SHIFTS:
        line, at = 0, shift(square, by, guard)
        while at & other:
            line |= at
            at = shift(at, by, guard)
        if at & own:
            out |= line
    return out


def squares(board):
    while board:
        low = board & -board
        yield low
        board ^= low


def search(own, other, depth, alpha, beta):
    if depth == 0:
        return own.bit_count() - other.bit_count()
    moves = legal_moves(own, other)
    if not moves:
        if not legal_moves(other, own):
            return own.bit_count() - other.bit_count()
        return -search(other, own, depth - 1, -beta, -alpha)
    for square in squares(moves):
        turned = flips(own, other, square)  # <- hot 8
        score = -search(other & ~turned, own | square | turned, depth - 1, -beta, -alpha)
        if score >= beta:
            return score
        alpha = max(alpha, score)
    return alpha
