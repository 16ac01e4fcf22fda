package command

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/annoy-go/annoy"
)

// smallDemo makes the demo quick enough for every test run.
var smallDemo = []string{"demo", "--entries", "1500", "--held-out", "40"}

// demoDir gives the demo a temporary directory to leave as it was, and lets
// its second process be this test binary.
func demoDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"TMPDIR", "TMP", "TEMP"} { // Unix; Windows
		t.Setenv(name, dir)
	}
	t.Setenv(asAnnoy, "1")
	return dir
}

func TestDemo(t *testing.T) {
	dir := demoDir(t)
	got := mustRun(t, smallDemo...)
	for _, want := range []string{
		"1460 go into the indexes, 40 are held out", "A second process (pid ", "poem, verse form: a composition",
		"build seconds  ", "bytes", "recall@10", "p50 µs", "p99 µs", "queries/s", "annoy build vectors.npy -o vectors.canopy",
		"canopy  ", "  recall 0.95  ", "forest  ", "  search_k 5000  ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the demo does not say %q:\n%s", want, got)
		}
	}
	if left := files(t, dir); len(left) != 0 {
		t.Errorf("the demo left %v", left)
	}
}

func TestDemoJSON(t *testing.T) {
	dir := demoDir(t)
	out := mustRun(t, append(smallDemo, "--json")...)
	var r demoResult
	decode(t, out, &r)
	if r.Items != 1460 || r.HeldOut != 40 || r.Dim != 384 || r.Metric != "angular" || len(r.Kinds) != 2 {
		t.Fatalf("%+v", r)
	}
	for i, k := range r.Kinds { // the definitions are bytes, which a canopy keeps as such
		if want := []annoy.Kind{annoy.Canopy, annoy.Forest}[i]; k.Kind != want || k.BuildSeconds <= 0 || k.Bytes < 1460*384 {
			t.Errorf("%+v", k)
		}
	}
	var second readerResult
	if err := json.Unmarshal(r.Reader, &second); err != nil {
		t.Fatal(err)
	}
	if len(second.Answers) != len(demoWords) {
		t.Fatalf("the second process answers %d queries, not %d", len(second.Answers), len(demoWords))
	}
	for i, a := range second.Answers {
		if !strings.Contains(a.Words, demoWords[i]) || len(a.Neighbors) != demoNeighbors {
			t.Errorf("answer %d: %+v", i, a)
		}
		if !slices.IsSortedFunc(a.Neighbors, func(x, y demoNeighbor) int {
			return int(math.Copysign(1, float64(x.Distance-y.Distance)))
		}) {
			t.Errorf("neighbours of %s are not in order: %+v", a.Words, a.Neighbors)
		}
	}
	canopy, forest := r.Kinds[0], r.Kinds[1]
	if len(canopy.Search) != len(demoRecalls) || len(forest.Search) != len(demoEfforts) || forest.Trees != demoTrees {
		t.Fatalf("%+v, %+v", canopy, forest)
	}
	for _, k := range r.Kinds {
		for i, s := range k.Search {
			if k == canopy && s.Asked != demoRecalls[i] || k == forest && s.SearchK != demoEfforts[i] || s.P50 <= 0 || s.P99 < s.P50 || s.PerSecond <= 0 {
				t.Errorf("row %d: %+v", i, s)
			}
		}
		// The largest effort inspects most of so small a set.
		if low, high := k.Search[0].Recall, k.Search[len(k.Search)-1].Recall; low > high || high < 0.98 {
			t.Errorf("%v: recall from %.3f to %.3f", k.Kind, low, high)
		}
	}
	if left := files(t, dir); len(left) != 0 {
		t.Errorf("the demo left %v", left)
	}
}

func TestDemoCancelled(t *testing.T) {
	for _, after := range []time.Duration{0, 50 * time.Millisecond} {
		dir := demoDir(t)
		ctx, cancel := context.WithCancel(t.Context())
		if after == 0 {
			cancel()
		}
		defer time.AfterFunc(after, cancel).Stop()
		// The whole set: it takes longer than any of the waits.
		code, _, stderr := runContext(t, ctx, "demo")
		if code != exitSignal+int(sigint) || stderr != "annoy: interrupted\n" {
			t.Errorf("after %v: exit code %d, %q", after, code, stderr)
		}
		if left := files(t, dir); len(left) != 0 {
			t.Errorf("after %v: left %v", after, left)
		}
	}
}

func TestDemoNotice(t *testing.T) {
	if got := mustRun(t, "demo", "--notice"); !strings.Contains(got, "Princeton University") {
		t.Errorf("%q", got)
	}
	var notice map[string]string
	if decode(t, mustRun(t, "demo", "--notice", "--json"), &notice); !strings.Contains(notice["notice"], "Princeton University") {
		t.Errorf("notice as JSON: %v", notice)
	}
	fails(t, exitUsage, []string{"demo", "--entries", "20000"}, "--entries")
	fails(t, exitUsage, []string{"demo", "--entries", "30", "--held-out", "25"}, "--held-out")
}

func TestDemoSet(t *testing.T) {
	set, err := newDemoSet(1000, 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(set.items) != 900 || len(set.held) != 100 {
		t.Fatalf("%d items, %d held out", len(set.items), len(set.held))
	}
	seen := map[int]bool{}
	for _, i := range slices.Concat(set.items, set.held) {
		if seen[i] {
			t.Fatalf("entry %d stands twice", i)
		}
		seen[i] = true
	}
	for i, id := range set.ids {
		if e := set.entry(id); !strings.Contains(e.Words, demoWords[i]) {
			t.Errorf("id %d is %+v, want %s", id, e, demoWords[i])
		}
	}
}
