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

// Redactor masks personal data in support bundles.
type Redactor struct {
	rules []Rule
	hits  map[string]int
}

func New(rules []Rule) (*Redactor, error) {
	for _, r := range rules {
		if _, err := regexp.Compile(r.Pattern); err != nil {
			return nil, err
		}
	}
	return &Redactor{rules: rules, hits: map[string]int{}}, nil
}

func (r *Redactor) line(s string) string {
	for _, rule := range r.rules {
		re := regexp.MustCompile(rule.Pattern) // <- cost hot 79
		if re.MatchString(s) {                 // <- hot 11
			r.hits[rule.Name]++
			s = re.ReplaceAllString(s, rule.With)
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
