package canopy

// Vectors are what an index is built of, in order of arrival. They are read several times, in ascending order but for
// bounded samples, from several goroutines at once.
type Vectors interface {
	// Len is how many there are.
	Len() int
	// Dim is the number of components of each.
	Dim() int
	// Row returns the components of vector i, 0 ≤ i < Len, all finite, for Hamming zeros and ones. buf has room for Dim components: the answer may
	// lie in it or elsewhere, is not changed by the caller, and is valid until buf is used again.
	Row(i int, buf []float32) []float32
	// ID is the caller's number of vector i. No two are equal.
	ID(i int) int64
}
