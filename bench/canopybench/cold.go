package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/eval/peers"
)

// coldOf is what searches of a file that is not in memory took.
type coldOf struct {
	Index   string  `json:"index"`
	Bytes   int64   `json:"bytes"` // of the file
	Access  string  `json:"access"`
	Random  bool    `json:"random,omitempty"`
	Limit   int64   `json:"limit,omitempty"` // of the process's memory, page cache and all; 0: none, and the cache dropped before
	Threads int     `json:"threads"`
	Recall  float64 `json:"recall"`
	First   asked   `json:"first"` // queries, the first of which finds nothing in memory
	Then    asked   `json:"then"`  // what follows, for some seconds
	sampled
}

// asked is the cost of queries, one after the other.
type asked struct {
	Queries int     `json:"queries"`
	Seconds float64 `json:"seconds"`
	Read    int64   `json:"read"`   // bytes from the disk
	Faults  int64   `json:"faults"` // page faults that waited for it
}

func (a asked) rate() float64        { return float64(a.Queries) / a.Seconds }
func (a asked) each(n int64) float64 { return float64(n) / float64(a.Queries) }

const (
	coldFirst   = 500 // queries that begin with an empty cache, fewer if they take longer than
	coldPatient = 15  // seconds
	coldSeconds = 5   // of those that follow
	coldShare   = 4   // memory is limited to one of so many parts of the file
)

// coldVariants are the indexes whose files are asked. Vectors as float32 are four times the bytes that sift's fit.
var coldVariants = []variant{{}, {rows: annoy.RowsFloat32}}

// measureCold asks a file for recall 0.95, mapped and cold: with the page cache emptied before and room for all, and
// with a quarter of the file's bytes as memory.
func measureCold(b *bench) (*result, error) {
	res := &result{Indexes: map[string]indexInfo{}}
	for _, v := range coldVariants {
		x, err := b.index(v)
		if err != nil {
			return nil, err
		}
		kth, err := b.v.kth(10)
		if err != nil {
			return nil, err
		}
		if err := x.ix.Close(); err != nil { // a mapping holds its pages
			return nil, err
		}
		delete(b.built, v)
		res.Indexes[v.name()] = x.info
		for _, limit := range []int64{0, x.info.Bytes / coldShare} {
			for _, how := range []struct {
				access annoy.Access
				random bool
			}{{annoy.AccessMapped, false}, {annoy.AccessMapped, true}, {annoy.AccessCold, false}} {
				c := coldOf{Index: v.name(), Bytes: x.info.Bytes, Access: how.access.String(), Random: how.random, Limit: limit, Threads: 1}
				progress("%s: %s, %s, random %v, limit %d", b.set.name, c.Index, c.Access, c.Random, c.Limit)
				r := request{Queries: b.set.queries, Index: x.path, Access: c.Access, Random: c.Random, Recall: tailTarget, Seconds: coldSeconds}
				dropCache(x.path)
				var answer coldAnswer
				c.sampled, err = runChild(b.ctx, "child-ask", r, limit, nil, &answer)
				if errors.Is(err, errNoGroup) {
					progress("%s: not measured: %v", b.set.name, err)
					continue
				}
				if err != nil {
					return nil, err
				}
				c.First, c.Then = answer.First, answer.Then
				found := 0
				for i, ids := range answer.IDs {
					hits := make([]annoy.Neighbor, len(ids))
					for j, id := range ids {
						hits[j].ID = id
					}
					found += b.v.hits(i, hits, kth[i])
				}
				c.Recall = float64(found) / float64(10*len(answer.IDs))
				res.Cold = append(res.Cold, c)
			}
		}
	}
	res.Queries = coldFirst
	return res, nil
}

// coldAnswer is what an asking child says.
type coldAnswer struct {
	First, Then asked
	IDs         [][]int64 // answers of the first queries
}

// askChild opens the file and asks.
func askChild(r *request) (any, error) {
	flat, dim, err := readRows(context.Background(), r.Queries, askedQueries)
	if err != nil {
		return nil, err
	}
	queries := eval.Split(flat, dim)
	o := &annoy.OpenOptions{}
	if err := o.Access.UnmarshalText([]byte(r.Access)); err != nil {
		return nil, err
	}
	if r.Random {
		o.Advice = annoy.AdviceRandom
	}
	var answer coldAnswer
	first := startAsked()
	ix, err := annoy.Open(r.Index, o)
	if err != nil {
		return nil, err
	}
	defer ix.Close()
	n := min(coldFirst, len(queries))
	var hits []annoy.Neighbor
	for _, q := range queries[:n] {
		if hits, err = ix.AppendSearch(hits[:0], q, 10, atRecall(r.Recall)); err != nil {
			return nil, err
		}
		ids := make([]int64, len(hits))
		for i, h := range hits {
			ids[i] = h.ID
		}
		answer.IDs = append(answer.IDs, ids)
		if time.Since(first.start) > coldPatient*time.Second {
			break
		}
	}
	if answer.First, err = first.end(len(answer.IDs)); err != nil {
		return nil, err
	}
	then, asking := startAsked(), time.Duration(r.Seconds*float64(time.Second))
	for n = 0; time.Since(then.start) < asking; n++ {
		if hits, err = ix.AppendSearch(hits[:0], queries[(coldFirst+n)%len(queries)], 10, atRecall(r.Recall)); err != nil {
			return nil, err
		}
	}
	answer.Then, err = then.end(n)
	return answer, err
}

// started is the counters before queries.
type started struct {
	start        time.Time
	read, faults int64
}

func startAsked() started {
	read, _ := procField("/proc/self/io", "read_bytes")
	return started{time.Now(), read, faults()}
}

func (s started) end(queries int) (asked, error) {
	a := asked{Queries: queries, Seconds: time.Since(s.start).Seconds(), Faults: faults() - s.faults}
	read, err := procField("/proc/self/io", "read_bytes")
	a.Read = read - s.read
	return a, err
}

// ColdTable has a row for each set, index and way to read it.
func (p *page) ColdTable() string {
	rows := [][]string{{"set: index", "file MB", "access", "memory", "recall", "queries per second", "read KB a query", "faults a query"}}
	for _, m := range p.Of("cold") {
		for _, c := range m.Cold {
			access, memory, a := c.Access, "dropped", c.First
			if c.Random {
				access += ", advice random"
			}
			if c.Limit > 0 {
				memory, a = "limited", c.Then
			}
			rows = append(rows, []string{m.Title() + ": " + c.Index, megabytes(c.Bytes), access, memory, fmt.Sprintf("%.4f", c.Recall),
				peers.Short(a.rate()), peers.Significant(a.each(a.Read) / 1000), peers.Significant(a.each(a.Faults))})
		}
	}
	return table(rows)
}
