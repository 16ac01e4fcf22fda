package annoy

import (
	"fmt"
	"strings"

	"github.com/annoy-go/annoy/internal/annfile"
)

// Metric says how far apart two vectors are.
type Metric uint8

// The metrics. The first five are Annoy's, with Annoy's distances.
const (
	// Angular is the Euclidean distance of the normalised vectors, sqrt(2 − 2cos),
	// 0 to 2; √2 where either vector is zero.
	Angular Metric = iota + 1
	// Euclidean is the root of the summed squares of the differences; +Inf where that sum overflows float32, beyond 1.8e19.
	Euclidean
	// Manhattan is the sum of the absolute differences; +Inf where it overflows float32, beyond 3.4e38.
	Manhattan
	// Dot is the inner product: larger is nearer, and Neighbor.Distance is the product itself.
	Dot
	// Hamming is the number of components that differ, each taken as the bit "greater than 0.5".
	Hamming
	// Cosine is 1 − cos, 0 to 2: the order of Angular, whose files it shares.
	Cosine
)

var metricNames = [...]string{Angular: "angular", Euclidean: "euclidean", Manhattan: "manhattan", Dot: "dot", Hamming: "hamming", Cosine: "cosine"}

// String is the metric's lower-case name.
func (m Metric) String() string {
	if m.valid() {
		return metricNames[m]
	}
	return fmt.Sprintf("Metric(%d)", uint8(m))
}

func (m Metric) valid() bool { return m >= Angular && m <= Cosine }

// metricAliases are names that other libraries give the metrics. Faiss, hnswlib and usearch report the squared distance as l2; here
// a Euclidean distance is never squared.
var metricAliases = []struct {
	name   string
	metric Metric
}{{"l2", Euclidean}, {"l1", Manhattan}, {"cityblock", Manhattan}, {"ip", Dot}, {"inner_product", Dot}, {"cos", Cosine}}

// ParseMetric is the metric of a name: angular, euclidean, manhattan, dot, hamming or cosine, in any case. Other libraries' names
// are taken too: l2, l1 and cityblock, ip and inner_product, cos. Any other name is ErrOption, which lists the names.
func ParseMetric(name string) (Metric, error) {
	for m := Angular; m <= Cosine; m++ {
		if strings.EqualFold(name, metricNames[m]) {
			return m, nil
		}
	}
	aliases := make([]string, len(metricAliases))
	for i, a := range metricAliases {
		if strings.EqualFold(name, a.name) {
			return a.metric, nil
		}
		aliases[i] = a.name
	}
	return 0, optionError("metric %q, want one of %s (or %s)", name, strings.Join(metricNames[Angular:], ", "), strings.Join(aliases, ", "))
}

// MarshalText is String; an invalid metric is ErrOption.
func (m Metric) MarshalText() ([]byte, error) {
	if !m.valid() {
		return nil, optionError("metric %d does not exist", uint8(m))
	}
	return []byte(m.String()), nil
}

// UnmarshalText is ParseMetric.
func (m *Metric) UnmarshalText(b []byte) (err error) {
	*m, err = ParseMetric(string(b))
	return err
}

// stored is the metric of the file that holds vectors of this one.
func (m Metric) stored() annfile.Metric {
	switch m {
	case Angular, Cosine:
		return annfile.Angular
	case Euclidean:
		return annfile.Euclidean
	case Manhattan:
		return annfile.Manhattan
	case Dot:
		return annfile.Dot
	case Hamming:
		return annfile.Hamming
	}
	return 0
}

// DotDialect is one of the two layouts of dot files. Both are read; other metrics have only one.
type DotDialect uint8

const (
	// DotReleased is what Annoy 1.0 to 1.17.3 read and write.
	DotReleased DotDialect = iota
	// DotMain is the 24-byte node header of Annoy's unreleased main branch.
	DotMain
)

// String is "released" or "main".
func (d DotDialect) String() string {
	switch d {
	case DotReleased:
		return "released"
	case DotMain:
		return "main"
	}
	return fmt.Sprintf("DotDialect(%d)", uint8(d))
}

// MarshalText is String.
func (d DotDialect) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText takes "released" or "main"; anything else is ErrOption.
func (d *DotDialect) UnmarshalText(b []byte) error {
	switch string(b) {
	case "released":
		*d = DotReleased
	case "main":
		*d = DotMain
	default:
		return optionError("dot dialect %q, want released or main", b)
	}
	return nil
}

func (d DotDialect) stored() annfile.Dialect {
	if d == DotMain {
		return annfile.Main
	}
	return annfile.Released
}
