"""Adaptive threshold of scanned receipts by an integral image."""
from array import array


def integral(gray, width, height):
    stride = width + 1
    sums = array("q", bytes(8 * stride * (height + 1)))
    for y in range(height):
        run = 0
        base = y * width
        above = y * stride + 1
        here = above + stride
        for x in range(width):  # <- hot 9
            run += gray[base + x]  # <- hot 13
            sums[here + x] = sums[above + x] + run  # <- hot 21
    return sums


def threshold(gray, width, height, radius=12, percent=88):
    sums = integral(gray, width, height)
    stride = width + 1
    out = bytearray(width * height)
    for y in range(height):
        top = max(0, y - radius) * stride
        bottom = min(height, y + radius + 1) * stride
        rows = (bottom - top) // stride
        for x in range(width):
            left = max(0, x - radius)
            right = min(width, x + radius + 1)
            area = rows * (right - left)
            total = sums[bottom + right] - sums[top + right] - sums[bottom + left] + sums[top + left]  # <- hot 34
            if gray[y * width + x] * area * 100 > total * percent:
                out[y * width + x] = 255
    return out


def ink_rows(mask, width):
    for start in range(0, len(mask), width):
        yield width - mask.count(255, start, start + width)


def text_lines(mask, width, least=3):
    begin = None
    for y, ink in enumerate(ink_rows(mask, width)):
        if ink >= least and begin is None:
            begin = y
        elif ink < least and begin is not None:
            yield begin, y
            begin = None
