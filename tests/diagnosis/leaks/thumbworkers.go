package thumbs

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"sync"
	"time"
)

var ErrSlow = errors.New("thumbnail took too long")

type result struct {
	data []byte
	err  error
}

type Service struct {
	client *http.Client
	mu     sync.Mutex
	hot    map[string][]byte
	order  []string
}

func New() *Service {
	return &Service{
		client: &http.Client{Timeout: 30 * time.Second},
		hot:    make(map[string][]byte),
	}
}

func (s *Service) fetch(url string) ([]byte, error) {
	resp, err := s.client.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(io.LimitReader(resp.Body, 8<<20))
}

func shrink(src image.Image, w, h int) *image.RGBA {
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	b := src.Bounds()
	for y := 0; y < h; y++ {
		for x := 0; x < w; x++ {
			dst.Set(x, y, src.At(b.Min.X+x*b.Dx()/w, b.Min.Y+y*b.Dy()/h))
		}
	}
	return dst
}

func (s *Service) render(url string) result {
	raw, err := s.fetch(url)
	if err != nil {
		return result{err: err}
	}
	img, err := jpeg.Decode(bytes.NewReader(raw))
	if err != nil {
		return result{err: err}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, shrink(img, 160, 120), nil); err != nil { // <- made 90
		return result{err: err}
	}
	return result{data: out.Bytes()}
}

func (s *Service) remember(url string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.hot[url]; !ok {
		s.order = append(s.order, url)
	}
	s.hot[url] = data
	for len(s.order) > 256 {
		delete(s.hot, s.order[0])
		s.order = s.order[1:]
	}
}

func (s *Service) Thumbnail(url string, limit time.Duration) ([]byte, error) {
	ch := make(chan result) // <- cost
	go func() {             // <- made 10
		ch <- s.render(url) // <- cost
	}()
	select {
	case r := <-ch:
		if r.err == nil {
			s.remember(url, r.data)
		}
		return r.data, r.err
	case <-time.After(limit):
		return nil, ErrSlow // <- cost
	}
}
