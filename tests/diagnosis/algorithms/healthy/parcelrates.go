package rates

import "fmt"

// Band is one row of the carrier's price list, lightest first.
type Band struct {
	MaxGrams int
	Cents    int
}

var domestic = [...]Band{
	{500, 399}, {1000, 449}, {2000, 549}, {5000, 699}, {10000, 949}, {31500, 1649},
}

type Surcharge struct {
	Label   string
	Applies func(p *Parcel) bool
	Cents   int
}

var surcharges = [...]Surcharge{
	{"bulky", func(p *Parcel) bool { return p.Girth() > 3000 }, 2200},
	{"island", func(p *Parcel) bool { return p.Zip/100 == 264 || p.Zip/100 == 274 }, 1350},
	{"tube", func(p *Parcel) bool { return p.L > 5*p.W && p.L > 5*p.H }, 300},
}

type Parcel struct {
	Grams   int
	L, W, H int
	Zip     int
}

func (p *Parcel) Girth() int { return p.L + 2*p.W + 2*p.H }

func Price(p *Parcel) (int, error) {
	total := -1
	for _, b := range domestic { // <- hot 17
		if p.Grams <= b.MaxGrams { // <- hot 22
			total = b.Cents
			break
		}
	}
	if total < 0 {
		return 0, fmt.Errorf("%d g exceeds the limit", p.Grams)
	}
	for i := range surcharges {
		if surcharges[i].Applies(p) { // <- hot 43
			total += surcharges[i].Cents
		}
	}
	return total, nil
}

// Quote prices a whole shipment manifest.
func Quote(ps []Parcel) (sum int, rejected []int) {
	for i := range ps {
		c, err := Price(&ps[i])
		if err != nil {
			rejected = append(rejected, i)
			continue
		}
		sum += c
	}
	return sum, rejected
}
