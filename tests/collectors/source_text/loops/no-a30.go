package primes

func Below(n int) []int {
	composite := make([]bool, n)
	var out []int
	for i := 2; i < n; i++ {
		if composite[i] {
			continue
		}
		out = append(out, i)
		for j := i * i; j < n; j += i {
			composite[j] = true // <- 0
		}
	}
	return out
}

func Factor(n int, primes []int) map[int]int {
	f := make(map[int]int)
	for _, p := range primes {
		if p*p > n {
			break
		}
		for n%p == 0 {
			f[p]++
			n /= p
		}
	}
	if n > 1 {
		f[n]++
	}
	return f
}
