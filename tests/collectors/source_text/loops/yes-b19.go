package inventory

type Stock struct {
	SKU  string
	Bins []string
	Qty  int
}

type Warehouse struct {
	Name  string
	stock []Stock
}

func (w *Warehouse) Stocks() []Stock { return w.stock }

func available(w *Warehouse, sku string) int {
	sum := 0
	for i := range w.Stocks() {
		s := &w.Stocks()[i]
		if s.SKU == sku { // <- 0
			sum += s.Qty
		}
	}
	return sum
}

func canShip(w *Warehouse, sku string, want int) bool {
	return available(w, sku) >= want // <- 1
}

func Shortages(w *Warehouse, demand map[string]int) []string {
	var out []string
	for sku, want := range demand { // <- outer
		if ok := canShip(w, sku, want); !ok { // <- 2
			out = append(out, sku)
		}
	}
	return out
}
