package placement

import "errors"

type Pod struct {
	Name      string
	Labels    map[string]string
	Avoid     map[string]string
	TopoKey   string
	MilliCPU  int64
	NodeIndex int
}

type Node struct {
	Name        string
	Labels      map[string]string
	Allocatable int64
	Requested   int64
	Pods        []*Pod
}

type Snapshot struct {
	Nodes []*Node
}

var ErrUnschedulable = errors.New("no node fits the pod")

func selectorMatches(selector, labels map[string]string) bool {
	if len(selector) == 0 {
		return false
	}
	for k, v := range selector { // <- hot 31
		if labels[k] != v { // <- hot 34
			return false
		}
	}
	return true
}

func sameTopology(a, b *Node, key string) bool {
	va, ok := a.Labels[key]
	return ok && va == b.Labels[key]
}

func fitsResources(pod *Pod, node *Node) bool {
	return node.Requested+pod.MilliCPU <= node.Allocatable
}

// satisfiesAntiAffinity reports whether no running pod of the node's
// topology domain is one that the pod wants to stay away from.
func satisfiesAntiAffinity(s *Snapshot, pod *Pod, node *Node) bool {
	for _, other := range s.Nodes { // <- cost
		for _, existing := range other.Pods { // <- cost hot 13
			if selectorMatches(pod.Avoid, existing.Labels) && // <- cost hot 12
				sameTopology(node, other, pod.TopoKey) {
				return false
			}
		}
	}
	return true
}

func (s *Snapshot) Schedule(pod *Pod) (*Node, error) {
	var best *Node
	for _, node := range s.Nodes {
		if !fitsResources(pod, node) || !satisfiesAntiAffinity(s, pod, node) { // <- cost
			continue
		}
		if best == nil || node.Allocatable-node.Requested > best.Allocatable-best.Requested {
			best = node
		}
	}
	if best == nil {
		return nil, ErrUnschedulable
	}
	best.Pods = append(best.Pods, pod)
	best.Requested += pod.MilliCPU
	return best, nil
}
