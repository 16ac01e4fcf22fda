package canopy

// Metric says how far apart two vectors are. The values are those of the library's public type, and of the file.
type Metric uint8

// The metrics.
const (
	Angular Metric = iota + 1
	Euclidean
	Manhattan
	Dot
	Hamming
	Cosine
)
