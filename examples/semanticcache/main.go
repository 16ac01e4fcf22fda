// Command semanticcache answers a question from a cache when one like it was answered before.
//
// It shows how to choose the threshold: how near must the old question be? A looser threshold answers more questions from the cache,
// and more of them wrongly. The questions are 900 real wordings of 300 questions, so that the program knows which two mean the same. Each
// is asked in turn, looked up among those before it, and added. Run it in the repository's root:
//
//	go run ./examples/semanticcache
//
// For questions of your own, give a file with a question and a number a line, equal where two questions have one answer, and their vectors:
//
//	go run ./examples/semanticcache -questions q.tsv -vectors q.npy
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/examples/internal/table"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "semanticcache:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	fl := flag.NewFlagSet("semanticcache", flag.ContinueOnError)
	questions := fl.String("questions", "examples/data/questions.tsv", "`file` of questions: text, tab, the number of its answer")
	vectors := fl.String("vectors", "examples/data/questions_i8.npy", "`file` of their vectors")
	rebuild := fl.Int("rebuild", 100, "questions after which the index is built again")
	if err := fl.Parse(args); err != nil {
		return err
	}
	records, err := table.Lines(*questions)
	if err != nil {
		return err
	}
	for i, r := range records {
		if len(r) != 2 {
			return fmt.Errorf("%s: line %d has %d fields, want a question and the number of its answer", *questions, i+1, len(r))
		}
	}
	qs, err := table.Vectors(ctx, *vectors, len(records))
	if err != nil {
		return err
	}
	lookups, err := replay(ctx, records, qs, *rebuild)
	if err != nil {
		return err
	}
	report(out, records, lookups)
	return nil
}

// lookup is the nearest question before one.
type lookup struct {
	distance float32 // cosine; 2 where there is none
	right    bool    // it has the same answer
}

// cache is the questions asked so far. An index does not change, so that new questions wait beside it until it is built again.
type cache struct {
	index   *annoy.Index // of the first questions; nil before there are enough
	indexed int
	all     [][]float32
	rebuild int // questions that may wait
}

// nearest is the question most like q, and its cosine distance; −1 and 2 where there is none.
func (c *cache) nearest(q []float32) (id int, distance float32, err error) {
	id, distance = -1, 2
	if c.index != nil {
		hits, err := c.index.Search(q, 1, &annoy.SearchOptions{Recall: 0.99})
		if err != nil {
			return 0, 0, err
		}
		if len(hits) > 0 {
			id, distance = int(hits[0].ID), hits[0].Distance
		}
	}
	for i, v := range c.all[c.indexed:] {
		if d := float32(eval.Distance(annoy.Cosine, q, v)); d < distance {
			id, distance = c.indexed+i, d
		}
	}
	return id, distance, nil
}

// add takes a question in.
func (c *cache) add(ctx context.Context, q []float32) error {
	c.all = append(c.all, q)
	if len(c.all)-c.indexed < c.rebuild {
		return nil
	}
	b, err := annoy.NewBuilder(len(q), annoy.Cosine, nil)
	if err != nil {
		return err
	}
	for i, v := range c.all {
		if err := b.Add(i, v); err != nil {
			return err
		}
	}
	ix, err := b.Build(ctx, nil)
	if err != nil {
		return err
	}
	c.index, c.indexed = ix, len(c.all)
	return nil
}

// replay asks all questions in turn.
func replay(ctx context.Context, records [][]string, qs [][]float32, rebuild int) ([]lookup, error) {
	c := cache{rebuild: rebuild}
	lookups := make([]lookup, len(qs))
	for i, q := range qs {
		id, distance, err := c.nearest(q)
		if err != nil {
			return nil, err
		}
		lookups[i] = lookup{distance, id >= 0 && records[id][1] == records[i][1]}
		if err := c.add(ctx, q); err != nil {
			return nil, err
		}
	}
	return lookups, nil
}

// report prints a line for each threshold.
func report(out io.Writer, records [][]string, lookups []lookup) {
	seen, repeated := map[string]bool{}, 0
	for _, r := range records {
		if seen[r[1]] {
			repeated++
		}
		seen[r[1]] = true
	}
	fmt.Fprintf(out, "%d questions, %d of them asked before in other words\n\n", len(records), repeated)
	fmt.Fprintf(out, "threshold  from the cache  of these right\n")
	for _, threshold := range []float32{0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6} {
		hits, right := 0, 0
		for _, l := range lookups {
			if l.distance <= threshold {
				hits++
				if l.right {
					right++
				}
			}
		}
		fmt.Fprintf(out, "%9.2f  %12.1f %%  %12.1f %%\n", threshold,
			100*float64(hits)/float64(len(lookups)), 100*float64(right)/float64(max(1, hits)))
	}
}
