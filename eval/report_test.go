package eval

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"regexp"
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
	r, err := e.Run(t.Context(), Plan{Recalls: []float64{0.5, 0.9}, SearchK: []int{100, 500}})
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
	if err != nil || len(lines) != 9 || lines[1][0] != r.Index || lines[1][1] != "" || lines[5][1] != "0.5" || lines[1][2] != "100" {
		t.Errorf("%v: %v", err, lines)
	}
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
		`"search_k":500`, "2000 items, 16 components, angular, 8 trees",
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
