package diskview

import "sort"

type Dir struct {
	Name     string
	Files    []int64
	Children []*Dir
	Size     int64
	Share    float64
}

func measure(d *Dir) int64 {
	d.Size = 0
	for _, f := range d.Files { // <- hot 30
		d.Size += f // <- hot 18
	}
	for _, c := range d.Children {
		d.Size += measure(c) // <- hot 17
	}
	return d.Size
}

// Annotate writes to every folder its size and its share of the folder above.
func Annotate(d *Dir) {
	measure(d)
	share(d)
}

func share(d *Dir) {
	for _, c := range d.Children { // <- hot 12
		if d.Size > 0 {
			c.Share = float64(c.Size) / float64(d.Size)
		}
		share(c)
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
