package annoy

import "github.com/annoy-go/annoy/internal/mmap"

// Access is how an opened index reads its file.
type Access uint8

const (
	// AccessMapped maps the file: nothing is read before it is needed, and processes share what is.
	AccessMapped Access = iota
	// AccessResident copies the file into memory of the process, on huge pages where the system has them. Searches are
	// some per cent faster than mapped where the system maps files in small pages, and no faster elsewhere; opening takes as
	// long as reading the file, and processes share nothing.
	AccessResident
	// AccessCold is for a canopy that is larger than memory: the file is mapped, but the vectors that a search measures,
	// 800 + 20k at most, are read by bounded calls rather than a page fault at a time, and all that a search reads is asked for
	// before the first of it is waited for (on Linux). Open asks for all but the vectors. With a quarter of the file as memory
	// this answered 3 to 6 times as many queries as a mapping with AdviceRandom, 35 to 120 times as many as one without; in
	// memory it is several times slower than mapped. Recall is that which is asked for, but where more vectors are near than
	// may be read.
	AccessCold
)

var accessWords = []string{AccessMapped: "mapped", AccessResident: "resident", AccessCold: "cold"}

// String is "mapped", "resident" or "cold".
func (a Access) String() string { return word(accessWords, a, "Access") }

// MarshalText is String.
func (a Access) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText takes what String gives; anything else is ErrOption.
func (a *Access) UnmarshalText(b []byte) error { return setWord(a, accessWords, b, "access") }

// Advice tells the system how a mapped file will be read.
type Advice uint8

// The advices; systems without them ignore them.
const (
	AdviceNormal     = Advice(mmap.Normal)     // the system's default read-ahead
	AdviceRandom     = Advice(mmap.Random)     // no read-ahead: for files much larger than memory
	AdviceSequential = Advice(mmap.Sequential) // much read-ahead: for one pass over the items
	AdviceWillNeed   = Advice(mmap.WillNeed)   // start reading all of it in the background
)
