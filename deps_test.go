//go:build !js && !wasip1

package annoy_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/annoy-go/annoy"

// layers is the direction of dependencies: a package may import those of its own layer, which Go keeps from being
// circular, and of the layers above it in this list, none below. A name stands for the package and all within it. Internal packages
// that are not named are of the first layer.
var layers = [][]string{
	{"internal"},
	{"internal/forest", "internal/annfile", "internal/canopy", "internal/calibrate"},
	{"."},
	{"catalog", "eval", "vecio"},
	{"server"},
	{"cmd", "bench", "examples", "interchange", "python"},
}

// forbidden is what packages must not reach, neither themselves nor through what they import, and why.
var forbidden = []struct{ from, to, why string }{
	{"internal/forest", "internal/mmap", "the forest knows nothing of files"},
	{"internal/forest", "internal/atomicfile", "the forest knows nothing of files"},
	{"internal/forest", "internal/sidecar", "the forest knows nothing of files"},
	{"internal/annfile", "internal/mmap", "layouts are of bytes, wherever they lie"},
	{"internal/annfile", "internal/atomicfile", "layouts are of bytes, wherever they lie"},
	{"internal/annfile", "internal/kernel", "layouts do not compute distances"},
}

// pkg is what `go list` tells.
type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
	CgoFiles   []string
}

// packages is the module's packages and all that they link, listed once and without network.
var packages = sync.OnceValues(func() (map[string]*pkg, error) { return goList("./...") })

func goList(args ...string) (map[string]*pkg, error) {
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json=ImportPath,Standard,Imports,Deps,CgoFiles"}, args...)...)
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOOS=", "GOARCH=", "CGO_ENABLED=1")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return nil, errors.New("go list: " + string(exit.Stderr))
		}
		return nil, err
	}
	all := map[string]*pkg{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		p := new(pkg)
		if err := d.Decode(p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all[p.ImportPath] = p
	}
}

func listPackages(t *testing.T) map[string]*pkg {
	t.Helper()
	all, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	if all[module] == nil || all[module+"/internal/forest"] == nil {
		t.Fatalf("go list names %d packages, the library is not among them", len(all))
	}
	return all
}

// local is a package's path within the module: "." for the root, ok false for one that is not of the module.
func local(path string) (name string, ok bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

func within(name, folder string) bool { return name == folder || strings.HasPrefix(name, folder+"/") }

// layer is the index in layers of the longest name that a package is within, −1 for none.
func layer(name string) int {
	found, longest := -1, -1
	for i, names := range layers {
		for _, n := range names {
			if within(name, n) && len(n) > longest {
				found, longest = i, len(n)
			}
		}
	}
	return found
}

func TestDependenciesPointInward(t *testing.T) {
	for path, p := range listPackages(t) {
		from, ok := local(path)
		if !ok {
			continue
		}
		if within(from, "client") { // the client stands alone
			for _, imported := range p.Imports {
				if name, ok := local(imported); ok && !within(name, "client") {
					t.Errorf("%s imports %s: the client stands alone", from, name)
				}
			}
			continue
		}
		if layer(from) < 0 {
			t.Errorf("%s belongs to no layer of the design: put it where it belongs, or name it in layers", from)
			continue
		}
		for _, imported := range p.Imports {
			to, ok := local(imported)
			if !ok {
				continue
			}
			if layer(to) > layer(from) || within(to, "client") {
				t.Errorf("%s imports %s, which is further out", from, to)
			}
			// If the server needs more than the public face, that is missing something.
			if within(from, "server") && layer(to) == layer("internal/forest") {
				t.Errorf("%s imports %s: the server reaches indexes through the public API only", from, to)
			}
		}
	}
}

func TestDependenciesForbidden(t *testing.T) {
	all := listPackages(t)
	for _, rule := range forbidden {
		p := all[module+"/"+rule.from]
		if p == nil {
			t.Errorf("there is no package %s: take its rule away", rule.from)
		} else if slices.Contains(p.Deps, module+"/"+rule.to) {
			t.Errorf("%s links %s: %s", rule.from, rule.to, rule.why)
		}
	}
}

// The library proper (the root, internal, and vecio but for what is set apart in it) links the standard library,
// golang.org/x/sys and the roaring bitmaps with what those need, nothing else. No cgo, in no package that is built
// without the tag clib.
func TestDependenciesOfTheLibrary(t *testing.T) {
	const roaring = "github.com/RoaringBitmap/roaring/v2"
	all := listPackages(t)
	allowed := map[string]bool{}
	for path, p := range all {
		if path == roaring || strings.HasPrefix(path, roaring+"/") {
			allowed[path] = true
			for _, d := range p.Deps {
				allowed[d] = true
			}
		}
	}
	for path, p := range all {
		from, ok := local(path)
		if !ok {
			continue
		}
		if len(p.CgoFiles) > 0 || slices.Contains(p.Imports, "C") {
			t.Errorf("%s uses cgo", from)
		}
		if from != "." && !within(from, "internal") && from != "vecio" {
			continue
		}
		for _, d := range p.Deps {
			q := all[d]
			if _, ours := local(d); ours || q == nil || q.Standard || strings.HasPrefix(d, "golang.org/x/sys/") || allowed[d] {
				continue
			}
			t.Errorf("%s links %s", from, d)
		}
	}
}

// The library behind the Python module is the one package with cgo, which the tag clib asks for. It reaches indexes through
// the public face, and links what the library links.
func TestDependenciesOfThePythonModule(t *testing.T) {
	const clib, roaring = "python/clib", "github.com/RoaringBitmap/roaring/v2"
	usual := listPackages(t)
	if usual[module+"/"+clib] != nil {
		t.Errorf("%s is built without the tag clib", clib)
	}
	all, err := goList("-tags", "clib", "./...")
	if err != nil {
		t.Fatal(err)
	}
	p := all[module+"/"+clib]
	if p == nil {
		t.Fatalf("there is no package %s", clib)
	}
	for path, q := range all {
		if from, ok := local(path); ok && from != clib && len(q.CgoFiles) > 0 {
			t.Errorf("%s uses cgo", from)
		}
	}
	if len(p.CgoFiles) == 0 {
		t.Errorf("%s uses no cgo: is it still what Python calls?", clib)
	}
	library := usual[module].Deps
	for _, imported := range p.Imports {
		// The rule of recall is one for all who measure it, and what a forked child inherits is no public API.
		if name, ok := local(imported); ok && name != "." && name != "internal/exact" && name != "internal/inherit" {
			t.Errorf("%s imports %s: it reaches indexes through the public API only", clib, name)
		}
		q := all[imported] // nil: "C"
		if q != nil && imported != module && !q.Standard && !slices.Contains(library, imported) && !strings.HasPrefix(imported, roaring) {
			t.Errorf("%s links %s", clib, imported)
		}
	}
}
