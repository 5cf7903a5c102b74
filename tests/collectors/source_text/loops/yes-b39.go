package billing

type Rate struct {
	Prefix string
	Cents  int
}

type CDR struct {
	Callee string
	Secs   int
}

var rates []Rate

func rateFor(num string) *Rate {
	var best *Rate
	for i := 0; i < len(rates); i++ {
		p := rates[i].Prefix
		if len(p) <= len(num) && num[:len(p)] == p && (best == nil || len(p) > len(best.Prefix)) { // <- 0
			best = &rates[i]
		}
	}
	return best
}

func Bill(calls []CDR) (sum int) {
	n := len(calls)
	for n > 0 { // <- outer
		n--
		if r := rateFor(calls[n].Callee); r != nil { // <- 1
			sum += r.Cents * calls[n].Secs / 60
		}
	}
	return sum
}
