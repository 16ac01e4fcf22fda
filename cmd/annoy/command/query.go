package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/vecio"
)

// A batch is what query reads before it searches: enough rows to keep every
// core busy, and few enough that memory stays at batchFloats components.
const (
	batchRows   = 1024
	batchFloats = 4 << 20
)

type queryFlags struct {
	index       indexFlags
	vectors     string
	file        vectorFlags
	vector      string
	id          int64
	key         string
	k           int
	searchK     int
	recall      float64
	exact       bool
	filter      string
	exclude     []int64
	maxDistance limit
	minProduct  limit
	within      limit
}

// queryResult is what query prints for each query with --json.
type queryResult struct {
	Query     int64      `json:"query"`
	QueryKey  string     `json:"query_key,omitempty"` // of a file of queries that have keys
	IDs       []int64    `json:"ids"`
	Keys      []string   `json:"keys,omitempty"` // of a canopy that has them
	Distances jsonFloats `json:"distances"`
}

func newQuery(e *env) *cobra.Command {
	f := &queryFlags{}
	cmd := &cobra.Command{
		Use:   "query INDEX (--vectors FILE | --vector '[…]' | --id N | --key KEY)",
		Short: "Find the nearest neighbours of vectors or of an item",
		Long: `Find the nearest neighbours of every vector of a file, of one vector, or of an
item of the index. Nearest come first; for the metric dot that is the largest
product, and the column is headed so. With --within it is all items within a
distance, however many there are, instead of the -k nearest.

How much of the index is searched, and so how many of the true neighbours are
found, a canopy is told by --recall, a forest by --search-k; --exact looks at
every item.

With --json there is a line for each query, in order:
  {"query":0,"ids":[7,2],"distances":[0.1,0.25]}
where query counts the rows of the file from 0, and "keys" follows the ids where
the index has keys. Queries that have keys themselves are shown by them, and
have a "query_key" in JSON. A distance beyond the range of a 32-bit float is null.`,
		Example: `  annoy query docs.canopy --key doc-42 -k 10 --recall 0.99
  annoy query docs.ann --id 42 -k 10
  annoy query docs.ann --vectors queries.npy -k 10 --search-k 5000 --json
  annoy query docs.ann --vector '[0.1, 0.7, -0.2]' --filter allowed.txt
  annoy query docs.canopy --id 42 --within 0.6 --recall 0.99
  annoy query other.tree --dim 40 --metric angular --id 0`,
		Args:              exactArgs("INDEX"),
		ValidArgsFunction: completeIndex,
		RunE:              func(cmd *cobra.Command, args []string) error { return runQuery(cmd, e, f, args[0]) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.vectors, "vectors", "", "file of query vectors; - for standard input")
	fl.StringVar(&f.vector, "vector", "", "one query vector, a JSON array")
	fl.Int64Var(&f.id, "id", 0, "the item whose neighbours are wanted")
	fl.StringVar(&f.key, "key", "", "the item whose neighbours are wanted, by its key")
	fl.IntVarP(&f.k, "neighbors", "k", 10, "neighbours to find for each query")
	fl.IntVar(&f.searchK, "search-k", -1, "candidates to inspect; -1: k × trees, of a canopy as --recall says. More is slower and finds more")
	fl.Float64Var(&f.recall, "recall", 0, "canopy: share of the true neighbours to find, above 0 and at most 1 (default 0.95)")
	fl.BoolVar(&f.exact, "exact", false, "compare every item")
	fl.StringVar(&f.filter, "filter", "", "file of the only ids to answer with, one a line")
	fl.Int64SliceVar(&f.exclude, "exclude", nil, "ids not to answer with, separated by commas")
	fl.Var(&f.maxDistance, "max-distance", "answer with no item farther away than this")
	fl.Var(&f.minProduct, "min-product", "answer with no item of a smaller product (metric dot)")
	fl.Var(&f.within, "within", "answer with every item at most this far away instead of -k items; of the metric dot, of at least this product")
	f.file.register(cmd, "the file of --vectors", false)
	f.index.register(cmd)
	f.index.registerAccess(cmd)
	err := cmd.RegisterFlagCompletionFunc("vectors",
		cobra.FixedCompletions(vectorExtensions(), cobra.ShellCompDirectiveFilterFileExt))
	if err != nil {
		panic(err) // the flag is registered above: no input leads here
	}
	return cmd
}

func (f *queryFlags) validate(cmd *cobra.Command) error {
	var given []string
	for _, name := range []string{"vectors", "vector", "id", "key"} {
		if cmd.Flags().Changed(name) {
			given = append(given, "--"+name)
		}
	}
	switch {
	case len(given) == 0:
		return usagef("missing query: give one of --vectors, --vector, --id and --key")
	case len(given) > 1:
		return usagef("%s exclude each other", strings.Join(given, " and "))
	case f.vectors == "" && f.file.given() != "":
		return usagef("%s: only for the file of --vectors", f.file.given())
	case f.k < 1:
		return usagef("-k must be 1 or more, not %d", f.k)
	case f.searchK < -1:
		return usagef("--search-k must be -1 or more, not %d", f.searchK)
	case cmd.Flags().Changed("recall") && !(f.recall > 0 && f.recall <= 1):
		return usagef("--recall %v: want more than 0 and at most 1", f.recall)
	case f.recall > 0 && f.searchK > 0 || f.exact && (f.recall > 0 || f.searchK > 0):
		return usagef("--recall, --search-k and --exact exclude each other: each says how much to search")
	case f.within.set && (f.maxDistance.set || f.minProduct.set || cmd.Flags().Changed("neighbors")):
		return usagef("--within is a limit by itself: it excludes -k, --max-distance and --min-product")
	case f.maxDistance.value < 0:
		return usagef("--max-distance must be 0 or more, not %v", f.maxDistance.value)
	}
	return nil
}

func runQuery(cmd *cobra.Command, e *env, f *queryFlags, path string) error {
	if err := f.validate(cmd); err != nil {
		return err
	}
	var one []float32
	if cmd.Flags().Changed("vector") {
		var err error
		if one, err = parseVector(f.vector); err != nil {
			return err
		}
	}
	o := &annoy.SearchOptions{
		SearchK: f.searchK, Recall: f.recall, Exact: f.exact, Exclude: f.exclude, MaxDistance: f.maxDistance.option(1), MinProduct: f.minProduct.option(-1),
	}
	if f.filter != "" {
		ids, err := vecio.ReadIDs(f.filter)
		if err != nil {
			return inFile(f.filter, err)
		}
		o.Filter = annoy.IDFilter(ids)
	}
	ix, err := f.index.open(cmd, e, path)
	if err != nil {
		return err
	}
	defer ix.Close()
	switch {
	case f.maxDistance.set && ix.Metric() == annoy.Dot:
		return usagef("--max-distance is not for the metric dot; give --min-product")
	case f.minProduct.set && ix.Metric() != annoy.Dot:
		return usagef("--min-product is for the metric dot, and %s is %v; give --max-distance", path, ix.Metric())
	case one != nil && len(one) != ix.Dim():
		return usagef("--vector has %s, the vectors of %s have %d", count(len(one), "component"), path, ix.Dim())
	}

	out, err := newQueryWriter(e, ix)
	if err != nil {
		return inFile(path, err)
	}
	switch {
	case f.vectors != "":
		bar := e.newStreamProgress()
		err = queryFile(cmd.Context(), ix, f, path, o, out, bar)
		bar.stop()
	case one != nil:
		err = queryOne(out, path, func() ([]annoy.Neighbor, error) { return f.search(ix, one, o) })
	default:
		err = queryOne(out, path, func() ([]annoy.Neighbor, error) {
			if f.key != "" {
				if f.id, err = ix.Lookup(f.key); err != nil {
					return nil, err
				}
			}
			return f.searchByID(ix, o)
		})
	}
	if err != nil {
		// The answers up to the error are sound: they are not held back.
		_ = out.flush()
		return err
	}
	return out.flush()
}

// search answers one vector: with the nearest, or with all within a distance.
func (f *queryFlags) search(ix *annoy.Index, q []float32, o *annoy.SearchOptions) ([]annoy.Neighbor, error) {
	if f.within.set {
		return ix.SearchRange(q, f.within.value, o)
	}
	return ix.Search(q, f.k, o)
}

// searchByID is search for the item of --id.
func (f *queryFlags) searchByID(ix *annoy.Index, o *annoy.SearchOptions) ([]annoy.Neighbor, error) {
	if f.within.set {
		return ix.SearchRangeByID(f.id, f.within.value, o)
	}
	return ix.SearchByID(f.id, f.k, o)
}

// searchBatch is search for several vectors.
func (f *queryFlags) searchBatch(ctx context.Context, ix *annoy.Index, qs [][]float32, o *annoy.SearchOptions) ([][]annoy.Neighbor, error) {
	if !f.within.set {
		return ix.SearchBatch(ctx, qs, f.k, o)
	}
	out := make([][]annoy.Neighbor, len(qs))
	for i, q := range qs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if out[i], err = ix.SearchRange(q, f.within.value, o); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func queryOne(out *queryWriter, path string, search func() ([]annoy.Neighbor, error)) error {
	hits, err := search()
	if err != nil {
		return inFile(path, err)
	}
	return out.write(0, "", hits)
}

// queryFile answers the rows of a file, a batch at a time.
func queryFile(
	ctx context.Context, ix *annoy.Index, f *queryFlags, path string, o *annoy.SearchOptions, out *queryWriter,
	bar *progress,
) error {
	src, err := f.file.open(f.vectors, "")
	if err != nil {
		return err
	}
	defer src.close()
	if src.Dim() != ix.Dim() {
		return fmt.Errorf("annoy: %s: vectors of dimension %d, those of %s have %d", src.path, src.Dim(), path, ix.Dim())
	}
	dim := ix.Dim()
	rows := max(1, min(batchRows, batchFloats/dim))
	if n := src.Len(); n >= 0 {
		rows = max(1, min(rows, n))
	}
	batch, keys := make([][]float32, rows), make([]string, rows)
	backing := make([]float32, rows*dim)
	for i := range batch {
		batch[i] = backing[i*dim : (i+1)*dim]
	}
	for first := int64(0); ; {
		bar.update("query", first, int64(src.Len()))
		n := 0
		var end error
		for n < rows && end == nil {
			if _, end = src.Next(batch[n]); end == nil {
				keys[n] = src.Key()
				n++
			}
		}
		// Rows before a malformed one are answered before its error.
		hits, err := f.searchBatch(ctx, ix, batch[:n], o)
		if err != nil {
			return inFile(path, err)
		}
		for i, h := range hits {
			if err := out.write(first+int64(i), keys[i], h); err != nil {
				return err
			}
		}
		if end == io.EOF {
			return nil
		}
		if end != nil {
			return end
		}
		first += int64(n)
		if err := out.flush(); err != nil {
			return err
		}
	}
}

// parseVector reads a JSON array of finite numbers, at least one.
func parseVector(s string) ([]float32, error) {
	var parts []*float64 // pointers tell null from 0
	if err := json.Unmarshal([]byte(s), &parts); err != nil || len(parts) == 0 {
		return nil, usagef("--vector %s is not a JSON array of numbers such as '[0.1, -2]'", s)
	}
	v := make([]float32, len(parts))
	for i, x := range parts {
		if x == nil || math.Abs(*x) > math.MaxFloat32 {
			return nil, usagef("--vector: component %d is not a 32-bit float", i)
		}
		v[i] = float32(*x)
	}
	return v, nil
}
