package hostile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/annoy-go/annoy"
)

// Environment of TestMutatedCanopies. The seed and the first case replay what a run reports; marks is for the subprocess alone.
const (
	mutationSeed  = "ANNOY_TEST_SEED"
	mutationCase  = "ANNOY_TEST_CASE"
	mutationMarks = "ANNOY_TEST_MARKS"
)

// mutations is how many files a run makes.
const mutations = 20_000

// TestMutatedCanopies changes files as a hostile author would: the checksums fit. Whatever is asked gives a documented error or
// a valid answer. The cases run in a process of their own, with limits of CPU time and memory; it notes each case before it begins.
func TestMutatedCanopies(t *testing.T) {
	if marks := os.Getenv(mutationMarks); marks != "" {
		mutate(t, marks)
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	marks := filepath.Join(t.TempDir(), "case")
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^TestMutatedCanopies$", "-test.v")
	cmd.Env = append(os.Environ(), mutationMarks+"="+marks)
	out, err := cmd.CombinedOutput()
	if err != nil {
		if len(out) > 8000 {
			out = slices.Concat(out[:4000], []byte("\n...\n"), out[len(out)-4000:])
		}
		last, _ := os.ReadFile(marks)
		t.Fatalf("%v; the last case was %s. Replay with %s=%d %s=%s go test -run '^%s$' ./internal/hostile\n%s", err, last, mutationSeed, seedOf(t), mutationCase, last, t.Name(), out)
	}
}

func seedOf(t *testing.T) uint64 {
	t.Helper()
	s := os.Getenv(mutationSeed)
	if s == "" {
		return 11
	}
	seed, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return seed
}

// subject is a sound file to be changed.
type subject struct {
	what string
	data []byte
}

// subjects has files of every metric, shape and type of rows, with and without keys, metadata, calibration and gaps
// between the ids.
func subjects(t *testing.T) (all []subject) {
	t.Helper()
	for m := annoy.Angular; m <= annoy.Cosine; m++ {
		for _, shape := range []annoy.Shape{annoy.One4, annoy.One8, annoy.Two8} {
			for rows := annoy.RowsFloat32; rows <= annoy.RowsUint8; rows++ {
				s := subjectOf(t, m, len(all), &annoy.BuildOptions{Shape: shape, Rows: rows, Workers: 1, Calibrate: -1})
				all = append(all, s)
			}
		}
	}
	return append(all, subjectWithAxes(t, annoy.Angular), subjectWithAxes(t, annoy.Euclidean))
}

// subjectWithAxes has tree and codes along axes, which are looked for in more than a thousand vectors.
func subjectWithAxes(t *testing.T, m annoy.Metric) subject {
	t.Helper()
	const n, dim, latent = 1100, 64, 4
	rng := rand.New(rand.NewPCG(uint64(m), 2))
	directions := make([][]float32, latent)
	for i := range directions {
		directions[i] = gauss(rng, dim, 1)
	}
	b, err := annoy.NewBuilder(dim, m, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for id := range n {
		v := gauss(rng, dim, 0.01)
		for _, direction := range directions {
			x := float32(rng.NormFloat64())
			for c := range v {
				v[c] += x * direction[c]
			}
		}
		if err := b.Add(id, v); err != nil {
			t.Fatal(err)
		}
	}
	ix, err := b.Build(t.Context(), &annoy.BuildOptions{Shape: annoy.One8, Rows: annoy.RowsInt8, Workers: 1, Calibrate: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	if s, err := ix.Stats(); err != nil || s.Canopy.Axes == 0 {
		t.Fatalf("an index without axes: %v", err)
	}
	return subject{fmt.Sprint(m, " with axes"), bytesOf(t, ix)}
}

// subjectOf is the i-th file.
func subjectOf(t *testing.T, m annoy.Metric, i int, o *annoy.BuildOptions) subject {
	t.Helper()
	n := 200
	if i%6 == 0 {
		n = 1100 // codes are scanned
	}
	rng := rand.New(rand.NewPCG(uint64(i), 1))
	dim, wide := 6+i%5, i%3 == 0
	if wide {
		dim = 48
	}
	b, err := annoy.NewBuilder(dim, m, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for j := range n {
		v := make([]float32, dim)
		hidden := gauss(rng, 3, 20)
		for c := range v {
			switch {
			case m == annoy.Hamming:
				v[c] = float32(rng.IntN(2))
			case wide:
				v[c] = min(127, max(0, float32(math.Round(60+float64(hidden[c%3])))))
			default:
				v[c] = float32(rng.IntN(128))
			}
		}
		if i%2 == 0 {
			err = b.AddKey(fmt.Sprintf("key-%d", j*j), v)
		} else {
			err = b.Add(j*(1+i%4*1000), v)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if i%4 < 2 {
		o.Metadata = []byte("about this file")
	}
	if i%5 == 0 {
		o.Calibrate = 20
	}
	ix, err := b.Build(t.Context(), o)
	if err != nil {
		t.Fatalf("%v %v %v: %v", m, o.Shape, o.Rows, err)
	}
	defer ix.Close()
	return subject{fmt.Sprintf("%v %v %v", m, o.Shape, o.Rows), bytesOf(t, ix)}
}

// mutate runs the cases.
func mutate(t *testing.T, marks string) {
	limitMemory(t)
	seed, first, last := seedOf(t), 0, mutations
	if raceEnabled { // which takes ten times as long, and looks for something else
		last /= 16
	}
	if s := os.Getenv(mutationCase); s != "" {
		var err error
		if first, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
		last = first + 1
	}
	all := subjects(t)
	mark, err := os.Create(marks)
	if err != nil {
		t.Fatal(err)
	}
	defer mark.Close()
	c := mutant{T: t, seed: seed, dir: t.TempDir()}
	for c.number = first; c.number < last && !t.Failed(); c.number++ {
		if _, err := mark.WriteAt(fmt.Appendf(nil, "%d", c.number), 0); err != nil {
			t.Fatal(err)
		}
		limitTime(t)
		c.rng = rand.New(rand.NewPCG(seed, uint64(c.number)))
		s := all[c.number%len(all)]
		c.file = s.what
		data := aligned(slices.Clone(s.data))
		for range 1 + c.rng.IntN(3) {
			c.change(data)
		}
		reseal(data)
		c.ask(data)
	}
	t.Logf("%d files opened, %d are sound, of %d", c.opened, c.sound, last-first)
	if last-first == mutations && (c.opened < mutations/3 || c.sound < mutations/100 || c.sound == c.opened) {
		t.Error("too few cases prove anything")
	}
}

// mutant is a changed file and what is found out about it.
type mutant struct {
	*testing.T
	seed          uint64
	number        int
	file          string
	dir           string
	rng           *rand.Rand
	opened, sound int
}

func (c *mutant) fail(format string, args ...any) {
	c.Helper()
	c.Errorf("seed %d, case %d, %s: %s", c.seed, c.number, c.file, fmt.Sprintf(format, args...))
}

// ok tells whether there is no error; one must be of those that are documented.
func (c *mutant) ok(what string, err error, allowed ...error) bool {
	c.Helper()
	for _, e := range append(allowed, annoy.ErrCorrupt, annoy.ErrVersion) {
		if errors.Is(err, e) {
			return false
		}
	}
	if err != nil {
		c.fail("%s: %v", what, err)
	}
	return err == nil
}

// change does one thing to a section, or once in 12 to the header or the table of sections.
func (c *mutant) change(data []byte) {
	le := binary.LittleEndian
	header := data[:le.Uint32(data[12:])]
	b := header[16:]
	if c.rng.IntN(12) > 0 {
		var filled [][]byte
		for e := header[256:]; len(e) >= 32; e = e[32:] {
			at, n := le.Uint64(e[8:]), le.Uint64(e[16:])
			if n > 0 && at <= uint64(len(data)) && n <= uint64(len(data))-at {
				filled = append(filled, data[at:][:n])
			}
		}
		if len(filled) > 0 {
			b = filled[c.rng.IntN(len(filled))]
		}
	}
	width := min(1<<c.rng.IntN(4), 1<<(31-leadingZeros(len(b))))
	at, other := c.rng.IntN(len(b)/width)*width, c.rng.IntN(len(b)/width)*width
	if c.rng.IntN(4) == 0 {
		at = len(b)/width*width - width // the end is where things go wrong
	}
	word := b[at : at+width]
	switch c.rng.IntN(5) {
	case 0:
		word[c.rng.IntN(width)] ^= 1 << c.rng.IntN(8)
	case 1:
		for i := range word {
			word[i], b[other+i] = b[other+i], word[i]
		}
	case 2:
		copy(word, b[other:other+width])
	case 3:
		var x [8]byte
		copy(x[:], word)
		le.PutUint64(x[:], le.Uint64(x[:])+uint64(c.rng.IntN(2)*2-1))
		copy(word, x[:])
	default:
		c.extreme(word)
	}
}

func leadingZeros(n int) int {
	zeros := 31
	for ; n > 1; n >>= 1 {
		zeros--
	}
	return zeros
}

// extreme sets a word to a value at the limit of a number type.
func (c *mutant) extreme(word []byte) {
	le := binary.LittleEndian
	switch len(word) {
	case 4:
		values := []uint32{0, 1, math.MaxUint32, math.MaxUint32 - 1, math.MaxInt32, 1 << 31}
		for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat32, -math.MaxFloat32, 3e38, 1e-45, 1e20, -1} {
			values = append(values, math.Float32bits(float32(x)))
		}
		le.PutUint32(word, values[c.rng.IntN(len(values))])
	case 8:
		values := []uint64{0, 1, math.MaxUint64, math.MaxUint64 - 63, math.MaxInt64, 1 << 63, 1 << 32}
		for _, x := range []float64{math.NaN(), math.Inf(1), math.MaxFloat64, -1} {
			values = append(values, math.Float64bits(x))
		}
		le.PutUint64(word, values[c.rng.IntN(len(values))])
	case 2:
		values := []uint16{0, 1, math.MaxUint16, math.MaxInt16, 1 << 15, 0x7c00, 0x7e00, 0x7f80, 0xff80, 0x7bff}
		le.PutUint16(word, values[c.rng.IntN(len(values))])
	default:
		word[0] = []byte{0, 1, 0x7f, 0x80, 0xfe, 0xff}[c.rng.IntN(6)]
	}
}

// reseal makes the checksums of all sections, and of the header, fit.
func reseal(data []byte) {
	le, castagnoli := binary.LittleEndian, crc32.MakeTable(crc32.Castagnoli)
	n := le.Uint32(data[12:])
	if n < 256 || uint64(n) > uint64(len(data)) {
		return
	}
	header := data[:n]
	for e := header[256:]; len(e) >= 32; e = e[32:] {
		at, n := le.Uint64(e[8:]), le.Uint64(e[16:])
		if at <= uint64(len(data)) && n <= uint64(len(data))-at {
			le.PutUint32(e[24:], crc32.Checksum(data[at:][:n], castagnoli))
		}
	}
	le.PutUint32(header[28:], 0)
	le.PutUint32(header[28:], crc32.Checksum(header, castagnoli))
}

// open opens half of the files by Load, the others each way in turn.
func (c *mutant) open(data []byte) (*annoy.Index, error) {
	ways := []*annoy.OpenOptions{{}, {Advice: annoy.AdviceRandom}, {Access: annoy.AccessResident}, {Access: annoy.AccessCold}}
	way := c.rng.IntN(2 * len(ways))
	if way >= len(ways) {
		return annoy.Load(data, nil)
	}
	path := filepath.Join(c.dir, "x.canopy")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		c.Fatal(err)
	}
	return annoy.Open(path, ways[way])
}

// ask asks all that an index answers.
func (c *mutant) ask(data []byte) {
	ix, err := c.open(data)
	if !c.ok("open", err, annoy.ErrNeedDimMetric) { // the magic may be gone
		return
	}
	defer ix.Close()
	c.opened++
	sound := c.ok("verify", ix.Verify(c.Context()))
	if sound {
		c.sound++
	}
	done := func(what string, err error, allowed ...error) bool {
		good := c.ok(what, err, allowed...)
		if sound && err != nil && !slices.ContainsFunc(allowed, func(e error) bool { return errors.Is(err, e) }) {
			c.fail("the file is sound: %s: %v", what, err)
		}
		return good
	}
	var ids []int64
	for item, err := range ix.All() {
		if !done("all", err) {
			break
		}
		if len(item.Vector) != ix.Dim() {
			c.fail("All: %d components", len(item.Vector))
		}
		ids = append(ids, item.ID)
		if len(ids) > ix.Len() {
			c.fail("All yields more than %d items", ix.Len())
			return
		}
	}
	if sound && len(ids) == 0 {
		c.fail("the file is sound: All yields nothing")
	}
	if len(ids) == 0 {
		ids = append(ids, 1)
	}
	_, err = ix.Stats()
	done("stats", err)
	_, err = ix.Metadata()
	done("metadata", err)
	for range 3 {
		id, other := ids[c.rng.IntN(len(ids))], ids[c.rng.IntN(len(ids))]
		_, err := ix.Vector(id)
		done("vector", err, annoy.ErrNotFound)
		d, err := ix.Distance(id, other)
		if done("distance", err, annoy.ErrNotFound) && sound && math.IsNaN(float64(d)) {
			c.fail("the file is sound: distance %v of %d and %d", d, id, other)
		}
		key, err := ix.Key(id)
		if done("key", err, annoy.ErrNotFound) && key != "" {
			if found, err := ix.Lookup(key); done("lookup", err, annoy.ErrNotFound) && sound && found != id {
				c.fail("the file is sound: key %q of %d is found at %d", key, id, found)
			}
		}
		c.searches(ix, id, sound, done)
	}
	if c.number%8 == 0 {
		done("save", ix.Save(filepath.Join(c.dir, "y.canopy")))
	} else {
		_, err = ix.WriteTo(io.Discard)
		done("write", err)
	}
}

// searches asks for the neighbours of an item in several ways.
func (c *mutant) searches(ix *annoy.Index, id int64, sound bool, done func(string, error, ...error) bool) {
	q := gauss(c.rng, ix.Dim(), 40)
	even := filterFunc(func(id int64) bool { return id%2 == 0 })
	k := []int{1, 10, 1000}[c.rng.IntN(3)]
	for _, o := range []*annoy.SearchOptions{nil, {SearchK: 1 + c.rng.IntN(400)}, {Exact: true}, {SearchK: 50, Filter: even}, {Exact: true, Filter: even, Exclude: []int64{id}}, {Recall: 0.9}} {
		if c.rng.IntN(2) == 0 {
			continue
		}
		hits, err := ix.Search(q, k, o)
		if done("search", err, annoy.ErrNotCalibrated) {
			c.valid(ix, hits, k, o, sound)
		}
		hits, err = ix.SearchByID(id, k, o)
		if !done("search by id", err, annoy.ErrNotFound, annoy.ErrNotCalibrated) {
			continue
		}
		c.valid(ix, hits, k, o, sound)
		if sound && o != nil && o.Exact && o.Filter == nil && ix.Metric() != annoy.Dot && (len(hits) == 0 || hits[0].Distance > 1e-5) {
			c.fail("the file is sound: the nearest to %d is %v", id, hits[:min(1, len(hits))])
		}
	}
}

// valid checks what holds of any answer and, if the file is sound, what holds of a right one.
func (c *mutant) valid(ix *annoy.Index, hits []annoy.Neighbor, k int, o *annoy.SearchOptions, sound bool) {
	if len(hits) > min(k, ix.Len()) {
		c.fail("%d hits, of %d asked for", len(hits), k)
	}
	for i, h := range hits {
		if o != nil && o.Filter != nil && !o.Filter.Contains(h.ID) {
			c.fail("hit %d is not in the filter", h.ID)
		}
		if _, err := ix.Vector(h.ID); err != nil && sound {
			c.fail("the file is sound: hit %d: %v", h.ID, err)
		}
		if d := float64(h.Distance); sound && (math.IsNaN(d) || math.IsInf(d, 0) || i > 0 && nearer(ix.Metric(), h, hits[i-1])) {
			c.fail("the file is sound: hit %d is %v after %v", i, h, hits[max(0, i-1)])
		}
	}
}
