package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/annoy-go/annoy/eval/peers"
)

func report(all ...peers.Description) *peers.Report {
	r := &peers.Report{Version: "v", Go: "go"}
	for _, d := range all {
		r.Peers = append(r.Peers, peers.PeerReport{Description: d})
	}
	return r
}

// An index that is in one set only, or has other parameters in another, is on the page with its version.
func TestCollect(t *testing.T) {
	graph := peers.Description{Name: "graph", Library: "graph", Version: "1", Parameters: map[string]any{"M": 16}}
	lists := func(n int) peers.Description {
		return peers.Description{Name: "lists", Library: "lists", Version: "2", Parameters: map[string]any{"size": n, "codes": 4}}
	}
	other := peers.Description{Name: "other", Library: "other", Version: "3"}
	a, b := report(graph, lists(10)), report(graph, lists(20), other)
	all := collect(collect(nil, "A", a), "B", b)
	want := []struct{ name, parameters, sets string }{
		{"graph", "M 16", "A; B"}, {"lists", "codes 4, size 10", "A"}, {"lists", "codes 4, size 20", "B"}, {"other", "", "B"},
	}
	if len(all) != len(want) {
		t.Fatalf("%d rows, want %d", len(all), len(want))
	}
	for i, w := range want {
		if got := all[i]; got.Name != w.name || got.ParameterText() != w.parameters || got.SetText() != w.sets {
			t.Errorf("row %d: %s, %q, %q, want %+v", i, got.Name, got.ParameterText(), got.SetText(), w)
		}
	}
	got := versions([]section{{Report: a}, {Report: b}})
	if got != "ours v, go, graph 1, lists 2, other 3" {
		t.Errorf("versions %q", got)
	}
}

// The part of another program stays; its place is in the template.
func TestKeep(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	if got, err := keep(page, source); err != nil || got != source {
		t.Errorf("no page yet: %v", err)
	}
	const part = "<!-- begin canopy -->\nfigures\n<!-- end canopy -->\n"
	const python = "<!-- begin python -->\nratios\n<!-- end python -->\n"
	for old, want := range map[string]string{
		"stale\n" + part + "stale\n": part, "stale page": "<!-- begin canopy -->\n<!-- end canopy -->\n", part + python: python,
	} {
		if err := os.WriteFile(page, []byte(old), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := keep(page, source); err != nil || !strings.Contains(got, want) || strings.Contains(got, "stale") {
			t.Errorf("%q: %v", old, err)
		}
	}
}
