package diskview

import "sort"

type Dir struct {
	Name     string
	Files    []int64
	Children []*Dir
	Size     int64
	Share    float64
}

func size(d *Dir) int64 {
	var sum int64
	for _, f := range d.Files { // <- hot 36
		sum += f // <- hot 14
	}
	for _, c := range d.Children {
		sum += size(c) // <- hot 40
	}
	return sum
}

// Annotate writes to every folder its size and its share of the folder above.
func Annotate(d *Dir, above int64) {
	d.Size = size(d) // <- cost
	if above > 0 {
		d.Share = float64(d.Size) / float64(above)
	}
	for _, c := range d.Children {
		Annotate(c, d.Size)
	}
}

func Largest(d *Dir, n int) []*Dir {
	kids := append([]*Dir(nil), d.Children...)
	sort.Slice(kids, func(i, j int) bool { return kids[i].Size > kids[j].Size })
	if len(kids) > n {
		kids = kids[:n]
	}
	return kids
}
