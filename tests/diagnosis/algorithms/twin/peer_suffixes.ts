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
  private readonly resolved = new Map<string, ResolvedNode>();
  constructor(private readonly graph: DepGraph) {}

  resolveAll(roots: string[]): Map<string, ResolvedNode> {
    const result = new Map<string, ResolvedNode>();
    for (const id of roots) {
      result.set(id, this.resolve(id));
    }
    return result;
  }

  private resolve(id: string): ResolvedNode {
    const known = this.resolved.get(id);
    if (known) return known;
    const node = this.node(id);
    const missing = new Set(node.peers); // <- hot 16
    for (const [alias, childId] of Object.entries(node.children)) { // <- hot 31
      const child = this.resolve(childId);
      for (const peer of child.missingPeers) { // <- hot 23
        if (peer !== alias && !(peer in node.children)) missing.add(peer);
      }
    }
    const result = { depPath: this.depPath(node, missing), missingPeers: missing };
    this.resolved.set(id, result);
    return result;
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
