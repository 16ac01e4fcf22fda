package command

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
)

// buildCanopy builds a canopy of rows with the flags given.
func buildCanopy(t *testing.T, rows [][]float32, flags ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "x.canopy")
	mustRun(t, append([]string{"build", writeRows(t, "rows.npy", rows), "-o", out}, flags...)...)
	return out
}

// names is a file of n keys.
func names(t *testing.T, n int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "row %d ü\n", i)
	}
	return writeText(t, "names.txt", b.String())
}

func TestBuildCanopy(t *testing.T) {
	rows := randomRows(900, 6)
	vectors := writeRows(t, "v.npy", rows)
	queries := writeRows(t, "q.npy", rows[:30])
	for _, metric := range []string{"angular", "euclidean", "manhattan", "dot", "hamming", "cosine"} {
		for _, flags := range [][]string{{}, {"--on-disk"}, {"--max-memory", "1MB"}, {"--calibrate", queries, "--kind", "canopy"}} {
			dir := t.TempDir()
			out := filepath.Join(dir, "x.canopy")
			args := append([]string{"build", vectors, "-o", out, "--metric", metric, "--shape", "one8", "--json"}, flags...)
			if len(flags) < 4 {
				args = append(args, "--calibrate", "50")
			}
			var r buildResult
			decode(t, mustRun(t, args...), &r)
			file, err := os.Stat(out)
			if err != nil {
				t.Fatal(err)
			}
			want := buildResult{
				Path: out, Kind: annoy.Canopy, Metric: metric, Dim: 6, Items: 900, Leaves: r.Leaves, Shape: "one8", Rows: "uint8",
				Bytes: file.Size(), Seconds: r.Seconds,
			}
			if r != want || r.Leaves < 1 || r.Seconds <= 0 {
				t.Errorf("%v: %+v, want %+v", flags, r, want)
			}
			if left := files(t, dir); !slices.Equal(left, []string{"x.canopy"}) {
				t.Errorf("%v left %v", flags, left)
			}
			got := mustRun(t, "verify", out)
			if want := fmt.Sprintf("%s: sound: 900 items, ", out); !strings.HasPrefix(got, want) || !strings.Contains(got, "900 codes") {
				t.Errorf("%q, want %q…", got, want)
			}
			exact := queryJSON(t, "query", out, "--id", "7", "-k", "20", "--exact", "--json")
			for _, access := range []string{"mapped", "resident", "cold"} {
				near := queryJSON(t, "query", out, "--id", "7", "-k", "20", "--recall", "0.999", "--access", access, "--json")
				if len(near[0].IDs) != 20 || len(exact[0].IDs) != 20 || metric != "dot" && metric != "hamming" && *near[0].Distances[0] != *exact[0].Distances[0] {
					t.Errorf("%s, %s: %v, exactly %v", metric, access, near, exact)
				}
			}
		}
	}
}

// TestCanopySummary is what people read of a build and of an index.
func TestCanopySummary(t *testing.T) {
	rows := randomRows(3000, 12)
	out := filepath.Join(t.TempDir(), "x.canopy")
	got := mustRun(t, "build", writeRows(t, "v.fvecs", rows), "-o", out, "--shape", "two8", "--rows", "float16", "--calibrate", "40", "--metadata", names(t, 2))
	for _, want := range []string{out + ": 3000 items of dimension 12, angular, canopy of ", " leaves, shape two8, rows of float16, ", ", built in "} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	info := mustRun(t, "info", out)
	for _, want := range []string{
		"kind       canopy\n", "metric     angular\n", "dimension  12\n", "items      3000\n", "shape      two8 (asked for)\n", "rows       float16 (asked for)\n",
		"keys       no\n", "metadata   ", "\nsection ", "\nleaf directory ", "\ncodes ", "\nslot to row ", "codes in a leaf  leaves\n", "128–255", "█",
		"calibrated by 40 of its items\n", "recall asked", "0.995",
	} {
		if !strings.Contains(info, want) {
			t.Errorf("info lacks %q:\n%s", want, info)
		}
	}
	var r struct {
		Kind   string `json:"kind"`
		Canopy struct {
			Shape    string            `json:"shape"`
			Sections []annoy.Section   `json:"sections"`
			Leaves   []annoy.Bucket    `json:"leaf_sizes"`
			Table    annoy.Calibration `json:"calibration"`
		} `json:"canopy"`
	}
	decodeLoosely(t, mustRun(t, "info", out, "--json"), &r)
	if r.Kind != "canopy" || r.Canopy.Shape != "two8" || len(r.Canopy.Sections) < 10 || len(r.Canopy.Leaves) == 0 || len(r.Canopy.Table.Table) != 24 {
		t.Errorf("%+v", r)
	}
	plain := buildCanopy(t, rows[:50], "--calibrate", "0")
	if info := mustRun(t, "info", plain); !strings.Contains(info, "not calibrated") {
		t.Errorf("info of an index that is not calibrated:\n%s", info)
	}
	fails(t, exitFailure, []string{"query", plain, "--id", "0", "--recall", "0.9"}, plain, "not calibrated")
}

// TestCanopyKeys: names of rows go in by a file, and come out with every hit.
func TestCanopyKeys(t *testing.T) {
	rows := [][]float32{{0, 0}, {3, 0}, {7, 0}}
	keys := writeText(t, "keys.txt", "zero\r\nthree\nse\tven")
	ix := buildCanopy(t, rows, "--metric", "euclidean", "--keys", keys)
	if got, want := mustRun(t, "query", ix, "--key", "three", "-k", "3", "--json"),
		`{"query":0,"ids":[1,0,2],"keys":["three","zero","se\tven"],"distances":[0,3,4]}`+"\n"; got != want {
		t.Errorf("by key: %s, want %s", got, want)
	}
	if got, want := mustRun(t, "query", ix, "--key", "three", "--exclude", "1,5"), `
QUERY     RANK      ID        KEY        DISTANCE
0         1         0         zero       3
0         2         2         "se\tven"  4
`[1:]; got != want {
		t.Errorf("by key, without it:\n%s, want\n%s", got, want)
	}
	fails(t, exitFailure, []string{"query", ix, "--key", "four"}, ix, `"four"`)
	vectors := writeRows(t, "v.csv", rows)
	for name, text := range map[string]string{"only 2 keys": "a\nb\n", "more keys than the 3 vectors": "a\nb\nc\nd\n", "line 2 is empty": "a\n\nb\n"} {
		dir := t.TempDir()
		for _, mode := range []string{"--on-disk", "--on-disk=false"} {
			path := writeText(t, "bad.txt", text)
			fails(t, exitFailure, []string{"build", vectors, "-o", filepath.Join(dir, "x.canopy"), "--keys", path, mode}, path, name)
		}
		if left := files(t, dir); len(left) != 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
}

// TestRepeatedKeysAreTold: a name that stands twice is one item, which must not go unnoticed.
func TestRepeatedKeysAreTold(t *testing.T) {
	vectors := writeRows(t, "v.csv", [][]float32{{0, 0}, {3, 0}, {7, 0}})
	keys := writeText(t, "keys.txt", "a\nb\na\n")
	for _, mode := range []string{"--on-disk", "--on-disk=false"} {
		code, out, stderr := run(t, "build", vectors, "-o", filepath.Join(t.TempDir(), "x.canopy"), "--keys", keys, mode)
		want := "annoy: warning: " + keys + ": 3 rows have 2 names: of rows with the same name the last is kept\n"
		if code != exitOK || stderr != want || !strings.Contains(out, "2 items") {
			t.Errorf("%s: exit code %d, %q, %q", mode, code, out, stderr)
		}
	}
}

// TestConvertKinds: there and back, the same items.
func TestConvertKinds(t *testing.T) {
	rows := randomRows(700, 5)
	ids := writeText(t, "ids.txt", func() string {
		var b strings.Builder
		for i := range rows {
			fmt.Fprintln(&b, 3*i+1)
		}
		return b.String()
	}())
	forest := buildIndex(t, rows, "--metric", "cosine", "--ids", ids, "--trees", "3")
	dir := t.TempDir()
	canopy, back, anew := filepath.Join(dir, "a.canopy"), filepath.Join(dir, "b.ann"), filepath.Join(dir, "c.canopy")
	if got := mustRun(t, "convert", forest, canopy, "--shape", "one8", "--calibrate", "0"); !strings.Contains(got, "700 items") || !strings.Contains(got, "shape one8") {
		t.Errorf("%q", got)
	}
	if got := mustRun(t, "convert", canopy, back, "--trees", "3"); !strings.Contains(got, "700 items (and 1399 unused ids)") || !strings.Contains(got, "3 trees") {
		t.Errorf("%q", got)
	}
	mustRun(t, "convert", canopy, anew, "--rows", "float32", "--calibrate", "0")
	sameFiles(t, forest, back)
	want := mustRun(t, "query", forest, "--id", "4", "--exact", "--json")
	for _, ix := range []string{canopy, back, anew} {
		if got := mustRun(t, "query", ix, "--id", "4", "--exact", "--json"); got != want {
			t.Errorf("%s answers %s, want %s", ix, got, want)
		}
		mustRun(t, "verify", ix)
	}
	npy := filepath.Join(dir, "items.npy")
	mustRun(t, "convert", canopy, npy, "--ids-out", filepath.Join(dir, "ids.txt"))
	sameFiles(t, ids, filepath.Join(dir, "ids.txt"))

	keyed := buildCanopy(t, rows, "--keys", names(t, len(rows)), "--calibrate", "0")
	again := filepath.Join(dir, "keyed.canopy")
	mustRun(t, "convert", keyed, again, "--calibrate", "0")
	if got := mustRun(t, "query", again, "--key", "row 5 ü", "-k", "1", "--json"); !strings.Contains(got, `"keys":["row 5 ü"]`) {
		t.Errorf("a key after a conversion: %s", got)
	}
	code, _, stderr := run(t, "convert", keyed, filepath.Join(dir, "keyed.ann"))
	if code != exitOK || !strings.Contains(stderr, "warning") || !strings.Contains(stderr, "keys") {
		t.Errorf("keys to a forest: exit code %d, %q", code, stderr)
	}
	code, _, stderr = run(t, "convert", keyed, filepath.Join(dir, "keyed.npy"))
	if code != exitOK || !strings.Contains(stderr, "warning: "+keyed+" has keys, which a npy file does not keep; --keys-out FILE") {
		t.Errorf("keys to a vector file: exit code %d, %q", code, stderr)
	}
}

// TestEvalCanopy: sweeps over the effort and over the recall asked for, of the same points.
func TestEvalCanopy(t *testing.T) {
	rows := randomRows(4000, 12)
	ix := buildCanopy(t, rows[:3900], "--metric", "euclidean", "--calibrate", "100")
	queries := writeRows(t, "q.npy", rows[3900:])
	args := []string{"eval", ix, "--queries", queries, "--min-time", "1ms"}
	var r eval.Report
	decodeLoosely(t, mustRun(t, append(args, "--json", "--sweep", "recall=0.8,0.99,1")...), &r)
	if len(r.Points) != 3 {
		t.Fatalf("%d points", len(r.Points))
	}
	for i, p := range r.Points {
		asked := []float64{0.8, 0.99, 1}[i]
		if p.RecallAsked != asked || p.SearchK != 0 || p.Swept != "recall" || p.Recall < asked-0.03 || p.QPS <= 0 {
			t.Errorf("%+v", p)
		}
	}
	decodeLoosely(t, mustRun(t, append(args, "--json", "--sweep", "search_k=100,3900", "--recall", "0.9")...), &r)
	if len(r.Points) != 3 || r.Points[1].Recall != 1 || r.Points[0].Recall >= 1 || *r.Points[2].RecallTarget != 0.9 || r.Points[2].SearchK > 3900 {
		t.Errorf("%+v", r.Points)
	}
	decodeLoosely(t, mustRun(t, append(args, "--json", "--sweep", "k=1,5")...), &r)
	if len(r.Points) != 2 || r.Points[0].SearchK != 0 || r.Points[1].Recall < 0.9 {
		t.Errorf("%+v", r.Points)
	}
	if table := mustRun(t, append(args, "--sweep", "recall=0.9")...); !strings.Contains(table, "canopy of ") || !strings.Contains(table, "0.9 of the index") {
		t.Errorf("%s", table)
	}
	page := filepath.Join(t.TempDir(), "r.html")
	if csv := mustRun(t, append(args, "--sweep", "recall=0.9", "--csv", "--html", page)...); !strings.Contains(csv, ",recall,0,10,") || !strings.Contains(csv, ",1,0.9,") {
		t.Errorf("%s", csv)
	}
	forest := buildIndex(t, rows[:100], "--trees", "2")
	fails(t, exitUsage, []string{"eval", forest, "--queries", queries, "--sweep", "recall=0.9"}, forest, "not calibrated")
	fails(t, exitUsage, []string{"eval", forest, "--queries", queries, "--strict"}, "--strict")
}

// TestEvalPromise: without a flag that says what to measure, a calibrated canopy is asked for recalls.
func TestEvalPromise(t *testing.T) {
	rows := randomRows(4000, 12)
	ix := buildCanopy(t, rows[:3800], "--metric", "euclidean", "--calibrate", "500")
	args := []string{"eval", ix, "--queries", writeRows(t, "q.npy", rows[3800:]), "--min-time", "1ms"}
	var r eval.Report
	decodeLoosely(t, mustRun(t, append(args, "--json")...), &r)
	if len(r.Points) != len(defaultRecalls) {
		t.Fatalf("%d points", len(r.Points))
	}
	for i, p := range r.Points {
		if p.RecallAsked != defaultRecalls[i] || p.Promise() == eval.Short || p.Interval <= 0 || p.CPU <= 0 || p.CPUShare <= 0 || p.CPUShare > 1 {
			t.Errorf("%+v", p)
		}
	}
	if table := mustRun(t, append(args, "--strict")...); !strings.Contains(table, "CPU µs") || !strings.Contains(table, string(eval.Kept)) {
		t.Errorf("%s", table)
	}
	short := &eval.Report{Index: "x.canopy", Points: []eval.Point{
		{RecallAsked: 0.9, Recall: 0.95}, {RecallAsked: 0.95, Recall: 0.9123, Interval: 0.01},
	}}
	if err := (&evalFlags{}).checkPromises(short); err != nil {
		t.Errorf("without --strict: %v", err)
	}
	err := (&evalFlags{strict: true}).checkPromises(short)
	if err == nil || !strings.Contains(err.Error(), "x.canopy") || !strings.Contains(err.Error(), "target 0.95, found 0.9123 ± 0.0100") || strings.Contains(err.Error(), "0.9,") {
		t.Errorf("with --strict: %v", err)
	}
}

func TestCanopyUsage(t *testing.T) {
	vectors := writeRows(t, "v.npy", randomRows(20, 4))
	ix, canopy := buildIndex(t, randomRows(20, 4)), buildCanopy(t, randomRows(20, 4))
	dir := t.TempDir()
	out, ann := filepath.Join(dir, "x.canopy"), filepath.Join(dir, "x.ann")
	for _, c := range []struct {
		name  string
		args  []string
		parts []string
	}{
		{"kind of another name", []string{"build", vectors, "-o", ann, "--kind", "canopy"}, []string{"--kind canopy", ann, ".canopy"}},
		{"forest of another name", []string{"build", vectors, "-o", out, "--kind", "forest"}, []string{"--kind forest", out}},
		{"no kind", []string{"build", vectors, "-o", out, "--kind", "tree"}, []string{`"tree"`, "canopy, forest"}},
		{"trees of a canopy", []string{"build", vectors, "-o", out, "--trees", "10"}, []string{"--trees is for a forest", out}},
		{"dialect of a canopy", []string{"build", vectors, "-o", out, "--metric", "dot", "--dot-dialect", "main"}, []string{"--dot-dialect", out}},
		{"shape of a forest", []string{"build", vectors, "-o", ann, "--shape", "one4"}, []string{"--shape is for a canopy", ann}},
		{"keys of a forest", []string{"build", vectors, "-o", ann, "--keys", vectors}, []string{"--keys is for a canopy", ann}},
		{"keys and ids", []string{"build", vectors, "-o", out, "--keys", vectors, "--ids", vectors}, []string{"--keys excludes --ids"}},
		{"shape", []string{"build", vectors, "-o", out, "--shape", "three8"}, []string{`"three8"`, "auto, one4, one8, two8"}},
		{"rows", []string{"build", vectors, "-o", out, "--rows", "int4"}, []string{`"int4"`, "uint8"}},
		{"calibrate", []string{"build", vectors, "-o", out, "--calibrate", "many"}, []string{"--calibrate many"}},
		{"calibrate by less than none", []string{"build", vectors, "-o", out, "--calibrate", "-1"}, []string{"--calibrate -1"}},
		{"memory", []string{"build", vectors, "-o", out, "--max-memory", "2XB"}, []string{`"2XB"`, "500MB"}},
		{"no memory", []string{"build", vectors, "-o", out, "--max-memory", "0"}, []string{"--max-memory"}},
		{"queries of another dimension", []string{"build", vectors, "-o", out, "--rows", "uint8", "--metric", "euclidean", "--calibrate", "--keys"}, []string{"--calibrate --keys"}},
		{"recall", []string{"query", canopy, "--id", "0", "--recall", "95"}, []string{"--recall 95", "at most 1"}},
		{"recall of nothing", []string{"query", canopy, "--id", "0", "--recall", "0"}, []string{"--recall 0"}},
		{"two efforts", []string{"query", canopy, "--id", "0", "--recall", "0.9", "--search-k", "5"}, []string{"exclude each other"}},
		{"access", []string{"query", canopy, "--id", "0", "--access", "hot"}, []string{`"hot"`, "mapped, resident, cold"}},
		{"cold forest", []string{"query", ix, "--id", "0", "--access", "cold"}, []string{ix, "canopy"}},
		{"excluded word", []string{"query", canopy, "--id", "0", "--exclude", "a"}, []string{"--exclude"}},
		{"metric of a canopy", []string{"info", canopy, "--metric", "dot"}, []string{canopy, "angular"}},
		{"forest to forest", []string{"convert", ix, ann}, []string{"--to-dialect", ann}},
		{"trees to canopy", []string{"convert", ix, out, "--trees", "3"}, []string{"--trees is for a forest"}},
		{"shape to forest", []string{"convert", canopy, ann, "--shape", "one4"}, []string{"--shape is for a canopy"}},
		{"shape to vectors", []string{"convert", canopy, filepath.Join(dir, "x.npy"), "--shape", "one4"}, []string{"x.npy"}},
		{"sweep of recall", []string{"eval", canopy, "--queries", vectors, "--sweep", "recall=0.9,2"}, []string{`"2"`, "recall"}},
		{"sweep of recall at an effort", []string{"eval", canopy, "--queries", vectors, "--sweep", "recall=0.9", "--search-k", "5"}, []string{"--search-k"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code := exitUsage
			if c.name == "metric of a canopy" {
				code = exitFailure
			}
			fails(t, code, c.args, c.parts...)
		})
	}
	if left := files(t, dir); len(left) != 0 {
		t.Errorf("usage errors left %v", left)
	}
}

func TestByteCount(t *testing.T) {
	for text, want := range map[string]byteCount{
		"1": 1, "500MB": 500e6, "500m": 500e6, "2GiB": 2 << 30, "1.5k": 1500, "64KiB": 64 << 10, "2Gi": 2 << 30, "3T": 3e12, "7B": 7,
	} {
		var got byteCount
		if err := got.Set(text); err != nil || got != want {
			t.Errorf("%s is %d (%v), want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "MB", "-3", "0", "1e30", "5XB", "1 GB", "NaN", "Ki"} {
		if err := new(byteCount).Set(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
