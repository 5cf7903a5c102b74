export interface DepNode {
  pkgId: string;
  children: Record<string, string>;
  peers: string[];
}

export type DepGraph = Map<string, DepNode>;

export interface ResolvedNode {
  depPath: string;
  missingPeers: Set<string>;
}

/** Works out which peers each package of a graph leaves to be found by those above it. */
export class PeerResolver {
  constructor(private readonly graph: DepGraph) {}

  resolveAll(roots: string[]): Map<string, ResolvedNode> {
    const result = new Map<string, ResolvedNode>();
    for (const id of roots) {
      result.set(id, this.resolve(id));
    }
    return result;
  }

  private resolve(id: string): ResolvedNode {
    const node = this.node(id);
    const missing = new Set(node.peers); // <- hot 24
    for (const [alias, childId] of Object.entries(node.children)) { // <- hot 29
      const child = this.resolve(childId); // <- cost hot 7
      for (const peer of child.missingPeers) { // <- hot 22
        if (peer !== alias && !(peer in node.children)) missing.add(peer);
      }
    }
    return { depPath: this.depPath(node, missing), missingPeers: missing };
  }

  private node(id: string): DepNode {
    const node = this.graph.get(id);
    if (!node) throw new Error(`No package ${id} in the graph`);
    return node;
  }

  private depPath(node: DepNode, missing: Set<string>): string {
    if (missing.size === 0) return node.pkgId;
    const names = [...missing].sort();
    return `${node.pkgId}(${names.join(')(')})`;
  }
}

export function reportMissing(graph: DepGraph, roots: string[]): string[] {
  const lines: string[] = [];
  for (const [id, { missingPeers }] of new PeerResolver(graph).resolveAll(roots)) {
    if (missingPeers.size > 0) {
      lines.push(`${id}: missing peers ${[...missingPeers].sort().join(', ')}`);
    }
  }
  return lines;
}
