package command

import (
	"fmt"
	"io"
	"os"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy"
)

// demoNeighbors is how many neighbours of each word the demo shows.
const demoNeighbors = 4

// readerResult is what the demo's second process finds.
type readerResult struct {
	PID         int           `json:"pid"`
	OpenSeconds float64       `json:"open_seconds"`
	Answers     []demoAnswers `json:"answers"`
}

type demoAnswers struct {
	demoItem
	Neighbors []demoNeighbor `json:"neighbors"`
}

type demoNeighbor struct {
	demoItem
	Distance float32 `json:"distance"`
}

type demoItem struct {
	ID         int64  `json:"id"`
	Words      string `json:"words"`
	Definition string `json:"definition"`
}

// newDemoReader is the demo's second process, not a verb for people: it maps
// the index that the first one saved, knowing nothing but its path, and
// answers queries.
func newDemoReader(e *env) *cobra.Command {
	size := demoSize{}
	cmd := &cobra.Command{
		Use:    "demo-reader INDEX",
		Hidden: true,
		Args:   exactArgs("INDEX"),
		RunE: func(_ *cobra.Command, args []string) error {
			set, err := size.set()
			if err != nil {
				return err
			}
			r, err := readDemo(args[0], set)
			if err != nil {
				return err
			}
			if e.json {
				return printLine(e.stdout, r)
			}
			return r.print(e.stdout)
		},
	}
	size.register(cmd)
	return cmd
}

func readDemo(path string, set *demoSet) (*readerResult, error) {
	start := time.Now()
	ix, err := annoy.Open(path, nil)
	if err != nil {
		return nil, err
	}
	defer ix.Close()
	r := &readerResult{PID: os.Getpid(), OpenSeconds: time.Since(start).Seconds()}
	item := func(id int64) demoItem {
		entry := set.entry(id)
		return demoItem{ID: id, Words: entry.Words, Definition: entry.Definition}
	}
	for _, id := range set.ids {
		// One more than shown: the item itself is among its neighbours.
		hits, err := ix.SearchByID(id, demoNeighbors+1, &annoy.SearchOptions{Recall: 0.99})
		if err != nil {
			return nil, err
		}
		a := demoAnswers{demoItem: item(id)}
		for _, h := range hits {
			if h.ID != id && len(a.Neighbors) < demoNeighbors {
				a.Neighbors = append(a.Neighbors, demoNeighbor{item(h.ID), h.Distance})
			}
		}
		r.Answers = append(r.Answers, a)
	}
	return r, nil
}

func (r *readerResult) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "A second process (pid %d) maps the file in %.2f ms and answers \"more like this\":\n",
		r.PID, r.OpenSeconds*1e3)
	for _, a := range r.Answers {
		fmt.Fprintf(w, "\n  %s: %s\n", a.Words, shorten(a.Definition, 72))
		for _, n := range a.Neighbors {
			_, err = fmt.Fprintf(w, "    %.3f  %-26s  %s\n", n.Distance, shorten(n.Words, 26), shorten(n.Definition, 54))
		}
	}
	return err
}

// shorten cuts s to at most width characters, the last of which is then "…".
func shorten(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}
