// expect: healthy bench
// The comment filter of a social network for photographers of gasometers. Web servers ask it about each new comment
// before it is shown; the answer is what to do with the comment, and which rules it broke.
//
// Measured: 500 comments a second: 0.30-0.37 cores; repaired 0.09.

package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// rule is what the moderators entered: a pattern, and how bad a match is.
type rule struct {
	Name    string
	Pattern string
	Points  int
}

var rules = []rule{
	{"link to a shop", `(?:www\.|https://)[a-z0-9-]{3,40}\.(?:shop|store|biz|sale)(?:/[a-z0-9/_-]{0,60})?`, 3},
	{"telephone number", `\+[0-9]{1,3}[ -]?(?:[0-9]{2,4}[ -]?){2,4}`, 2},
	{"mail address", `[a-z0-9._-]{1,40}@[a-z0-9-]{2,40}\.[a-z]{2,8}`, 2},
	{"followers for sale", `buy [0-9]{2,6} (?:followers|likes|friends|fans)`, 5},
	{"crypto gift", `free (?:coins?|tokens?|nfts?) (?:for|to) (?:all|every(?:one|body)|you)`, 5},
	{"insult, mild", `you (?:utter |total |complete ){0,2}(?:drip|flange|gasbag|standpipe)s?\b`, 1},
	{"insult, grave", `you (?:utter |total |complete ){0,2}(?:scrap|clinker|coal tar)s?\b`, 4},
	{"shouting", `[A-Z]{4,30}(?:[ !?][A-Z]{4,30}){3,10}`, 1},
	{"many marks", `!{4,40}|\?{4,40}`, 1},
	{"private meeting", `meet me (?:behind|under|at) the (?:holder|retort|scrubber|coke heap)`, 2},
	{"home address", `[0-9]{1,4} [a-z]{3,20} (?:street|road|lane|close|avenue|square)`, 2},
	{"copied photo", `stolen from (?:@[a-z0-9_]{2,20}|my (?:album|profile|page))`, 2},
	{"card number", `[0-9]{4}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{4}`, 5},
	{"spoiler", `spoiler:? (?:the|its) (?:frame|crown|bell|column) [a-z ]{3,40}`, 1},
}

type verdict struct {
	Action string   `json:"action"`
	Points int      `json:"points"`
	Broken []string `json:"broken"`
}

type totals struct {
	sync.Mutex
	actions map[string]int
}

func (t *totals) count(action string) {
	t.Lock()
	t.actions[action]++
	t.Unlock()
}

var patterns = compiled(rules)

func compiled(rules []rule) []*regexp.Regexp {
	made := make([]*regexp.Regexp, 0, len(rules))
	for _, one := range rules {
		made = append(made, regexp.MustCompile(one.Pattern))
	}
	return made
}

func judge(text string) verdict {
	said := verdict{Action: "show", Broken: []string{}}
	for at, one := range rules {
		if patterns[at].MatchString(text) {
			said.Points += one.Points
			said.Broken = append(said.Broken, one.Name)
		}
	}
	switch {
	case said.Points >= 5:
		said.Action = "drop"
	case said.Points >= 2:
		said.Action = "review"
	}
	return said
}

func check(seen *totals) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text := strings.TrimSpace(r.URL.Query().Get("text"))
		if text == "" || len(text) > 2000 {
			http.Error(w, "a comment has 1 to 2000 bytes", http.StatusBadRequest)
			return
		}
		said := judge(text)
		seen.count(said.Action)
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(said); err != nil {
			log.Printf("answer: %v", err)
		}
	}
}

func stats(seen *totals) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		seen.Lock()
		defer seen.Unlock()
		for action, number := range seen.actions {
			fmt.Fprintf(w, "%s %d\n", action, number)
		}
	}
}

func startWebServers(port int) error {
	comments := []string{
		"what a frame on this one and the rust suits it",
		"is that the one beside the canal?",
		"you total standpipe that is a silo and no gasometer",
		"buy 5000 followers at www.iron-fame.shop/cheap",
		"lovely light. which lens was it?",
		"WHAT AN AMAZING LATTICE THAT MUST BE SEEN!!!!!",
		"meet me behind the retort and I show you ten more",
		"I took the same one in 1998 and the bell still rose",
		"write to stoker@retort-mail.com for the plans",
		"it sinks when the town cooks its dinner",
	}
	paths := make([]string, 0, len(comments))
	for _, comment := range comments {
		paths = append(paths, "/check?text="+url.QueryEscape(comment))
	}
	program := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	command := exec.Command(os.Getenv("PYTHON"), program, "http", fmt.Sprint(port), strings.Join(paths, ","), "500", "8")
	return command.Run()
}

func main() {
	seen := &totals{actions: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/check", check(seen))
	mux.HandleFunc("/stats", stats(seen))

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := startWebServers(listener.Addr().(*net.TCPAddr).Port); err != nil {
			log.Fatal(err)
		}
		time.Sleep(time.Second)
		fmt.Printf("ready %d\n", os.Getpid())
	}()
	log.Fatal(server.Serve(listener))
}
