package peers

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/annoy-go/annoy/internal/atomicfile"
)

// cache keeps the peers' indexes in a folder, since a graph of a million vectors takes minutes to build. Each has a
// folder of its own: the index, and entry.json, which is written last, so that a build that was interrupted counts for nothing.
// Two comparisons at a time may not share it.
type cache struct {
	dir     string // "": none
	rebuild bool
}

// entry says which index it is, and what building it took.
type entry struct {
	Library    string         `json:"library"`
	Version    string         `json:"version"`
	Metric     string         `json:"metric"`
	Parameters map[string]any `json:"parameters"`
	Base       string         `json:"base"` // SHA-256 of the file of vectors
	Rows       int            `json:"rows"`
	Cost       BuildCost      `json:"cost,omitzero"`
}

const entryName = "entry.json"

// get is the cost of a peer's index, from the cache or from build; where there is a cache, the peer's path is in it.
func (c cache) get(p *python, s *Set, build func() (BuildCost, error)) (BuildCost, error) {
	if c.dir == "" {
		return build()
	}
	base, err := s.sum()
	if err != nil {
		return BuildCost{}, err
	}
	e := entry{Library: p.d.Library, Version: p.d.Version, Metric: p.metric, Parameters: p.d.Parameters, Base: base, Rows: s.rows}
	folder, err := c.folder(&e)
	if err != nil {
		return BuildCost{}, err
	}
	p.path = filepath.Join(folder, "index")
	if !c.rebuild {
		if kept, err := readEntry(folder); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return kept.Cost, err
		}
	}
	if err := os.RemoveAll(folder); err != nil {
		return BuildCost{}, fmt.Errorf("annoy: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return BuildCost{}, fmt.Errorf("annoy: %w", err)
	}
	cost, err := build()
	if err != nil {
		return cost, err
	}
	e.Cost = cost
	e.Cost.Built = time.Now().UTC().Truncate(time.Second)
	data, err := json.MarshalIndent(&e, "", "  ")
	if err != nil {
		return cost, err
	}
	return cost, atomicfile.WriteFile(filepath.Join(folder, entryName), append(data, '\n'))
}

// folder is an absolute path, for ScaNN writes into its index where that lies. Its name is made of all that the index depends on.
func (c cache) folder(e *entry) (string, error) {
	key, err := json.Marshal(e) // of a map by rising name
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(key)
	folder, err := filepath.Abs(filepath.Join(c.dir, fmt.Sprintf("%s-%d-%s", e.Library, e.Rows, hex.EncodeToString(sum[:8]))))
	if err != nil {
		return "", fmt.Errorf("annoy: %w", err)
	}
	return folder, nil
}

func readEntry(folder string) (e entry, err error) {
	data, err := os.ReadFile(filepath.Join(folder, entryName))
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return e, fmt.Errorf("annoy: %s: %w", filepath.Join(folder, entryName), err)
	}
	return e, nil
}

// sum is the SHA-256 of the file that NumPy reads the base from.
func (s *Set) sum() (string, error) {
	if s.baseSum != "" {
		return s.baseSum, nil
	}
	f, err := os.Open(s.npyBase)
	if err != nil {
		return "", fmt.Errorf("annoy: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("annoy: %w", err)
	}
	s.baseSum = hex.EncodeToString(h.Sum(nil))
	return s.baseSum, nil
}
