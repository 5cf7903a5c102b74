package genes

type Span struct {
	Chrom      string
	Start, End int
}

type Gene struct {
	Span
	Name string
	Hits int
}

func Annotate(reads <-chan Span, genes []Gene) int {
	orphans := 0
	for r := range reads { // <- outer
		found := false
		for i := range genes {
			g := &genes[i]
			if g.Chrom == r.Chrom && g.Start < r.End && r.Start < g.End { // <- 0
				g.Hits++
				found = true
			}
		}
		if !found {
			orphans++
		}
	}
	return orphans
}
