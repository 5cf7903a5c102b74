interface VNode { key: string | null; tag: string; children: VNode[]; el?: HTMLElement }

export function patchChildren(parent: HTMLElement, prev: VNode[], next: VNode[]): void {
  const used: boolean[] = new Array(prev.length).fill(false);
  for (let n = 0; n < next.length; n++) { // <- outer
    const vnode = next[n];
    let reuse = -1;
    for (let p = 0; p < prev.length; p++) {
      if (!used[p] && prev[p].key === vnode.key && prev[p].tag === vnode.tag) { // <- 0
        reuse = p;
        break;
      }
    }
    if (reuse >= 0) {
      used[reuse] = true;
      vnode.el = prev[reuse].el;
    } else {
      vnode.el = document.createElement(vnode.tag);
    }
    parent.appendChild(vnode.el!);
  }
  prev.forEach((v, i) => { if (!used[i]) v.el?.remove(); });
}
