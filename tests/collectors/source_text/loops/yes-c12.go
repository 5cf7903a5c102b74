package trace

import "time"

type Line struct {
	Kind  string
	ReqID string
	At    time.Time
}

func Latencies(lines []Line) map[string]time.Duration {
	out := make(map[string]time.Duration)
	for i := range lines { // <- outer
		if lines[i].Kind != "response" {
			continue
		}
		for j := 0; j < i; j++ {
			if lines[j].Kind == "request" && lines[j].ReqID == lines[i].ReqID { // <- 0
				out[lines[i].ReqID] = lines[i].At.Sub(lines[j].At)
				break
			}
		}
	}
	return out
}
