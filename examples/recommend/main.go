// Command recommend finds what goes with what somebody has already: recommendations by dot product.
//
// The model is a matrix factorization: a vector for each user and each item, whose product says how well they fit. An index of the
// items by the metric dot then finds the best of all items without computing every product. The users here are 10,000 definitions of
// WordNet, and the items the words in them; of every tenth definition one word is held out, for the program to guess. Run it in the
// repository's root:
//
//	go run ./examples/recommend
//
// For data of your own, give a file with a user and an item a line, separated by a tab, as a shop's purchases:
//
//	go run ./examples/recommend -events purchases.tsv
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/examples/internal/table"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "recommend:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	fl := flag.NewFlagSet("recommend", flag.ContinueOnError)
	file := fl.String("events", "", "`file` of events: user, tab, item (default: the words of definitions)")
	k := fl.Int("k", 10, "items to recommend")
	recall := fl.Float64("recall", 0.95, "target recall of the search")
	if err := fl.Parse(args); err != nil {
		return err
	}
	var users map[string][]string
	var err error
	if *file == "" {
		users, err = wordsOfDefinitions("internal/words/words.tsv")
	} else {
		users, err = readEvents(*file)
	}
	if err != nil {
		return err
	}
	d := newDataset(users)
	if len(d.held) == 0 {
		return fmt.Errorf("too few events: no user has three items that others have too")
	}
	m := train(d)
	ix, err := m.index(ctx)
	if err != nil {
		return err
	}
	defer ix.Close()
	return report(out, d, m, ix, *k, *recall)
}

// readEvents reads the items of each user.
func readEvents(path string) (map[string][]string, error) {
	records, err := table.Lines(path)
	if err != nil {
		return nil, err
	}
	users := map[string][]string{}
	for i, r := range records {
		if len(r) != 2 {
			return nil, fmt.Errorf("%s: line %d has %d fields, want a user and an item", path, i+1, len(r))
		}
		users[r[0]] = append(users[r[0]], r[1])
	}
	return users, nil
}

// wordsOfDefinitions takes definitions as users and their words as items.
func wordsOfDefinitions(path string) (map[string][]string, error) {
	records, err := table.Lines(path)
	if err != nil {
		return nil, err
	}
	users := map[string][]string{}
	for _, r := range records {
		text := strings.ToLower(r[len(r)-1])
		users[strings.Join(r, ": ")] = strings.FieldsFunc(text, func(c rune) bool { return !unicode.IsLetter(c) })
	}
	return users, nil
}

const (
	rarest   = 8  // users that an item must have at least, to learn anything about it
	commonly = 50 // one in so many users at most: an item that everybody has says nothing
)

// dataset is the items of each user, as numbers.
type dataset struct {
	users, items []string
	has          [][]int32     // the items of each user that the model learns from
	held         map[int]int32 // of some users, an item that it does not learn
	popular      []int32       // items, those with most users first
}

func newDataset(users map[string][]string) *dataset {
	d := &dataset{users: slices.Sorted(maps.Keys(users)), held: map[int]int32{}}
	count := map[string]int{}
	for u, list := range users {
		slices.Sort(list)
		users[u] = slices.Compact(list)
		for _, item := range users[u] {
			count[item]++
		}
	}
	number := map[string]int32{}
	for _, item := range slices.Sorted(maps.Keys(count)) {
		if n := count[item]; n >= rarest && n <= max(rarest, len(users)/commonly) {
			number[item] = int32(len(d.items))
			d.items = append(d.items, item)
		}
	}
	for u, name := range d.users {
		var has []int32
		for _, item := range users[name] {
			if n, ok := number[item]; ok {
				has = append(has, n)
			}
		}
		if u%10 == 0 && len(has) >= 3 {
			out := u / 10 % len(has)
			d.held[u] = has[out]
			has = slices.Delete(has, out, out+1)
		}
		d.has = append(d.has, has)
	}
	for i := range d.items {
		d.popular = append(d.popular, int32(i))
	}
	slices.SortStableFunc(d.popular, func(a, b int32) int { return count[d.items[b]] - count[d.items[a]] })
	return d
}

// report prints some recommendations, and how often the held-out item is among them: of the index, of exact search, and of the most
// popular items.
func report(out io.Writer, d *dataset, m *model, ix *annoy.Index, k int, recall float64) error {
	held := slices.Sorted(maps.Keys(d.held))
	var byIndex, byExact, byPopularity, shared, asked int
	for n, u := range held {
		var exclude []int64 // what the user has is not recommended
		for _, i := range d.has[u] {
			exclude = append(exclude, int64(i))
		}
		found, err := ix.Search(m.user(u), k, &annoy.SearchOptions{Recall: recall, Exclude: exclude})
		if err != nil {
			return err
		}
		exact, err := ix.Search(m.user(u), k, &annoy.SearchOptions{Exact: true, Exclude: exclude})
		if err != nil {
			return err
		}
		if n < 3 {
			fmt.Fprintf(out, "%s\n  held out: %s\n  recommended:", d.users[u], d.items[d.held[u]])
			for _, h := range found {
				fmt.Fprintf(out, " %s", d.items[h.ID])
			}
			fmt.Fprintln(out)
		}
		has := func(hits []annoy.Neighbor, id int64) bool {
			return slices.ContainsFunc(hits, func(h annoy.Neighbor) bool { return h.ID == id })
		}
		for _, h := range exact {
			asked++
			if has(found, h.ID) {
				shared++
			}
		}
		if has(found, int64(d.held[u])) {
			byIndex++
		}
		if has(exact, int64(d.held[u])) {
			byExact++
		}
		popular := 0
		for _, i := range d.popular {
			if popular == k {
				break
			}
			if slices.Contains(d.has[u], i) {
				continue
			}
			popular++
			if i == d.held[u] {
				byPopularity++
			}
		}
	}
	share := func(n int) float64 { return 100 * float64(n) / float64(len(held)) }
	fmt.Fprintf(out, "\n%d users with a held-out item, %d items; it is among the %d recommended for %.1f %% of them, "+
		"by exact search %.1f %%, by popularity alone %.1f %%\nrecall of the index %.3f, target %v\n",
		len(held), len(d.items), k, share(byIndex), share(byExact), share(byPopularity), float64(shared)/float64(max(1, asked)), recall)
	return nil
}
