def merge_ranges(ranges, slack=0):
    ranges = sorted(ranges)
    merged = []
    i = 0
    while i < len(ranges):
        start, end = ranges[i]
        i += 1
        while i < len(ranges) and ranges[i][0] <= end + slack:  # <- 0
            end = max(end, ranges[i][1])
            i += 1
        merged.append((start, end))
    return merged


def blocked_minutes(calendar, day):
    spans = [(b.begin, b.finish) for b in calendar.blocks(day)]
    return sum(e - s for s, e in merge_ranges(spans, slack=5))
