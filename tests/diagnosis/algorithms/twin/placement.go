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
	for k, v := range selector { // <- hot 27
		if labels[k] != v { // <- hot 30
			return false
		}
	}
	return true
}

func fitsResources(pod *Pod, node *Node) bool {
	return node.Requested+pod.MilliCPU <= node.Allocatable
}

// blockedDomains collects, in one pass, the topology values in which a pod
// runs that the incoming pod wants to stay away from.
func blockedDomains(s *Snapshot, pod *Pod) map[string]struct{} {
	blocked := make(map[string]struct{})
	for _, node := range s.Nodes {
		domain, ok := node.Labels[pod.TopoKey]
		if !ok {
			continue
		}
		for _, existing := range node.Pods { // <- hot 15
			if selectorMatches(pod.Avoid, existing.Labels) {
				blocked[domain] = struct{}{}
				break
			}
		}
	}
	return blocked
}

func (s *Snapshot) Schedule(pod *Pod) (*Node, error) {
	blocked := blockedDomains(s, pod)
	var best *Node
	for _, node := range s.Nodes {
		if !fitsResources(pod, node) {
			continue
		}
		if domain, ok := node.Labels[pod.TopoKey]; ok { // <- hot 12
			if _, bad := blocked[domain]; bad {
				continue
			}
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
