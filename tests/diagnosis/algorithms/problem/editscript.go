package diff

// Op is one step of an edit script.
type Op struct {
	Kind byte // '=', '+', '-'
	Line string
}

// links holds, for each line of the newer text, the older revision's line it came from or -1.
type links struct {
	from []int
	old  []string
	new  []string
}

// Script walks the links from the end and returns the steps in reading order.
func (l *links) Script() []Op {
	var ops []Op
	i, j := len(l.old)-1, len(l.new)-1
	for j >= 0 {
		switch {
		case l.from[j] < 0:
			ops = append([]Op{{'+', l.new[j]}}, ops...) // <- cost hot 29
			j--
		case l.from[j] < i:
			ops = append([]Op{{'-', l.old[i]}}, ops...) // <- cost hot 18
			i--
		default:
			ops = append([]Op{{'=', l.new[j]}}, ops...) // <- cost hot 48
			i--
			j--
		}
	}
	for ; i >= 0; i-- {
		ops = append([]Op{{'-', l.old[i]}}, ops...)
	}
	return ops
}

// Stat counts the added and the removed lines.
func Stat(ops []Op) (added, removed int) {
	for _, op := range ops {
		switch op.Kind {
		case '+':
			added++
		case '-':
			removed++
		}
	}
	return added, removed
}
