package text

import "strings"

type Doc struct {
	ID    int
	Paras []string
}

type Index struct {
	post map[string][]int
}

func (x *Index) addWords(id int, para string) {
	for _, w := range strings.Fields(para) {
		w = strings.ToLower(strings.Trim(w, ".,;:!?"))
		l := x.post[w]
		if n := len(l); n == 0 || l[n-1] != id {
			x.post[w] = append(l, id) // <- 0
		}
	}
}

func (x *Index) add(d *Doc) {
	for i := range d.Paras {
		x.addWords(d.ID, d.Paras[i]) // <- 1
	}
}

func Build(docs []*Doc) *Index {
	x := &Index{post: map[string][]int{}}
	for _, d := range docs {
		x.add(d) // <- 2
	}
	return x
}
