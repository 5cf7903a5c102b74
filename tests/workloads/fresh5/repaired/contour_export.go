// expect: healthy bench
// Draws the lines of equal height of a mountain range, region after region, and exports them as GeoJSON.
// Measured in the twin: 11.1 regions for each second of a core, 18.4 here.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"time"
)

const (
	side     = 160
	interval = 50.0
	pixel    = 0.0008 // degrees
)

type region struct {
	name   string
	lon    float64
	lat    float64
	height [side][side]float64
}

// shape makes the mountains of a region.
func (r *region) shape(number int) {
	r.name = fmt.Sprintf("region %d", number)
	r.lon, r.lat = 6+float64(number%40)/4, 44+float64(number%16)/4
	turn := float64(number % 97)
	for y := range r.height {
		for x := range r.height[y] {
			fx, fy := float64(x)/19, float64(y)/23
			r.height[y][x] = 1500 + 600*math.Sin(fx+turn)*math.Cos(fy) + 200*math.Sin(3*fx*fy/5+turn)
		}
	}
}

type segment struct{ fromX, fromY, toX, toY float64 }

// crossings finds where a level passes between the corners of a cell.
func (r *region) crossings(level float64, x, y int) (segment, bool) {
	corners := [5][2]int{{x, y}, {x + 1, y}, {x + 1, y + 1}, {x, y + 1}, {x, y}}
	var points [4][2]float64
	found := 0
	for at := 0; at < 4; at++ {
		a, b := corners[at], corners[at+1]
		low, high := r.height[a[1]][a[0]], r.height[b[1]][b[0]]
		if (low < level) == (high < level) {
			continue
		}
		part := (level - low) / (high - low)
		points[found] = [2]float64{
			float64(a[0]) + part*float64(b[0]-a[0]), float64(a[1]) + part*float64(b[1]-a[1]),
		}
		found++
	}
	if found < 2 {
		return segment{}, false
	}
	return segment{points[0][0], points[0][1], points[1][0], points[1][1]}, true
}

func (r *region) level(level float64, into []segment) []segment {
	for y := 0; y < side-1; y++ {
		for x := 0; x < side-1; x++ {
			if one, ok := r.crossings(level, x, y); ok {
				into = append(into, one)
			}
		}
	}
	return into
}

type exporter struct {
	segments []segment // used again
	lines    int
}

func (e *exporter) feature(out io.Writer, r *region, level float64) error {
	e.segments = r.level(level, e.segments[:0])
	if len(e.segments) == 0 {
		return errors.New("no line at this height")
	}
	fmt.Fprintf(out, `{"type":"Feature","properties":{"height":%.0f},"geometry":{"type":"MultiLineString","coordinates":[`, level)
	for at, one := range e.segments {
		if at > 0 {
			io.WriteString(out, ",")
		}
		_, err := fmt.Fprintf(out, "[[%.6f,%.6f],[%.6f,%.6f]]",
			r.lon+one.fromX*pixel, r.lat+one.fromY*pixel, r.lon+one.toX*pixel, r.lat+one.toY*pixel)
		if err != nil {
			return err
		}
	}
	e.lines += len(e.segments)
	_, err := io.WriteString(out, "]}}\n")
	return err
}

func (e *exporter) export(path string, r *region) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriterSize(file, 256<<10)
	for level := 700.0; level < 2400; level += interval {
		e.feature(out, r, level)
	}
	return out.Flush()
}

func main() {
	file, err := os.Create("contours.log")
	if err != nil {
		panic(err)
	}
	messages := log.New(file, "", log.Lmicroseconds)
	fmt.Println("ready", os.Getpid())
	e, r := &exporter{}, &region{}
	began := time.Now()
	told := began
	for number := 0; ; number++ {
		r.shape(number)
		if err := e.export(fmt.Sprintf("region-%d.json", number%5), r); err != nil {
			messages.Println(r.name, err)
		}
		if time.Since(told) > time.Second {
			told = time.Now()
			seconds := told.Sub(began).Seconds()
			messages.Printf("%.1f regions a second, %.0f lines a second", float64(number+1)/seconds, float64(e.lines)/seconds)
		}
	}
}
