package sched

import (
	"context"
	"sync"
)

const (
	CPU = iota
	Memory
	Disk
	numResources
)

type NodeInfo struct {
	Name        string
	Allocatable [numResources]int64
	Requested   [numResources]int64
	Taints      []string
}

type PodSpec struct {
	Requests    [numResources]int64
	Tolerations map[string]struct{}
}

type ScorePlugin struct {
	Name   string
	Weight int64
	Score  func(pod *PodSpec, node *NodeInfo) int64
}

func leastAllocated(pod *PodSpec, node *NodeInfo) int64 {
	var score int64
	for r := range pod.Requests { // <- hot 16
		free := node.Allocatable[r] - node.Requested[r] - pod.Requests[r]
		if node.Allocatable[r] > 0 {
			score += free * 100 / node.Allocatable[r] // <- hot 31
		}
	}
	return score / int64(numResources)
}

func taintScore(pod *PodSpec, node *NodeInfo) int64 {
	score := int64(100)
	for _, t := range node.Taints {
		if _, ok := pod.Tolerations[t]; !ok { // <- hot 28
			score -= 20
		}
	}
	return score
}

func DefaultPlugins() []ScorePlugin {
	return []ScorePlugin{
		{"LeastAllocated", 1, leastAllocated},
		{"TaintToleration", 3, taintScore},
	}
}

// PickNode scores every feasible node with every plugin, in parallel parts.
func PickNode(ctx context.Context, pod *PodSpec, nodes []*NodeInfo, plugins []ScorePlugin, workers int) *NodeInfo {
	scores := make([]int64, len(nodes))
	var wg sync.WaitGroup
	part := (len(nodes) + workers - 1) / workers
	for lo := 0; lo < len(nodes); lo += part {
		hi := lo + part
		if hi > len(nodes) {
			hi = len(nodes)
		}
		wg.Add(1)
		go func(lo, hi int) {
			defer wg.Done()
			for i := lo; i < hi && ctx.Err() == nil; i++ {
				for _, pl := range plugins {
					scores[i] += pl.Weight * pl.Score(pod, nodes[i]) // <- hot 17
				}
			}
		}(lo, hi)
	}
	wg.Wait()
	var best *NodeInfo
	var top int64
	for i, s := range scores {
		if best == nil || s > top {
			best, top = nodes[i], s
		}
	}
	return best
}
