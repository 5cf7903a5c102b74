package redact

import (
	"bufio"
	"io"
	"regexp"
)

type Rule struct {
	Name    string
	Pattern string
	With    string
}

type compiled struct {
	Rule
	re *regexp.Regexp
}

// Redactor masks personal data in support bundles.
type Redactor struct {
	rules []compiled
	hits  map[string]int
}

func New(rules []Rule) (*Redactor, error) {
	out := &Redactor{hits: map[string]int{}}
	for _, r := range rules {
		re, err := regexp.Compile(r.Pattern)
		if err != nil {
			return nil, err
		}
		out.rules = append(out.rules, compiled{r, re})
	}
	return out, nil
}

func (r *Redactor) line(s string) string {
	for _, rule := range r.rules {
		if rule.re.MatchString(s) { // <- hot 70
			r.hits[rule.Name]++
			s = rule.re.ReplaceAllString(s, rule.With) // <- hot 17
		}
	}
	return s
}

func (r *Redactor) Copy(dst io.Writer, src io.Reader) error {
	w := bufio.NewWriter(dst)
	sc := bufio.NewScanner(src)
	for sc.Scan() {
		if _, err := w.WriteString(r.line(sc.Text()) + "\n"); err != nil {
			return err
		}
	}
	if err := sc.Err(); err != nil {
		return err
	}
	return w.Flush()
}
