package command

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestUsageErrors(t *testing.T) {
	rows := randomRows(20, 4)
	vectors := writeRows(t, "v.npy", rows)
	ix := buildIndex(t, rows, "--trees", "2")
	out := filepath.Join(t.TempDir(), "out.ann")
	for _, c := range []struct {
		name  string
		args  []string
		parts []string
	}{
		{"unknown verb", []string{"bild"}, []string{`unknown verb "bild"`, "did you mean build?", "'annoy --help'"}},
		{"unknown verb with flags", []string{"qurey", "x", "--id", "1"}, []string{`unknown verb "qurey"`, "did you mean query?"}},
		{"unknown verb after flags", []string{"-q", "qurey", "--id", "1"}, []string{"qurey", "query"}},
		{"unknown help", []string{"help", "nothing"}, []string{`unknown verb "nothing"`}},
		{"unknown shell", []string{"completion", "csh"}, []string{`unknown shell "csh"`, "zsh"}},
		{"unknown flag", []string{"info", ix, "--colour"}, []string{"--colour", "'annoy info --help'"}},
		{"info of vectors", []string{"info", vectors}, []string{vectors, "vector file", "annoy build"}},
		{"no argument", []string{"info"}, []string{"missing argument INDEX"}},
		{"two arguments", []string{"info", ix, "other"}, []string{`unexpected argument "other"`}},
		{"demo argument", []string{"demo", "please"}, []string{`unexpected argument "please"`}},
		{"version argument", []string{"version", "2"}, []string{`unexpected argument "2"`}},
		{"convert one argument", []string{"convert", ix}, []string{"missing argument OUT"}},

		{"no output", []string{"build", vectors}, []string{"missing -o"}},
		{"output is a vector file", []string{"build", vectors, "-o", "x.npy"}, []string{"x.npy", "vector file", "x.ann"}},
		{"not a vector file", []string{"build", ix, "-o", out}, []string{ix, ".h5", ".parquet", "--format"}},
		{"format", []string{"build", ix, "-o", out, "--format", "xml"}, []string{`"xml"`, "npy", "parquet"}},
		{"format of no file", []string{"query", ix, "--id", "0", "--format", "csv"}, []string{"--format", "--vectors"}},
		{"stream without format", []string{"build", "-", "-o", out}, []string{"standard input", "--format"}},
		{"parquet stream", []string{"build", "-", "--format", "parquet", "-o", out}, []string{"standard input", "parquet"}},
		{"hdf5 stream", []string{"build", "-", "--format", "hdf5", "-o", out}, []string{"standard input", "hdf5"}},
		{"output to a stream", []string{"build", vectors, "-o", "-"}, []string{"cannot write -", "standard output"}},
		{"metric", []string{"build", vectors, "-o", out, "--metric", "l3"}, []string{`"l3"`, "--metric", "euclidean"}},
		{"trees", []string{"build", vectors, "-o", out, "--trees", "-5"}, []string{"--trees", "-5"}},
		{"trees word", []string{"build", vectors, "-o", out, "--trees", "many"}, []string{"--trees", "many"}},
		{"workers", []string{"build", vectors, "-o", out, "--workers", "-1"}, []string{"--workers", "-1"}},
		{"seed", []string{"build", vectors, "-o", out, "--seed", "-1"}, []string{"--seed", "-1"}},
		{"dialect of angular", []string{"build", vectors, "-o", out, "--dot-dialect", "main"}, []string{"--dot-dialect", "angular"}},
		{"dialect", []string{"build", vectors, "-o", out, "--metric", "dot", "--dot-dialect", "old"}, []string{`"old"`, "released, main"}},

		{"a sidecar's name", []string{"build", vectors, "-o", ix + ".meta"}, []string{ix + ".meta", "describes"}},
		{"a sidecar's name for another dialect", []string{"convert", ix, out + ".meta", "--to-dialect", "main"}, []string{out + ".meta", "describes"}},
		{"empty argument", []string{"build", "", "-o", out}, []string{`"" is not a vector file`}},
		{"empty ids", []string{"build", vectors, "-o", out, "--ids", ""}, []string{"--ids is given and empty"}},
		{"empty filter", []string{"query", ix, "--id", "0", "--filter="}, []string{"--filter is given and empty"}},
		{"empty file of queries", []string{"query", ix, "--vectors", ""}, []string{"--vectors is given and empty"}},
		{"not a number", []string{"build", vectors, "-o", out, "--seed", "abc"}, []string{`invalid argument "abc" for --seed: invalid syntax`}},
		{"too large a number", []string{"query", ix, "--id", "0", "--k", "99999999999999999999"}, []string{"for --neighbors: value out of range"}},

		{"no query", []string{"query", ix}, []string{"--vectors", "--vector", "--id"}},
		{"two queries", []string{"query", ix, "--id", "0", "--vector", "[1]"}, []string{"--vector and --id exclude each other"}},
		{"k", []string{"query", ix, "--id", "0", "-k", "0"}, []string{"-k", "not 0"}},
		{"search_k", []string{"query", ix, "--id", "0", "--search-k", "-2"}, []string{"--search-k", "-2"}},
		{"vector is not JSON", []string{"query", ix, "--vector", "1,2"}, []string{"--vector 1,2", "JSON array"}},
		{"vector of null", []string{"query", ix, "--vector", "[1,null,2,3]"}, []string{"component 1"}},
		{"vector too large", []string{"query", ix, "--vector", "[1,2,3,1e39]"}, []string{"component 3"}},
		{"vector of other dimension", []string{"query", ix, "--vector", "[1,2,3]"}, []string{"3 components", "have 4", ix}},
		{"max distance", []string{"query", ix, "--id", "0", "--max-distance", "NaN"}, []string{"--max-distance", "NaN"}},
		{"negative distance", []string{"query", ix, "--id", "0", "--max-distance", "-1"}, []string{"--max-distance", "-1"}},
		{"min product of angular", []string{"query", ix, "--id", "0", "--min-product", "1"}, []string{"--min-product", "angular"}},
		{"dim", []string{"query", ix, "--id", "0", "--dim", "0"}, []string{"--dim", "not 0"}},

		{"truth without output", []string{"truth", vectors}, []string{"missing -o PREFIX"}},
		{"truth of nothing", []string{"truth"}, []string{"missing argument BASE"}},
		{"truth of three files", []string{"truth", vectors, vectors, "x.npy"}, []string{`unexpected argument "x.npy"`}},
		{"truth k", []string{"truth", vectors, vectors, "-o", out, "-k", "0"}, []string{"-k", "not 0"}},
		{"truth of more than there are", []string{"truth", vectors, vectors, "-o", out, "-k", "21"}, []string{"-k 21", vectors, "20 vectors"}},
		{"hold out beside queries", []string{"truth", vectors, vectors, "-o", out, "--hold-out", "3"}, []string{"--hold-out", vectors}},
		{"hold out too many", []string{"truth", vectors, "-o", out, "-k", "5", "--hold-out", "16"}, []string{"-k 5", "20 vectors", "16 of them"}},
		{"hold out with ids", []string{"truth", vectors, "-o", out, "--ids", vectors}, []string{"--ids", "_base.npy"}},
		{"truth of no vector file", []string{"truth", vectors, ix, "-o", out}, []string{ix, ".parquet"}},

		{"eval without queries", []string{"eval", ix}, []string{"missing --queries"}},
		{"eval k", []string{"eval", ix, "--queries", vectors, "--k", "0"}, []string{"-k", "not 0"}},
		{"eval of more than there are", []string{"eval", ix, "--queries", vectors, "-k", "21"}, []string{"-k 21", ix, "20 items"}},
		{"recall", []string{"eval", ix, "--queries", vectors, "--recall", "95"}, []string{"--recall 95", "at most 1"}},
		{"sweep", []string{"eval", ix, "--queries", vectors, "--sweep", "trees=3"}, []string{"--sweep trees=3", "annoy compare --trees"}},
		{"sweep of nothing known", []string{"eval", ix, "--queries", vectors, "--sweep", "qps=3"}, []string{"--sweep qps=3", "NAME=LIST", "search_k, k or threads"}},
		{"sweep of what is fixed", []string{"eval", ix, "--queries", vectors, "--sweep", "k=1,3", "-k", "5"}, []string{"--sweep k=1,3", "--neighbors exclude"}},
		{"sweep of threads twice", []string{"eval", ix, "--queries", vectors, "--sweep", "threads=1,2", "--threads", "1"}, []string{"--threads exclude"}},
		{"search_k without a sweep", []string{"eval", ix, "--queries", vectors, "--search-k", "50"}, []string{"--search-k is for", "--sweep search_k=50"}},
		{"sweep beyond the items", []string{"eval", ix, "--queries", vectors, "--sweep", "k=5..30"}, []string{"30", ix, "20 items"}},
		{"sweep value", []string{"eval", ix, "--queries", vectors, "--sweep", "search_k=10,x"}, []string{`"x"`, "integer"}},
		{"sweep range", []string{"eval", ix, "--queries", vectors, "--sweep", "search_k=10..5"}, []string{"10 is more than 5"}},
		{"threads", []string{"eval", ix, "--queries", vectors, "--threads", "1,0"}, []string{"--threads", "1 or more"}},
		{"min time", []string{"eval", ix, "--queries", vectors, "--min-time", "0s"}, []string{"--min-time"}},
		{"gate without limit", []string{"eval", ix, "--queries", vectors, "--at", "recall=0.9"}, []string{"--at", "--max-p99"}},
		{"gate at a limit of 0", []string{"eval", ix, "--queries", vectors, "--at", "recall=0.9", "--min-recall", "0.9", "--max-p99", "0"}, []string{"--max-p99 must be more than 0"}},
		{"gate at a recall of 0", []string{"eval", ix, "--queries", vectors, "--at", "search_k=9", "--min-recall", "0"}, []string{"--min-recall 0"}},
		{"limit of 0 without gate", []string{"eval", ix, "--queries", vectors, "--min-recall", "0"}, []string{"need --at"}},
		{"limit without gate", []string{"eval", ix, "--queries", vectors, "--max-p99", "1ms"}, []string{"need --at"}},
		{"gate", []string{"eval", ix, "--queries", vectors, "--at", "qps=3", "--min-recall", "0.9"}, []string{"--at qps=3", "recall=X"}},
		{"gate's recall", []string{"eval", ix, "--queries", vectors, "--at", "recall=3", "--min-recall", "0.9"}, []string{"--at recall=3"}},
		{"page over the index", []string{"eval", ix, "--queries", vectors, "--html", ix}, []string{ix, "both"}},

		{"a vector file of no known name", []string{"convert", writeText(t, "v.txt", "1,2\n"), "x.npy"}, []string{"v.txt", "--format"}},
		{"vectors to index", []string{"convert", vectors, out}, []string{out, ".jsonl, .csv, .tsv;", "annoy build"}},
		{"index to index", []string{"convert", ix, out}, []string{"--to-dialect"}},
		{"dialect of vectors", []string{"convert", ix, "x.npy", "--to-dialect", "main"}, []string{"--to-dialect", "x.npy"}},
		{"element of index", []string{"convert", ix, out, "--element", "int8"}, []string{"--element", out}},
		{"element of format", []string{"convert", ix, "x.fbin", "--element", "int8"}, []string{"fbin", "int8"}},
		{"element", []string{"convert", ix, "x.npy", "--element", "int4"}, []string{"int4", "float16"}},
		{"metric of vectors", []string{"convert", vectors, "x.fbin", "--dim", "4"}, []string{"--dim", vectors}},
		{"onto itself", []string{"convert", vectors, vectors}, []string{vectors, "both"}},
	} {
		t.Run(c.name, func(t *testing.T) { fails(t, exitUsage, c.args, c.parts...) })
	}
	if got := files(t, filepath.Dir(out)); len(got) != 0 {
		t.Errorf("usage errors left %v", got)
	}
}

func TestJSONErrors(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		part string
	}{
		{[]string{"info", "nowhere.ann", "--json"}, exitFailure, "nowhere.ann"},
		{[]string{"info", "--json"}, exitUsage, "missing argument INDEX"},
		{[]string{"info", "--colour", "--json"}, exitUsage, "--colour"},
		{[]string{"--json", "bild"}, exitUsage, "bild"},
		{[]string{"eval", "x.ann", "--queries", "x.npy", "--csv", "--json"}, exitUsage, "--csv and --json exclude each other"},
	} {
		code, stdout, stderr := run(t, c.args...)
		var e struct{ Error string }
		decode(t, stderr, &e)
		if code != c.code || !strings.Contains(e.Error, c.part) || stdout != "" {
			t.Errorf("annoy %q: exit code %d, stdout %q, error %q", c.args, code, stdout, e.Error)
		}
	}
	// After -- the word is an argument like any other.
	if _, _, stderr := run(t, "info", "--", "--json"); strings.HasPrefix(stderr, "{") {
		t.Errorf("annoy info -- --json: error is JSON: %s", stderr)
	}
}

func TestHelp(t *testing.T) {
	root := mustRun(t)
	if root != mustRun(t, "--help") || root != mustRun(t, "help") {
		t.Error("annoy, annoy --help and annoy help differ")
	}
	for _, want := range []string{"Exit codes:", "  130  ", "build", "query", "info", "verify", "convert", "version", "demo", "truth", "eval", "completion"} {
		if !strings.Contains(root, want) {
			t.Errorf("help of the root lacks %q", want)
		}
	}
	if strings.Contains(root, "demo-reader") {
		t.Error("help shows the demo's second process")
	}
	for _, verb := range []string{"build", "query", "info", "verify", "convert", "version", "demo", "truth", "eval"} {
		help := mustRun(t, verb, "--help")
		if help != mustRun(t, "help", verb) {
			t.Errorf("annoy %s --help and annoy help %[1]s differ", verb)
		}
		if verb != "version" && !strings.Contains(help, "Examples:\n  annoy "+verb) {
			t.Errorf("help of %s has no example", verb)
		}
	}
}

// TestHelpDefaults: what a flag stands for when it is not given is in the help.
func TestHelpDefaults(t *testing.T) {
	for verb, flags := range map[string][]string{
		"eval":    {"(default [0.8,0.9,0.95,0.99])", "-k, --neighbors int"},
		"compare": {"(default [0.8,0.9,0.95,0.99])", "(default [10,50])", "-k, --neighbors int"},
	} {
		help := mustRun(t, verb, "--help")
		for _, want := range flags {
			if !strings.Contains(help, want) {
				t.Errorf("help of %s lacks %q", verb, want)
			}
		}
		if strings.Contains(help, "default []") {
			t.Errorf("help of %s has an empty default", verb)
		}
	}
}

// TestNamesOfK: each verb that has -k takes its long names as well.
func TestNamesOfK(t *testing.T) {
	ix := buildIndex(t, randomRows(20, 4), "--trees", "2")
	want := mustRun(t, "query", ix, "--id", "3", "-k", "2")
	for _, flag := range []string{"--k", "--neighbors"} {
		if got := mustRun(t, "query", ix, "--id", "3", flag, "2"); got != want {
			t.Errorf("%s: %s", flag, got)
		}
		for _, verb := range []string{"eval", "truth", "compare"} {
			fails(t, exitUsage, []string{verb, ix, flag, "many"}, "many", "neighbors")
		}
	}
	fails(t, exitUsage, []string{"info", ix, "--k", "2"}, "unknown flag: --k")
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "fish", "powershell", "zsh"} {
		if s := mustRun(t, "completion", shell); !strings.Contains(s, "annoy") {
			t.Errorf("no completion for %s", shell)
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"build", "v.npy", "--metric", ""}, "angular\neuclidean\nmanhattan\ndot\nhamming\ncosine\n:4\n"},
		{[]string{"build", "v.npy", "--dot-dialect", ""}, "released\nmain\n:4\n"},
		{[]string{"build", ""}, "ndjson\nh5\nnpy\nfvecs\nbvecs\nivecs\nfbin\nu8bin\njsonl\ncsv\ntsv\nnpz\nhdf5\nparquet\ngz\nzst\n:8\n"},
		{[]string{"info", ""}, ":0\n"},
		{[]string{"info", "x.ann", ""}, ":4\n"},
		{[]string{"convert", "a", "b", "--element", ""}, "float32\nfloat64\nfloat16\nuint8\nint8\nint32\n:4\n"},
	} {
		_, got, _ := run(t, append([]string{"__complete"}, c.args...)...)
		if got != c.want {
			t.Errorf("completion of %q: %q, want %q", c.args, got, c.want)
		}
	}
}

func TestVersion(t *testing.T) {
	if s := mustRun(t, "version"); !strings.HasPrefix(s, "annoy ") || !strings.Contains(s, "go1.") {
		t.Errorf("version: %q", s)
	}
	var v versionResult
	decode(t, mustRun(t, "version", "--json"), &v)
	if mustRun(t, "--version") != mustRun(t, "version") || mustRun(t, "--version", "--json") != mustRun(t, "version", "--json") {
		t.Error("annoy --version and annoy version differ")
	}
	if v.Module != "github.com/annoy-go/annoy" || !strings.HasPrefix(v.Go, "go1.") || v.OS == "" || v.Arch == "" || v.Kernel == "" {
		t.Errorf("version --json: %+v", v)
	}
}
