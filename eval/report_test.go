package eval

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/annoy-go/annoy"
)

func testReport(t *testing.T) *Report {
	t.Helper()
	ix, queries, truth := testIndex(t, newRand(t), annoy.Angular)
	e, err := New(t.Context(), ix, queries, truth.IDs, &Options{Threads: []int{1, 2}, MinTime: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	r, err := e.Run(t.Context(), Plan{Recalls: []float64{0.5, 0.9}, Sweeps: []Sweep{{SearchK, []int{100, 500}}}})
	if err != nil {
		t.Fatal(err)
	}
	r.Index, r.Truth = "dir/a <b> & 'c'.ann", "truth_ids.npy"
	r.Unreached = append(r.Unreached, Unreached{0.99, 12345, 0.9712})
	return r
}

func TestReport(t *testing.T) {
	r := testReport(t)
	if len(r.Points) != 8 || r.Stats.Trees != 8 || r.Queries != 60 || r.K != 10 || r.Nearer != 0 {
		t.Errorf("%+v", r)
	}
	for i, p := range r.Points {
		if p.Threads != 1+i%2 || p.QPS <= 0 || p.P50 <= 0 || p.P99 < p.P50 || p.Max < p.P999 || p.Recall < p.RecallByID-1e-9 {
			t.Errorf("point %d: %+v", i, p)
		}
		if asked := i >= 4; asked != (p.RecallTarget != nil) || asked && p.Recall < *p.RecallTarget {
			t.Errorf("point %d: target %v, recall %v", i, p.RecallTarget, p.Recall)
		}
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back struct {
		Index  string
		Points []map[string]any
	}
	if err := json.Unmarshal(data, &back); err != nil || back.Index != r.Index || len(back.Points) != 8 {
		t.Fatalf("%v: %s", err, data)
	}
	for _, key := range []string{"recall_target", "search_k", "recall", "qps", "p50_us", "p99_us", "threads"} {
		if _, ok := back.Points[0][key]; !ok {
			t.Errorf("JSON lacks %q", key)
		}
	}
	var out bytes.Buffer
	if err := r.WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(lines) != 10 || lines[1][0] != r.Index || lines[1][1] != "" || lines[5][1] != "0.5" || lines[1][3] != "100" {
		t.Errorf("%v: %v", err, lines)
	}
	// What is not reached is not silent.
	if last := lines[9]; last[1] != "0.99" || strings.Join(last[2:], "") != "" {
		t.Errorf("a recall that is not reached: %q", last)
	}
}

// A sweep varies its parameter and nothing else, and each form of the report names it.
func TestSweepOfEach(t *testing.T) {
	ix, queries, truth := testIndex(t, newRand(t), annoy.Euclidean)
	e, err := New(t.Context(), ix, queries, truth.IDs, &Options{K: 4, SearchK: 150, Threads: []int{1, 2}, MinTime: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		sweep   Sweep
		want    []Setting
		figures []string
	}{
		{Sweep{SearchK, []int{40, 80}}, []Setting{{40, 0, 4, 1}, {40, 0, 4, 2}, {80, 0, 4, 1}, {80, 0, 4, 2}}, []string{"speed", "latency"}},
		{Sweep{K, []int{1, 10}}, []Setting{{150, 0, 1, 1}, {150, 0, 1, 2}, {150, 0, 10, 1}, {150, 0, 10, 2}}, []string{"k-recall", "k-speed", "k-latency"}},
		{Sweep{Threads, []int{1, 3}}, []Setting{{150, 0, 4, 1}, {150, 0, 4, 3}}, []string{"threads-speed", "threads-latency"}},
	} {
		name := c.sweep.Parameter.Name
		r, err := e.Run(t.Context(), Plan{Sweeps: []Sweep{c.sweep}})
		if err != nil {
			t.Fatal(err)
		}
		var got []Setting
		for _, p := range r.Points {
			got = append(got, Setting{p.SearchK, p.RecallAsked, p.K, p.Threads})
			if p.Swept != name || p.Asked() != "sweep of "+name || p.RecallTarget != nil || p.QPS <= 0 {
				t.Errorf("%s: %+v", name, p)
			}
			if want := recallOf(t, ix, queries, truth, p.K, p.SearchK); p.RecallByID != want || p.Recall < want {
				t.Errorf("%s: recall@%d %v, by id %v, want %v", name, p.K, p.Recall, p.RecallByID, want)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: settings %v, want %v", name, got, c.want)
		}
		var table bytes.Buffer
		if err := r.WriteCSV(&table); err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(&table).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if last := r.Points[len(r.Points)-1]; lines[len(r.Points)][2] != name || lines[len(r.Points)][4] != strconv.Itoa(last.K) {
			t.Errorf("%s: CSV %v", name, lines)
		}
		var page strings.Builder
		if err := r.WriteHTML(&page); err != nil {
			t.Fatal(err)
		}
		var figures []string
		for _, m := range regexp.MustCompile(`<section id="([^"]*)"`).FindAllStringSubmatch(page.String(), -1) {
			figures = append(figures, m[1])
		}
		if !slices.Equal(figures, c.figures) || !strings.Contains(page.String(), "<td>sweep of "+name+"</td>") {
			t.Errorf("%s: figures %v, want %v", name, figures, c.figures)
		}
	}
	if _, err := e.ForRecall(t.Context(), K, 0.5); err == nil || !strings.Contains(err.Error(), "does not grow with k") {
		t.Errorf("the least k for a recall: %v", err)
	}
	// A truth of 10 has no 11th, which is found before anything is measured.
	measured := false
	e.o.Progress = func(string) { measured = true }
	if _, err := e.Run(t.Context(), Plan{Sweeps: []Sweep{{K, []int{7, 11}}}}); err == nil || !strings.Contains(err.Error(), "recall@11 needs 11") || measured {
		t.Errorf("k 11 by a truth of 10: %v", err)
	}
}

// recallOf is the recall by id, counted in the plainest way.
func recallOf(t *testing.T, ix *annoy.Index, queries [][]float32, truth *Truth, k, searchK int) float64 {
	t.Helper()
	hits := 0
	for q, query := range queries {
		answer, err := ix.Search(query, k, &annoy.SearchOptions{SearchK: searchK})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range answer {
			if slices.Contains(truth.IDs[q][:k], h.ID) {
				hits++
			}
		}
	}
	return float64(hits) / float64(len(queries)*k)
}

func TestHTML(t *testing.T) {
	r := testReport(t)
	var out strings.Builder
	if err := r.WriteHTML(&out); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	// Nothing is loaded: the only address is the name of SVG's namespace.
	for _, a := range regexp.MustCompile(`(?i)https?:[^"' ]*|\b(src|href)="[^"]*"|@import|url\(`).FindAllString(page, -1) {
		if a != "http://www.w3.org/2000/svg" && a != `href="data:,"` {
			t.Errorf("the page refers to %s", a)
		}
	}
	for _, want := range []string{
		"a &lt;b&gt; &amp; &#39;c&#39;.ann", "Recall 0.99 is not reached: it is 97.12 % at search_k 12345", "truth_ids.npy",
		`"search_k":500`, "in-sample", "2000 items, 16 components, angular, 8 trees",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if n := strings.Count(page, "<tr>"); n != 9 {
		t.Errorf("%d rows in the table, want 9", n)
	}
	if strings.Contains(page, "<b> & 'c'") {
		t.Error("the name of the index is not escaped")
	}
}
