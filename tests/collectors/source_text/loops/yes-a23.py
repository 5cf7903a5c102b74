def plan(tasks):
    order = []
    finished = []
    queue = list(tasks)
    i = 0
    while queue:  # <- outer
        if i >= len(queue):
            raise ValueError("cycle between " + ", ".join(t.name for t in queue))
        task = queue[i]
        ready = True
        for dep in task.requires:
            if dep not in finished:  # <- 0
                ready = False
                break
        if not ready:
            i += 1
            continue
        finished.append(task.name)
        order.append(task)
        del queue[i]
        i = 0
    return order
