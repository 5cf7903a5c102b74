// expect: healthy bench
// Puts out the reflection lists of crystal structures for the referees of a journal: the reflections of each are
// merged by symmetry, sorted, and written in the form that the refinement programs read, with a summary by shells of
// resolution. Depositions come in at a steady pace.
// Measured: a list of 3,060 lines takes 6 ms of CPU; 42 ms in the problem.
package main

import (
	"bytes"
	"fmt"
	"log"
	"math"
	"math/rand"
	"os"
	"os/signal"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"
)

const shells, finest, every, rowWidth = 10, 0.82, 250 * time.Millisecond, 35

// Cell is an orthorhombic unit cell, in Ångström.
type Cell struct{ A, B, C float64 }

// Spacing is the distance of the planes that reflect.
func (cell Cell) Spacing(h, k, l int) float64 {
	x, y, z := float64(h)/cell.A, float64(k)/cell.B, float64(l)/cell.C
	return 1 / math.Sqrt(x*x+y*y+z*z)
}

// Reflection is one that was measured, or the mean of those that are the same by symmetry.
type Reflection struct {
	H, K, L          int
	Intensity, Sigma float64
	Spacing          float64
	Times            int
}

// Crystal is what somebody deposited.
type Crystal struct {
	Name     string
	Cell     Cell
	Measured []Reflection
}

// Shell sums up the reflections between two resolutions.
type Shell struct {
	From, To  float64
	Count     int
	Intensity float64
	Noise     float64
}

func abs(number int) int {
	if number < 0 {
		return -number
	}
	return number
}

// merge takes the mean of equivalents, weighted by what they are worth; the order is that of the indices.
func merge(crystal *Crystal) []Reflection {
	unique := make([]Reflection, 0, len(crystal.Measured)/2)
	at := make(map[[3]int]int, len(crystal.Measured)/2)
	for _, one := range crystal.Measured {
		key := [3]int{abs(one.H), abs(one.K), abs(one.L)}
		weight := 1 / (one.Sigma * one.Sigma)
		index, known := at[key]
		if !known {
			index = len(unique)
			at[key] = index
			spacing := crystal.Cell.Spacing(key[0], key[1], key[2])
			unique = append(unique, Reflection{H: key[0], K: key[1], L: key[2], Spacing: spacing})
		}
		sum := &unique[index]
		sum.Intensity += weight * one.Intensity
		sum.Sigma += weight
		sum.Times++
	}
	for index := range unique {
		unique[index].Intensity /= unique[index].Sigma
		unique[index].Sigma = 1 / math.Sqrt(unique[index].Sigma)
	}
	sort.Slice(unique, func(i, j int) bool {
		a, b := unique[i], unique[j]
		if a.H != b.H {
			return a.H < b.H
		}
		if a.K != b.K {
			return a.K < b.K
		}
		return a.L < b.L
	})
	return unique
}

// byShell makes shells of the same volume in reciprocal space.
func byShell(reflections []Reflection) [shells]Shell {
	var all [shells]Shell
	for index := range all {
		all[index].From = finest * math.Cbrt(shells/(float64(index)+0.01))
		all[index].To = finest * math.Cbrt(shells/float64(index+1))
	}
	for _, one := range reflections {
		index := int(shells * math.Pow(finest/one.Spacing, 3))
		if index >= shells {
			index = shells - 1
		}
		all[index].Count++
		all[index].Intensity += one.Intensity
		all[index].Noise += one.Sigma
	}
	return all
}

// Listing is the text of a list.
type Listing struct {
	text  bytes.Buffer
	lines int
}

func (listing *Listing) row(format string, values ...interface{}) {
	fmt.Fprintf(&listing.text, format+"\n", values...)
	listing.lines++
}

func (listing *Listing) head(crystal *Crystal) {
	listing.row("data_%s", crystal.Name)
	listing.row("_cell_length_a %.3f", crystal.Cell.A)
	listing.row("_cell_length_b %.3f", crystal.Cell.B)
	listing.row("_cell_length_c %.3f", crystal.Cell.C)
	listing.row("loop_\n_refln_index_h\n_refln_index_k\n_refln_index_l\n_refln_I\n_refln_sigma\n_refln_times")
}

func (listing *Listing) reflections(reflections []Reflection) {
	for _, one := range reflections {
		listing.row("%4d%4d%4d%10.2f%8.2f%4d", one.H, one.K, one.L, one.Intensity, one.Sigma, one.Times)
	}
}

func (listing *Listing) summary(all [shells]Shell) {
	listing.row("loop_\n_shell_from\n_shell_to\n_shell_count\n_shell_I_over_sigma")
	for _, shell := range all {
		listing.row("%8.2f%8.2f%6d%8.1f", shell.From, shell.To, shell.Count, shell.Intensity/(shell.Noise+1e-9))
	}
}

// publish writes the list of a crystal; how many lines it has.
func publish(folder string, crystal *Crystal) (int, error) {
	reflections := merge(crystal)
	listing := &Listing{}
	listing.text.Grow(rowWidth * (len(reflections) + 40))
	listing.head(crystal)
	listing.reflections(reflections)
	listing.summary(byShell(reflections))
	path := filepath.Join(folder, strings.ToLower(crystal.Name)+".hkl")
	return listing.lines, os.WriteFile(path, listing.text.Bytes(), 0o644)
}

func deposit(number int, dice *rand.Rand) *Crystal {
	cell := Cell{9 + 3*dice.Float64(), 12 + 3*dice.Float64(), 19 + 3*dice.Float64()}
	crystal := &Crystal{Name: fmt.Sprintf("JX%04d", number), Cell: cell}
	for h := -14; h <= 14; h++ {
		for k := 0; k <= 18; k++ {
			for l := 0; l <= 26; l++ {
				if h == 0 && k == 0 && l == 0 || cell.Spacing(h, k, l) < finest {
					continue
				}
				strong := 900 * dice.ExpFloat64()
				one := Reflection{H: h, K: k, L: l, Intensity: strong, Sigma: 1 + math.Sqrt(strong)}
				crystal.Measured = append(crystal.Measured, one)
			}
		}
	}
	return crystal
}

func main() {
	folder, err := os.MkdirTemp("", "reflections")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	dice := rand.New(rand.NewSource(1912))
	var deposited []*Crystal
	for number := 0; number < 12; number++ {
		deposited = append(deposited, deposit(number, dice))
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	fmt.Println("ready", os.Getpid())
	pace := time.NewTicker(every)
	lists, total, spent := 0, 0, time.Duration(0)
	for {
		select {
		case <-pace.C:
			began := time.Now()
			lines, err := publish(folder, deposited[lists%len(deposited)])
			if err != nil {
				log.Print(err)
			}
			lists, total, spent = lists+1, total+lines, spent+time.Since(began)
			if lists%40 == 0 {
				log.Printf("%d lists, %d lines each, %.1f ms each", lists, total/lists, spent.Seconds()*1000/float64(lists))
			}
		case <-ended:
			return
		}
	}
}
