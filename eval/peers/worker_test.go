package peers

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// asWorker makes the test binary behave as a worker of that kind.
const asWorker = "ANNOY_TEST_AS_WORKER"

func TestMain(m *testing.M) {
	if kind := os.Getenv(asWorker); kind != "" {
		fakeWorker(kind)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// fakeWorker answers the protocol without a library: "good" as worker.py does, the others break it.
func fakeWorker(kind string) {
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var r request
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			panic(err)
		}
		if r.Op == "hello" {
			fmt.Println(`{"version":"1.2.3","numpy":"4.5","python":"3.0"}`)
			continue
		}
		switch kind {
		case "good":
			fmt.Printf(`{"cpu":0.5,"wall":0.25,"ids":[[%d,%d]]}`+"\n", r.Knob, r.Extra)
		case "tells":
			fmt.Printf(`{"error":"waits: %s"}`+"\n", os.Getenv("OMP_WAIT_POLICY"))
		case "raises":
			fmt.Println(`{"error":"ValueError: no such thing"}`)
		case "talks":
			fmt.Println("hello, world")
		case "dies":
			fmt.Fprintln(os.Stderr, strings.Repeat("noise ", 1000), "illegal instruction")
			os.Exit(3)
		case "short":
			fmt.Println(`{"cpu":1,"wall":1,"ids":[]}`)
		}
	}
}

func startFake(t *testing.T, kind string) *worker {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), asWorker+"="+kind)
	w, err := startCommand("fake", cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func TestWorkerAnswers(t *testing.T) {
	w := startFake(t, "good")
	if want := (versions{"1.2.3", "4.5", "3.0"}); w.versions != want {
		t.Errorf("versions %+v, want %+v", w.versions, want)
	}
	p := &python{search: w, d: Description{Name: "fake"}}
	got, err := p.Search(0, 1, 2, Effort{Knob: 7, Extra: 9})
	if err != nil || got.CPU != 0.5 || got.Wall != 0.25 || !slices.Equal(got.IDs[0], []int64{7, 9}) {
		t.Errorf("Search: %+v, %v", got, err)
	}
	if _, err := p.Search(0, 2, 2, Effort{}); err == nil || !strings.Contains(err.Error(), "answers to 1 queries, want 2") {
		t.Errorf("an answer too few: %v", err)
	}
}

func TestWorkerFails(t *testing.T) {
	for kind, want := range map[string]string{
		"tells": "waits: passive", "raises": "no such thing", "talks": "no JSON", "dies": "illegal instruction", "short": "answers to 0 queries",
	} {
		p := &python{search: startFake(t, kind), d: Description{Name: "fake"}}
		_, err := p.Search(0, 1, 2, Effort{})
		if err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 4000 {
			t.Errorf("%s: error %v, want one with %q", kind, err, want)
		}
	}
}

// The two sides of the protocol name the same libraries and operations.
func TestWorkerSource(t *testing.T) {
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^    "(\w+)": \(\w+, "[\w.]+", "([\w-]+)"\),$`).FindAllStringSubmatch(workerSource, -1) {
		names = append(names, m[1]+" "+m[2])
	}
	var want []string
	for _, l := range libraries {
		want = append(want, l.name+" "+l.distribution)
		if !strings.Contains(constraints, "\n"+l.distribution+"==") {
			t.Errorf("no version of %s is pinned", l.distribution)
		}
	}
	if !slices.Equal(names, want) {
		t.Errorf("worker.py has %q, library.go %q", names, want)
	}
	for _, op := range []string{"hello", "build", "load", "grown", "run", "empty"} {
		if !strings.Contains(workerSource, "\ndef "+op+"(") {
			t.Errorf("worker.py does not know %s", op)
		}
	}
}
