//go:build ignore

// Measure writes the figures behind docs/tuning.md as CSV. From the root of a checkout, on Linux:
//
//	go run docs/tuning/measure/main.go -out docs/tuning/data                    # the word set of the repository
//	ANNOY_DATA=DIR go run docs/tuning/measure/main.go -sets words,gloss,usage,sift
//
// It builds a forest for each number of trees on one worker, maps the saved file, and runs the queries one after
// the other on one thread at each search_k. Times are CPU seconds of the thread or, for builds, of the process, so
// that other work on the machine counts less; a figure is the median of three rounds (one, for builds of more than three seconds). A hit counts when its
// distance, computed in float64, is at most t·(1 + 1e-5) + 1e-6·u, t being that of the true tenth neighbour and u the unit of the data (package eval).
//
//	search.csv  set,items,dim,queries,trees,search_k,recall,qps
//	build.csv   set,items,dim,trees,add_s,build_s,bytes,items_bytes
//	filter.csv  set,trees,search_k,share,ids,listed,recall,qps
//
// With -cold it measures a file that is not in the page cache instead, for one number of trees: opening, a hundred
// queries and a hundred more, each in milliseconds by the clock and of CPU, and in page faults that waited for the disk.
//
//	cold.csv    set,trees,bytes,option,open_ms,cpu_ms,faults,first_ms,cpu_ms,faults,next_ms,cpu_ms,faults
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/vecio"
)

const (
	k      = 10
	rounds = 3
)

// efforts are the values of search_k, besides each forest's default.
var efforts = []int{100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000}

// shares are how much of the items a filter contains.
var shares = []float64{0.5, 0.1, 0.01, 0.001}

// set is items, queries, and the distance of each query's true k-th neighbour.
type set struct {
	name    string
	metric  annoy.Metric
	items   [][]float32
	queries [][]float32
	kth     []float64
}

func main() {
	log.SetFlags(log.Ltime)
	names := flag.String("sets", "words", "sets to measure: words, gloss, usage, sift; all but words are read from $ANNOY_DATA")
	trees := flag.String("trees", "10,25,50,100", "trees of the forests")
	count := flag.Int("queries", 500, "queries a set")
	out := flag.String("out", ".", "folder of the CSV files, which are overwritten")
	cold := flag.Bool("cold", false, "measure opening and searching a file that is not in the page cache")
	temp := flag.String("dir", "", "folder for the indexes; default: the system's temporary folder")
	flag.Parse()
	dir, err := os.MkdirTemp(*temp, "measure-")
	if err != nil {
		log.Fatal(err)
	}
	if *cold {
		err = runCold(strings.Split(*names, ","), *trees, *out, dir)
	} else {
		err = run(strings.Split(*names, ","), strings.Split(*trees, ","), *count, *out, dir)
	}
	if err := errors.Join(err, os.RemoveAll(dir)); err != nil {
		log.Fatal(err)
	}
}

func run(names, trees []string, count int, out, dir string) error {
	search, build, filter := "set,items,dim,queries,trees,search_k,recall,qps\n",
		"set,items,dim,trees,add_s,build_s,bytes,items_bytes\n", "set,trees,search_k,share,ids,listed,recall,qps\n"
	for _, name := range names {
		s, err := load(name, count)
		if err != nil {
			return err
		}
		for _, field := range trees {
			n, err := strconv.Atoi(field)
			if err != nil {
				return err
			}
			log.Printf("%s, %d trees", name, n)
			path := filepath.Join(dir, name+".ann")
			row, err := s.build(n, path)
			if err != nil {
				return err
			}
			build += row
			rows, err := s.sweep(path)
			if err != nil {
				return err
			}
			search += rows
			if n == 50 && name != "usage" { // its items are those of gloss
				if rows, err = s.filters(path); err != nil {
					return err
				}
				filter += rows
			}
			for file, text := range map[string]string{"search.csv": search, "build.csv": build, "filter.csv": filter} {
				if err := os.WriteFile(filepath.Join(out, file), []byte(text), 0o644); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func load(name string, count int) (*set, error) {
	s := &set{name: name, metric: annoy.Angular}
	data := os.Getenv("ANNOY_DATA")
	var err error
	switch name {
	case "words":
		rows, err := read("internal/words/words_i8.npy", 0, math.MaxInt)
		if err != nil {
			return nil, err
		}
		for i, v := range rows { // every twentieth is a query
			if i%20 == 0 {
				s.queries = append(s.queries, v)
			} else {
				s.items = append(s.items, v)
			}
		}
		s.findKth()
		return s, nil
	case "gloss", "usage":
		if s.items, err = read(filepath.Join(data, "gloss", "base_f16.npy"), 0, math.MaxInt); err != nil {
			return nil, err
		}
		file, truth, skip := "query_f16.npy", "gt_dist.npy", 0
		if name == "usage" { // the first thousand are the calibration sample
			file, truth, skip = "usage_f16.npy", "usage_gt_dist.npy", 1000
		}
		return s, s.readQueries(filepath.Join(data, "gloss", file), filepath.Join(data, "gloss", truth), skip, count)
	case "sift":
		s.metric = annoy.Euclidean
		if s.items, err = read(filepath.Join(data, "sift", "base_u8.npy"), 0, math.MaxInt); err != nil {
			return nil, err
		}
		return s, s.readQueries(filepath.Join(data, "sift", "query_u8.npy"), filepath.Join(data, "sift", "gt_dist.npy"), 0, count)
	}
	return nil, fmt.Errorf("no set %q", name)
}

// read reads count rows after the first skip.
func read(path string, skip, count int) ([][]float32, error) {
	r, err := vecio.Open(path, nil)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var rows [][]float32
	for i := 0; i-skip < count; i++ {
		v := make([]float32, r.Dim())
		_, err := r.Next(v)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if i >= skip {
			rows = append(rows, v)
		}
	}
	return rows, nil
}

// readQueries reads queries, and the distances of their true neighbours, nearest first.
func (s *set) readQueries(path, truth string, skip, count int) (err error) {
	if s.queries, err = read(path, skip, count); err != nil {
		return err
	}
	distances, err := read(truth, skip, count)
	for _, d := range distances {
		s.kth = append(s.kth, float64(d[k-1]))
	}
	return err
}

// findKth scans all items for every query.
func (s *set) findKth() {
	all := make([]float64, len(s.items))
	for _, q := range s.queries {
		for i, v := range s.items {
			all[i] = distance(s.metric, q, v)
		}
		slices.Sort(all)
		s.kth = append(s.kth, all[k-1])
	}
}

func distance(m annoy.Metric, a, b []float32) float64 {
	var dot, aa, bb, l2 float64
	for i, x := range a {
		x, y := float64(x), float64(b[i])
		dot, aa, bb, l2 = dot+x*y, aa+x*x, bb+y*y, l2+(x-y)*(x-y)
	}
	if m == annoy.Euclidean {
		return math.Sqrt(l2)
	}
	return math.Sqrt(max(0, 2-2*dot/math.Sqrt(aa*bb)))
}

// build builds on one worker and saves; where that is quick, the median of three times.
func (s *set) build(trees int, path string) (row string, err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var adds, builds []float64
	for len(builds) < rounds && (len(builds) == 0 || builds[0] < 3) {
		add, build, st, err := s.buildOnce(trees, path)
		if err != nil {
			return "", err
		}
		adds, builds = append(adds, add), append(builds, build)
		row = fmt.Sprintf("%d,%d", st.Bytes, int64(st.Items)*int64(st.NodeBytes))
	}
	slices.Sort(adds)
	slices.Sort(builds)
	return fmt.Sprintf("%s,%d,%d,%d,%.3f,%.3f,%s\n", s.name, len(s.items), len(s.items[0]), trees,
		adds[len(adds)/2], builds[len(builds)/2], row), nil
}

func (s *set) buildOnce(trees int, path string) (add, build float64, st annoy.Stats, err error) {
	runtime.GC()
	b, err := annoy.NewBuilder(len(s.items[0]), s.metric, &annoy.BuilderOptions{Items: len(s.items)})
	if err != nil {
		return 0, 0, st, err
	}
	defer b.Close()
	start := seconds(unix.CLOCK_PROCESS_CPUTIME_ID)
	for id, v := range s.items {
		if err := b.Add(id, v); err != nil {
			return 0, 0, st, err
		}
	}
	added := seconds(unix.CLOCK_PROCESS_CPUTIME_ID)
	ix, err := b.Build(context.Background(), &annoy.BuildOptions{Kind: annoy.Forest, Trees: trees, Workers: 1})
	built := seconds(unix.CLOCK_PROCESS_CPUTIME_ID)
	if err != nil {
		return 0, 0, st, err
	}
	if st, err = ix.Stats(); err != nil {
		return 0, 0, st, err
	}
	return added - start, built - added, st, ix.Save(path)
}

// seconds is the time of a clock of the system, such as the CPU clock of the process or the thread.
func seconds(clock int32) float64 {
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		log.Fatal(err)
	}
	return float64(t.Nano()) / 1e9
}

func (s *set) sweep(path string) (rows string, err error) {
	ix, err := annoy.Open(path, &annoy.OpenOptions{Prefault: true})
	if err != nil {
		return "", err
	}
	defer ix.Close()
	grid := append([]int{k * ix.Trees()}, efforts...)
	slices.Sort(grid)
	for _, searchK := range slices.Compact(grid) {
		recall, qps, err := s.ask(ix, &annoy.SearchOptions{SearchK: searchK}, s.kth)
		if err != nil {
			return "", err
		}
		rows += fmt.Sprintf("%s,%d,%d,%d,%d,%d,%.4f,%.0f\n", s.name, ix.Len(), ix.Dim(), len(s.queries), ix.Trees(), searchK, recall, qps)
		if recall > 0.995 {
			break
		}
	}
	return rows, nil
}

// ask runs all queries, rounds times, and gives recall and queries per CPU second.
func (s *set) ask(ix *annoy.Index, o *annoy.SearchOptions, kth []float64) (recall, qps float64, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	hits := make([]annoy.Neighbor, 0, k*len(s.queries))
	ends := make([]int, len(s.queries))
	var took []float64
	for range rounds {
		hits = hits[:0]
		start := seconds(unix.CLOCK_THREAD_CPUTIME_ID)
		for i, q := range s.queries {
			if hits, err = ix.AppendSearch(hits, q, k, o); err != nil {
				return 0, 0, err
			}
			ends[i] = len(hits)
		}
		took = append(took, seconds(unix.CLOCK_THREAD_CPUTIME_ID)-start)
	}
	slices.Sort(took)
	rule := eval.NewRule(s.metric, s.items[:min(1000, len(s.items))])
	found, from := 0, 0
	for i, end := range ends {
		for _, h := range hits[from:end] {
			if rule.Near(s.queries[i], distance(s.metric, s.queries[i], s.items[h.ID]), kth[i]) {
				found++
			}
		}
		from = end
	}
	return float64(found) / float64(k*len(s.queries)), float64(len(s.queries)) / took[rounds/2], nil
}

// contains is a filter that cannot list its ids, so that it is never scanned.
type contains struct{ annoy.Filter }

// filters searches with filters of random ids, of a kind that lists its ids and of one that does not.
func (s *set) filters(path string) (rows string, err error) {
	ix, err := annoy.Open(path, &annoy.OpenOptions{Prefault: true})
	if err != nil {
		return "", err
	}
	defer ix.Close()
	part := *s
	part.queries = s.queries[:min(200, len(s.queries))]
	for _, share := range shares {
		rng := rand.New(rand.NewPCG(1, 2))
		var ids []int64
		for id := range s.items {
			if rng.Float64() < share {
				ids = append(ids, int64(id))
			}
		}
		if len(ids) < k {
			continue
		}
		kth := make([]float64, len(part.queries))
		near := make([]float64, len(ids))
		for i, q := range part.queries {
			for j, id := range ids {
				near[j] = distance(s.metric, q, s.items[id])
			}
			slices.Sort(near)
			kth[i] = near[k-1]
		}
		listed := annoy.IDFilter(ids)
		for _, searchK := range []int{k * ix.Trees(), 5000} {
			for _, f := range []annoy.Filter{listed, contains{listed}} {
				_, plain := f.(contains)
				recall, qps, err := part.ask(ix, &annoy.SearchOptions{SearchK: searchK, Filter: f}, kth)
				if err != nil {
					return "", err
				}
				rows += fmt.Sprintf("%s,%d,%d,%g,%d,%v,%.4f,%.0f\n", s.name, ix.Trees(), searchK, share, len(ids), !plain, recall, qps)
			}
		}
	}
	return rows, nil
}

func runCold(names []string, trees, out, dir string) error {
	n, err := strconv.Atoi(trees)
	if err != nil {
		return err
	}
	text := "set,trees,bytes,option,open_ms,cpu_ms,faults,first_ms,cpu_ms,faults,next_ms,cpu_ms,faults\n"
	for _, name := range names {
		s, err := load(name, 200)
		if err != nil {
			return err
		}
		path := filepath.Join(dir, name+".ann")
		if _, err := s.build(n, path); err != nil {
			return err
		}
		for _, c := range []struct {
			name string
			o    annoy.OpenOptions
		}{
			{"default", annoy.OpenOptions{}},
			{"AdviceRandom", annoy.OpenOptions{Advice: annoy.AdviceRandom}},
			{"AdviceWillNeed", annoy.OpenOptions{Advice: annoy.AdviceWillNeed}},
			{"Prefault", annoy.OpenOptions{Prefault: true}},
		} {
			log.Printf("%s, %d trees, cold, %s", name, n, c.name)
			row, err := s.cold(path, &c.o)
			if err != nil {
				return err
			}
			text += fmt.Sprintf("%s,%d,%s\n", name, n, fmt.Sprintf(row, c.name))
		}
	}
	return os.WriteFile(filepath.Join(out, "cold.csv"), []byte(text), 0o644)
}

// cold takes the file's pages out of the cache, opens it, and runs two hundred queries.
func (s *set) cold(path string, o *annoy.OpenOptions) (row string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		return "", err
	}
	var steps []usage
	last := now()
	step := func() {
		u := now()
		steps = append(steps, usage{wall: u.wall - last.wall, cpu: u.cpu - last.cpu, faults: u.faults - last.faults})
		last = now()
	}
	ix, err := annoy.Open(path, o)
	if err != nil {
		return "", err
	}
	defer ix.Close()
	step()
	for from := 0; from < 200; from += 100 {
		for _, q := range s.queries[from : from+100] {
			if _, err := ix.Search(q, k, &annoy.SearchOptions{SearchK: 5000}); err != nil {
				return "", err
			}
		}
		step()
	}
	row = fmt.Sprintf("%d,%%s", info.Size())
	for _, u := range steps {
		row += fmt.Sprintf(",%.1f,%.1f,%d", u.wall*1e3, u.cpu*1e3, u.faults)
	}
	return row, nil
}

// usage is what a step took: seconds, and major page faults.
type usage struct {
	wall, cpu float64
	faults    int64
}

func now() usage {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		log.Fatal(err)
	}
	return usage{seconds(unix.CLOCK_MONOTONIC), seconds(unix.CLOCK_PROCESS_CPUTIME_ID), r.Majflt}
}
